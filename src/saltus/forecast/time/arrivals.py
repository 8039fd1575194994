"""Predictive distributions of when skills come: mixtures over laws, and over clocks, on grids of log10(time)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import fftconvolve

from saltus._types import Floats
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.posterior import LawPosterior, Sightings, law_posterior, reference_of
from saltus.theory.protocols import Clock

_POINTS = 2049  # of a grid of log10(time)
_TAIL = 1e-6  # weight that a grid may leave out on either side
_SDS, _DELAYS = 8.0, 12.0  # reach of the scatter's tails: standard deviations, mean delays
_TAILS = 1.5  # rms error of a date by growth in standard deviations: its tails are wider than a normal law's
_NOISE = 1e-12  # share of the masses below which they are rounding errors of the convolution
_TINY = np.finfo(float).tiny


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


@dataclass(frozen=True)
class View:
    """A run as one clock shows it.

    Attributes:
        clock: of effective time; None for steps.
        weight: probability of this clock before skills are seen.
        seen: dates of the skills over it.
    """

    clock: Clock | None
    weight: float
    seen: Sightings


@dataclass(frozen=True)
class Masses:
    """Unnormalised predictive masses of one skill.

    Attributes:
        log_time: evenly spaced grid of log10(time), shape ``(n,)``.
        mass: same shape; sums compare laws and clocks.
        log_scale: logarithm of the factor that masses lack.
        waiting: share of the masses that the skill's absence up to now leaves.
        by_growth: share of the masses up to the date that the skill's own growth shows; NaN without one.
    """

    log_time: Floats
    mass: Floats
    log_scale: float
    waiting: float = 1.0
    by_growth: float = math.nan

    @property
    def log_total(self) -> float:
        """Logarithm of the sum."""
        return self.log_scale + math.log(max(float(self.mass.sum()), _TINY))

    def cdf(self, log_time: Floats) -> Floats:
        """Share of the mass up to each log10(time)."""
        total = float(self.mass.sum())
        if total <= 0:
            return np.where(log_time >= self.log_time[-1], 1.0, 0.0)
        step = self.log_time[1] - self.log_time[0]
        share = np.concatenate([[0.0], self.mass.cumsum() / total])
        edges = np.concatenate([[self.log_time[0] - step / 2], self.log_time + step / 2])
        return np.interp(log_time, edges, share)

    def shifted(self, by: float, sd: float) -> Masses:
        """The masses of a time that lies so many decades later, with a normal error."""
        step = self.log_time[1] - self.log_time[0]
        reach = int(np.ceil(_SDS * sd / step))
        if reach == 0:
            return replace(self, log_time=self.log_time + by)
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / sd) ** 2)
        mass = np.maximum(fftconvolve(self.mass, kernel / kernel.sum()), 0.0)
        grid = self.log_time[0] + by + step * (np.arange(len(mass)) - reach)
        return Masses(grid, mass, self.log_scale, self.waiting, self.by_growth)


def masses_in(view: View, recipe: Recipe, shift: Floats, shift_sd: Floats) -> list[Masses]:
    """Masses of every skill over a view's clock, each without its own date.

    Args:
        view: with at least one dated skill.
        recipe: laws of the run.
        shift, shift_sd: decades from half strength to the threshold, and their standard deviation, ``(n_skills,)``.
    """
    seen, reference = view.seen, reference_of(view.seen)
    assert reference is not None  # asked for dated runs alone
    posteriors, jacobian = _posteriors(recipe, seen, reference), _log_jacobian(view)
    found = []
    for k in range(len(seen.decades)):
        if k != reference or seen.growing[k]:
            one, of = _masses(posteriors, seen, k), reference
        else:
            one, of = _without_reference(recipe, seen, k)
        dated = [i for i in np.flatnonzero(seen.dated) if i not in (k, of)]
        one = replace(one, log_scale=one.log_scale + float(jacobian[dated].sum()))
        found.append(one if shift[k] == shift_sd[k] == 0 else one.shifted(float(shift[k]), float(shift_sd[k])))
    return found


def _posteriors(recipe: Recipe, seen: Sightings, reference: int) -> list[LawPosterior]:
    found = (law_posterior(law, seen, reference) for law in recipe.laws)
    return [one for one in found if one is not None]


def _without_reference(recipe: Recipe, seen: Sightings, k: int) -> tuple[Masses, int]:
    """Masses of the reference itself, by the other dates; by its own where there is no other."""
    other = reference_of(seen, without=k)
    if other is None:
        sd = max(float(seen.error[k]), 1e-4)
        grid = seen.log_time[k] + np.linspace(-_SDS, _SDS, _POINTS) * sd
        return Masses(grid, np.exp(-0.5 * ((grid - seen.log_time[k]) / sd) ** 2), 0.0), k
    blind = np.arange(len(seen.decades)) == k
    unseen = replace(
        seen,
        log_time=np.where(blind, np.nan, seen.log_time),
        error=np.where(blind, 0.0, seen.error),
    )
    return _masses(_posteriors(recipe, unseen, other), unseen, k), other


def _log_jacobian(view: View) -> Floats:
    """Logarithm of d log(time of the clock) / d log(step) at each date, to compare clocks; 0 without a date."""
    if view.clock is None:
        return np.zeros(len(view.seen.log_time))
    dated = view.seen.dated
    steps = view.clock.step(np.where(dated, 10.0 ** np.where(dated, view.seen.log_time, 0.0), 1.0))
    near = np.exp(1e-3)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.log(view.clock.flow_time(steps * near) / view.clock.flow_time(steps / near)) / 2e-3
    return np.where(dated & (slope > 0), np.log(np.maximum(slope, _TINY)), 0.0)


def _masses(posteriors: Sequence[LawPosterior], seen: Sightings, k: int) -> Masses:
    """Masses of one skill's log10(time), without its own date, but for the future that its curve shows."""
    log_weights = [one.log_weight_without(k) + np.log(one.law.weight) for one in posteriors]
    scale = max(float(one.max()) for one in log_weights)
    lines = [_lines(one, seen, k, log_weight - scale) for one, log_weight in zip(posteriors, log_weights, strict=True)]
    sds = [
        float(one.law.scatter.sd(seen.decades, seen.extra_sd(one.law, one.mean_gamma()[0]))[k]) for one in posteriors
    ]
    grid = _grid(posteriors, lines, sds, seen, k)
    mass, whole, waiting, by_growth = np.zeros(len(grid)), 0.0, 0.0, 0.0
    doubtful = _TAILS * float(seen.error[k])
    for (at, weight), posterior, sd in zip(lines, posteriors, sds, strict=True):
        scatter = posterior.law.scatter
        straggling = float(scatter.straggling(seen.samples[k : k + 1])[0])
        mass += _spread(at, weight, grid, posterior, sd, straggling)
        whole += float(weight.sum())
        if math.isfinite(seen.not_before[k]):
            waiting += float(weight @ np.exp(scatter.log_sf(seen.not_before[k] - at, sd, straggling)))
        if seen.growing[k]:
            by_growth += float(weight @ scatter.cdf(seen.log_time[k] - at, math.hypot(sd, doubtful), straggling))
    if seen.emerged[k]:
        return Masses(grid, mass, scale)
    own = _own(seen, k, grid)
    left = mass * own
    if seen.growing[k] and left.sum() <= _NOISE * whole:  # the law denies what the curve shows
        left = own * (_NOISE * whole / own.sum())
    return Masses(
        grid,
        left,
        scale,
        min(waiting / whole, 1.0) if math.isfinite(seen.not_before[k]) else 1.0,
        min(by_growth / whole, 1.0) if seen.growing[k] else math.nan,
    )


