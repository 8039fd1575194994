"""Predictive distributions of when skills come: a mixture over laws and clocks, on one grid of log10(time)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from saltus._types import Floats
from saltus.forecast.time.posterior import LawPosterior, Sightings

_POINTS = 2049  # of the grid of log10(time)
_TAIL = 1e-5  # weight of lines that the grid may leave out on either side
_SDS, _DELAYS = 8.0, 12.0  # reach of the scatter's tails: standard deviations, mean delays


@dataclass(frozen=True)
class Arrivals:
    """Probability that each skill has come, by time.

    Attributes:
        log_time: grid of log10(time), ascending, shape ``(n,)``.
        cdf: probability of having come by then, shape ``(n_skills, n)``; the last one is below 1 where a schedule ends.
    """

    log_time: Floats
    cdf: Floats

    def quantile(self, probability: float) -> Floats:
        """log10 of the time by which each skill has come with that probability; infinite where it never does."""
        found = np.empty(len(self.cdf))
        for k, cdf in enumerate(self.cdf):
            i = int(np.searchsorted(cdf, probability))
            if i == len(cdf):
                found[k] = np.inf
            elif i == 0 or cdf[i] == cdf[i - 1]:
                found[k] = self.log_time[i]
            else:
                share = (probability - cdf[i - 1]) / (cdf[i] - cdf[i - 1])
                found[k] = self.log_time[i - 1] + share * (self.log_time[i] - self.log_time[i - 1])
        return found

    def probability_by(self, log_time: float) -> Floats:
        """Probability that each skill has come by a time, given by its log10."""
        return np.array([np.interp(log_time, self.log_time, cdf, left=0.0) for cdf in self.cdf])


@dataclass(frozen=True)
class Masses:
    """Unnormalised predictive masses of the skills on a grid of log10(time) of one clock.

    Attributes:
        log_time: grid, evenly spaced, shape ``(n,)``.
        mass: shape ``(n_skills, n)``; sums compare clocks and laws.
        log_scale: logarithm of the factor that masses lack.
    """

    log_time: Floats
    mass: Floats
    log_scale: float


def masses_of(posteriors: Sequence[LawPosterior], seen: Sightings, extra_sd: Floats) -> Masses:
    """Masses of every skill's log10(time), its own date and factor left out but for what bounds its future.

    Args:
        posteriors: of the laws, at least one.
        seen: dates of the skills.
        extra_sd: standard deviation of each skill's log10(time) beyond the laws' scatter, shape ``(n_skills,)``.
    """
    scale = max(np.log(one.law.weight) + one.log_evidence() for one in posteriors)
    lines = [[_line(one, seen, k, scale) for one in posteriors] for k in range(len(seen.decades))]
    sds = [one.law.scatter.sd(seen.decades, extra_sd) for one in posteriors]
    grid = _grid(posteriors, lines, sds)
    mass = np.zeros((len(lines), len(grid)))
    for k, of_skill in enumerate(lines):
        for (at, weight), posterior, sd in zip(of_skill, posteriors, sds, strict=True):
            straggling = float(posterior.law.scatter.straggling(seen.samples[k : k + 1])[0])
            mass[k] += _spread(at, weight, grid, posterior, float(sd[k]), straggling)
        mass[k] *= _own(seen, k, grid)
    return Masses(grid, mass, scale)


def _line(posterior: LawPosterior, seen: Sightings, k: int, scale: float) -> tuple[Floats, Floats]:
    """Expected log10(time) of a skill at every point of the posterior, and the weights, flat."""
    log_weight = posterior.log_weight_without(k) + np.log(posterior.law.weight) - scale
    at = posterior.start + (posterior.gamma * seen.decades[k])[:, None]
    weight = np.exp(log_weight).ravel()
    keep = weight > _TAIL**2 * weight.max(initial=0.0)
    return at.ravel()[keep], weight[keep]


def _grid(posteriors: Sequence[LawPosterior], lines: list[list[tuple[Floats, Floats]]], sds: list[Floats]) -> Floats:
    low, high = np.inf, -np.inf
    for k, of_skill in enumerate(lines):
        for (at, weight), posterior, sd in zip(of_skill, posteriors, sds, strict=True):
            if at.size == 0:
                continue
            order = at.argsort()
            share = weight[order].cumsum() / weight.sum()
            first, last = np.searchsorted(share, [_TAIL, 1 - _TAIL])
            low = min(low, at[order][first] - _SDS * sd[k])
            high = max(high, at[order][min(last, at.size - 1)] + _SDS * sd[k] + _DELAYS * posterior.law.scatter.delay)
    return np.linspace(low, high, _POINTS)


def _spread(
    at: Floats, weight: Floats, grid: Floats, posterior: LawPosterior, sd: float, straggling: float
) -> Floats:
    """Masses on the grid of lines with the law's scatter about them."""
    step = grid[1] - grid[0]
    place = np.clip((at - grid[0]) / step, 0, len(grid) - 1.001)
    below, share = place.astype(int), place - np.floor(place)
    lines = np.bincount(below, weight * (1 - share), len(grid)) + np.bincount(below + 1, weight * share, len(grid))
    scatter = posterior.law.scatter
    back = min(int(np.ceil(_SDS * sd / step)), len(grid))
    ahead = min(int(np.ceil((_SDS * sd + _DELAYS * scatter.delay) / step)), len(grid))
    edges = (np.arange(-back, ahead + 2) - 0.5) * step
    kernel = np.diff(scatter.cdf(edges, sd, straggling))
    return np.maximum(fftconvolve(lines, kernel)[back : back + len(grid)], 0.0)


def _own(seen: Sightings, k: int, grid: Floats) -> Floats:
    """Likelihood of each time by what the skill's own curve bounds or shows of the future."""
    if seen.emerged[k]:
        return np.ones_like(grid)
    own = np.where(grid < seen.not_before[k], 0.0, 1.0)
    if seen.growing[k]:
        own = own * np.exp(-0.5 * ((grid - seen.log_time[k]) / seen.error[k]) ** 2)
    if np.isfinite(seen.not_after[k]) and not seen.dated[k]:
        own = np.where(grid > seen.not_after[k], 0.0, own)
    return np.asarray(own)
