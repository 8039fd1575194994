"""Distributions of when skills come, in steps: the views of a run mixed by their evidence, on grids of log10(step)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saltus._types import Floats
from saltus.forecast.time.masses import Masses, View
from saltus.statistics import powers_of_ten
from saltus.theory.protocols import Clock

_POINTS = 2049  # points of a grid of log10(step)
_LEAST = 1e-4  # least width of a grid, decades
_TINY = 1e-12  # probability of coming after now below which it comes at once


@dataclass(frozen=True)
class Arrivals:
    """Probability that each skill has come, by time.

    Attributes:
        log_time: grid of log10(time) of each skill, ascending, shape ``(n_skills, n)``.
        cdf: probability of having come by then, same shape; the last one is below 1 where a schedule ends.
        waiting: probability, by the other skills, of not having come by now, shape ``(n_skills,)``; 1 for those that
            have.
        by_growth: probability, by the other skills, of coming by the date that a skill's own growth shows, same shape;
            NaN for skills without such a date.
    """

    log_time: Floats
    cdf: Floats
    waiting: Floats
    by_growth: Floats

    def quantile(self, probability: float) -> Floats:
        """log10 of the time by which each skill has come with that probability; infinite where it never does."""
        return np.array([_quantile(at, cdf, probability) for at, cdf in zip(self.log_time, self.cdf, strict=True)])

    def probability_by(self, log_time: float) -> Floats:
        """Probability that each skill has come by a time, given by its log10."""
        return np.array(
            [np.interp(log_time, at, cdf, left=0.0) for at, cdf in zip(self.log_time, self.cdf, strict=True)]
        )


def _quantile(log_time: Floats, cdf: Floats, probability: float) -> float:
    if cdf[-1] < probability:
        return math.inf
    i = int(np.searchsorted(cdf, probability))
    if i == 0 or cdf[i] <= cdf[i - 1]:
        return float(log_time[i])
    share = (probability - cdf[i - 1]) / (cdf[i] - cdf[i - 1])
    return float(log_time[i - 1] + share * (log_time[i] - log_time[i - 1]))


def arrivals(views: Sequence[View], masses: Sequence[Sequence[Masses]], not_before: Floats) -> Arrivals:
    """Distributions over steps, the views mixed by their evidence.

    Args:
        views: clocks, at least one.
        masses: of every view and skill.
        not_before: log10 of the step by which each skill had not come; minus infinity where nothing is known.
    """
    end = min((_end(view.clock) for view in views if view.clock is not None), default=math.inf)
    found = [_mixed(views, [of_view[k] for of_view in masses], end, not_before[k]) for k in range(len(masses[0]))]
    grids, cdfs, waiting, by_growth = zip(*found, strict=True)
    return Arrivals(np.array(grids), np.array(cdfs), np.array(waiting), np.array(by_growth))


def _end(clock: Clock) -> float:
    """log10 of the step after which a clock stands still; infinity for one that goes on."""
    total = float(clock.flow_time(math.inf))
    return math.inf if math.isinf(total) else math.log10(float(clock.step(total * (1 - 1e-9))))


def _mixed(
    views: Sequence[View], masses: list[Masses], end: float, not_before: float
) -> tuple[Floats, Floats, float, float]:
    log_weight = np.array([math.log(view.weight) + one.log_total for view, one in zip(views, masses, strict=True)])
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    ends = [_in_steps(view.clock, one.log_time[[0, -1]]) for view, one in zip(views, masses, strict=True)]
    high = min(max(at[1] for at in ends), end)
    low = max(min(min(at[0] for at in ends), high - _LEAST), not_before)
    grid = np.linspace(low, max(high, low + _LEAST), _POINTS)
    cdf = np.zeros(_POINTS)
    for view, one, share in zip(views, masses, weight, strict=True):
        cdf += share * one.cdf(_in_its_time(view.clock, grid))
    if low == not_before:  # it has not come by now
        rest = 1 - cdf[0]
        cdf = (cdf - cdf[0]) / rest if rest > _TINY else np.linspace(0, 1, _POINTS)
    elif math.isinf(end):
        cdf[-1] = 1.0
    waiting, by_growth = (weight @ [getattr(one, name) for one in masses] for name in ("waiting", "by_growth"))
    return grid, cdf, float(waiting), float(by_growth)


def _in_steps(clock: Clock | None, log_time: Floats) -> Floats:
    if clock is None:
        return log_time
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(clock.step(powers_of_ten(log_time))))


def _in_its_time(clock: Clock | None, log_step: Floats) -> Floats:
    if clock is None:
        return log_step
    return np.asarray(np.log10(np.maximum(clock.flow_time(powers_of_ten(log_step)), np.finfo(float).tiny)))