def _lines(posterior: LawPosterior, seen: Sightings, k: int, log_weight: Floats) -> tuple[Floats, Floats]:
    """Expected log10(time) of a skill at every point of the posterior, and the weights, flat."""
    at = posterior.start + (posterior.gamma * seen.decades[k])[:, None]
    weight = np.exp(log_weight).ravel()
    keep = weight > _TAIL * 1e-3
    return at.ravel()[keep], weight[keep]


def _grid(
    posteriors: Sequence[LawPosterior], lines: list[tuple[Floats, Floats]], sds: list[float], seen: Sightings, k: int
) -> Floats:
    low, high = np.inf, -np.inf
    most = max(float(weight.sum()) for _, weight in lines)
    for (at, weight), posterior, sd in zip(lines, posteriors, sds, strict=True):
        if weight.sum() <= _TAIL * most:
            continue
        order = at.argsort()
        share = weight[order].cumsum() / weight.sum()
        first, last = np.searchsorted(share, [_TAIL, 1 - _TAIL])
        low = min(low, at[order][first] - _SDS * sd)
        high = max(high, at[order][min(last, at.size - 1)] + _SDS * sd + _DELAYS * posterior.law.scatter.delay)
    if seen.growing[k]:
        near = _SDS * float(seen.error[k])
        first, last = seen.log_time[k] - near, seen.log_time[k] + near
        low, high = (first, last) if first > high or last < low else (max(low, first), min(high, last))
    low = max(low, seen.not_before[k]) if not seen.emerged[k] else low
    return np.linspace(low, max(high, low + 1e-3), _POINTS)


def _spread(at: Floats, weight: Floats, grid: Floats, posterior: LawPosterior, sd: float, straggling: float) -> Floats:
    """Masses on the grid of lines with the law's scatter about them, of lines before the grid too."""
    step = float(grid[1] - grid[0])
    scatter = posterior.law.scatter
    back = int(np.ceil(_SDS * sd / step))
    ahead = int(np.ceil((_SDS * sd + _DELAYS * scatter.delay) / step))
    place = (at - grid[0]) / step + ahead
    inside = (place >= 0) & (place < len(grid) + ahead + back)
    below = np.floor(place[inside]).astype(int)
    share, kept = place[inside] - below, weight[inside]
    n = len(grid) + ahead + back + 2
    lines = np.bincount(below, kept * (1 - share), n) + np.bincount(below + 1, kept * share, n)
    edges = (np.arange(-back, ahead + 2) - 0.5) * step
    kernel = np.diff(scatter.cdf(edges, sd, straggling))
    spread = fftconvolve(lines, kernel)
    return np.maximum(spread[ahead + back : ahead + back + len(grid)], 0.0)


def _own(seen: Sightings, k: int, grid: Floats) -> Floats:
    """Likelihood of each time by what the skill's own curve bounds or shows of the future."""
    if seen.emerged[k]:
        return np.ones_like(grid)
    own = np.where(grid < seen.not_before[k], 0.0, 1.0)
    if seen.growing[k]:
        own = own * np.exp(-0.5 * ((grid - seen.log_time[k]) / seen.error[k]) ** 2)
    elif np.isfinite(seen.not_after[k]):
        own = np.where(grid > seen.not_after[k], 0.0, own)
    return np.asarray(own)


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
    low, high = min(at[0] for at in ends), min(max(at[1] for at in ends), end)
    low = min(low, high - 1e-3)
    grid = np.linspace(low, high, _POINTS)
    cdf = np.zeros(_POINTS)
    for view, one, share in zip(views, masses, weight, strict=True):
        at = grid if view.clock is None else np.log10(np.maximum(view.clock.flow_time(10.0**grid), _TINY))
        cdf += share * one.cdf(at)
    before = float(np.interp(not_before, grid, cdf, left=0.0))
    if before > 0:
        rest = np.maximum(cdf - before, 0.0)
        cdf = rest / (1 - before) if before < 1 else (grid >= grid[-1]).astype(float)
    dated = np.array([math.isfinite(one.by_growth) for one in masses])
    by_growth = math.nan
    if dated.any():
        by_growth = float(
            np.average([one.by_growth for one in masses if math.isfinite(one.by_growth)], weights=weight[dated])
        )
    return grid, cdf, float(weight @ np.array([one.waiting for one in masses])), by_growth


def _in_steps(clock: Clock | None, log_time: Floats) -> Floats:
    if clock is None:
        return log_time
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(clock.step(10.0**log_time)))
