"""Predictive masses of when skills come, over the clock of one view of a run: mixtures over its laws, on even grids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.signal import fftconvolve

from saltus._types import Floats
from saltus.errors import InputError
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.posterior import LawPosterior, Sightings, law_posterior, reference_of
from saltus.theory.protocols import Clock

_POINTS = 2049  # points of a grid of log10(time)
_LEAST_WEIGHT = 1e-9  # weight of a line, in that of the likeliest, below which it does not count
_FLOOR = 1e-12  # share of the mass on every point: where the law excludes what a curve shows, the curve alone decides
_SDS, _DELAYS = 8.0, 10.0  # reach of the scatter's tails: standard deviations, mean delays
_PER_SD = 16.0  # points a standard deviation that a shift of masses leaves at most
_TAILS = 1.5  # rms error of a date by growth in standard deviations: its tails are wider than a normal law's
_LEAST = 1e-4  # least width of a grid, and least error of a date by which a skill tells itself alone, decades
_FAR = 1.0  # decades before a bound, where the law excludes all times before it
_TINY = np.finfo(float).tiny


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
        """Share of the mass up to each log10(time); a mass lies evenly about its point."""
        step = self.log_time[1] - self.log_time[0]
        share = np.concatenate([[0.0], self.mass.cumsum() / self.mass.sum()])
        edges = np.concatenate([[self.log_time[0] - step / 2], self.log_time + step / 2])
        return np.asarray(np.interp(log_time, edges, share))

    def shifted(self, by: float, sd: float) -> Masses:
        """The masses of a time that lies so many decades later, with a normal error."""
        step = float(self.log_time[1] - self.log_time[0])
        if sd * _PER_SD <= step:
            return replace(self, log_time=self.log_time + by)
        fine = max(step, sd / _PER_SD)
        reach = math.ceil(_SDS * sd / fine)
        n = math.ceil((self.log_time[-1] - self.log_time[0]) / fine) + 1
        at = self.log_time[0] + fine * np.arange(n)
        mass = self.mass if fine == step else np.diff(self.cdf(np.append(at - fine / 2, at[-1] + fine / 2)))
        whole = 1.0 if fine == step else float(self.mass.sum())
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * fine / sd) ** 2)
        spread = np.maximum(fftconvolve(mass * whole, kernel / kernel.sum()), 0.0)
        grid = at[0] + by + fine * (np.arange(len(spread)) - reach)
        return replace(self, log_time=grid, mass=spread)


@dataclass(frozen=True)
class Prediction:
    """The times of all skills at half strength, as one view of the run predicts them.

    Attributes:
        view: of the run.
        masses: of every skill, each without its own date.
        gamma: mean of the law's gamma, given all dates.
        gamma_sd: its standard deviation.
    """

    view: View
    masses: tuple[Masses, ...]
    gamma: float
    gamma_sd: float


def predicted(view: View, recipe: Recipe) -> Prediction:
    """The prediction of a view with at least one dated skill.

    Raises:
        InputError: if the recipe has no law for a run of that steepness.
    """
    seen, reference = view.seen, reference_of(view.seen)
    assert reference is not None  # asked for dated runs alone
    posteriors, stretch = _posteriors(recipe, seen, reference), _log_stretch(view)
    found = []
    for k in range(len(seen.decades)):
        one = _masses(posteriors, seen, k) if k != reference else _of_reference(recipe, seen, k)
        dated = seen.dated & ((np.arange(len(seen.decades)) != k) | seen.growing)
        compared = np.flatnonzero(dated)[1:]  # the first date says when, not how the others lie
        found.append(replace(one, log_scale=one.log_scale + float(stretch[compared].sum())))
    return Prediction(view, tuple(found), *_gamma(posteriors))


def _posteriors(recipe: Recipe, seen: Sightings, reference: int) -> list[LawPosterior]:
    found = (law_posterior(law, seen, reference) for law in recipe.laws)
    posteriors = [one for one in found if one is not None]
    if not posteriors:
        rule = "a recipe must have a law for the steepness of the run"
        raise InputError(rule, recipe.name, "teach it with runs that rise as steeply, or give another recipe")
    return posteriors


def _gamma(posteriors: Sequence[LawPosterior]) -> tuple[float, float]:
    """Mean and standard deviation of gamma over all laws."""
    evidence = np.array([one.log_evidence() + math.log(one.law.weight) for one in posteriors])
    weight = np.exp(evidence - evidence.max())
    weight /= weight.sum()
    means, sds = np.array([one.mean_gamma() for one in posteriors]).T
    mean = float(weight @ means)
    return mean, float(np.sqrt(weight @ (sds**2 + (means - mean) ** 2)))


def _of_reference(recipe: Recipe, seen: Sightings, k: int) -> Masses:
    """Masses of the reference itself, by the other dates; by its own where there is no other."""
    other = reference_of(seen, without=k)
    if other is None:
        sd = max(float(seen.error[k]), _LEAST)
        grid = seen.log_time[k] + np.linspace(-_SDS, _SDS, _POINTS) * sd
        return Masses(grid, np.exp(-0.5 * ((grid - seen.log_time[k]) / sd) ** 2), 0.0)
    blind = np.arange(len(seen.decades)) == k
    unseen = replace(
        seen,
        log_time=np.where(blind, np.nan, seen.log_time),
        error=np.where(blind, 0.0, seen.error),
    )
    return _masses(_posteriors(recipe, unseen, other), unseen, k)


def _log_stretch(view: View) -> Floats:
    """Logarithm of d log(time of the clock) / d log(step) at each date, to compare clocks; 0 without a date."""
    if view.clock is None:
        return np.zeros(len(view.seen.log_time))
    dated = view.seen.dated
    steps = view.clock.step(np.where(dated, 10.0 ** np.where(dated, view.seen.log_time, 0.0), 1.0))
    near = np.exp(1e-3)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.log(view.clock.flow_time(steps * near) / view.clock.flow_time(steps / near)) / 2e-3
    return np.where(dated & (slope > 0), np.log(np.maximum(slope, _TINY)), 0.0)


@dataclass(frozen=True)
class _Lines:
    """The lines of one law that count: times that they predict for a skill, their weights, and its scatter."""

    posterior: LawPosterior
    at: Floats
    weight: Floats
    sd: float
    straggling: float

    @property
    def reach(self) -> float:
        """Decades after a line that its scatter covers."""
        return _SDS * self.sd + (_DELAYS * self.posterior.law.scatter.delay if self.straggling else 0.0)

    @property
    def apart(self) -> float:
        """Decades between neighbouring lines where the reference is no straggler."""
        return float(self.posterior.start[0, 0] - self.posterior.start[0, 1])


def _masses(posteriors: Sequence[LawPosterior], seen: Sightings, k: int) -> Masses:
    """Masses of one skill's log10(time), without its own date, but for the future that its curve shows."""
    log_weights = [one.log_weight_without(k) + math.log(one.law.weight) for one in posteriors]
    scale = max(float(one.max()) for one in log_weights)
    lines = [_lines(one, seen, k, weight - scale) for one, weight in zip(posteriors, log_weights, strict=True)]
    lines = [one for one in lines if one.at.size]
    grid = _grid(lines, seen, k)
    mass = np.sum([_spread(one, grid) for one in lines], axis=0)
    whole = sum(float(one.weight.sum()) for one in lines)
    mass = (mass + _FLOOR * whole) * _own(seen, k, grid)
    mass = mass if mass.any() else np.full(len(grid), _TINY)
    return Masses(grid, mass, scale, min(_waiting(lines, seen, k) / whole, 1.0), _by_growth(lines, seen, k) / whole)


def _lines(posterior: LawPosterior, seen: Sightings, k: int, log_weight: Floats) -> _Lines:
    law = posterior.law
    sd = law.scatter.sd(seen.decades, seen.extra_sd(law, posterior.mean_gamma()[0]))[k]
    at = (posterior.start + (posterior.gamma * seen.decades[k])[:, None]).ravel()
    weight = np.exp(log_weight).ravel()
    keep = weight > _LEAST_WEIGHT
    return _Lines(posterior, at[keep], weight[keep], float(sd), float(law.scatter.straggling(seen.samples[k])))


def _waiting(lines: Sequence[_Lines], seen: Sightings, k: int) -> float:
    """Weight of the lines that the skill's absence up to now leaves."""
    if seen.emerged[k] or math.isinf(seen.not_before[k]):
        return sum(float(one.weight.sum()) for one in lines)
    return sum(
        float(
            one.weight @ np.exp(one.posterior.law.scatter.log_sf(seen.not_before[k] - one.at, one.sd, one.straggling))
        )
        for one in lines
    )


def _by_growth(lines: Sequence[_Lines], seen: Sightings, k: int) -> float:
    """Weight of the lines by which the skill comes up to the date that its growth shows; NaN without one."""
    if not seen.growing[k]:
        return math.nan
    error = _TAILS * float(seen.error[k])
    return sum(
        float(
            one.weight
            @ one.posterior.law.scatter.cdf(seen.log_time[k] - one.at, math.hypot(one.sd, error), one.straggling)
        )
        for one in lines
    )


def _grid(lines: Sequence[_Lines], seen: Sightings, k: int) -> Floats:
    low = min(float(one.at.min()) - _SDS * one.sd for one in lines)
    high = max(float(one.at.max()) + one.reach for one in lines)
    if seen.growing[k]:
        near = _SDS * float(seen.error[k])
        first, last = seen.log_time[k] - near, seen.log_time[k] + near
        low, high = (first, last) if first > high or last < low else (max(low, first), min(high, last))
    if not seen.emerged[k]:
        low, high = max(low, seen.not_before[k]), min(high, seen.not_after[k])
        low = low if low < high or math.isinf(seen.not_after[k]) else high - _FAR
    return np.linspace(low, max(high, low + _LEAST), _POINTS)


def _spread(lines: _Lines, grid: Floats) -> Floats:
    """Masses on the grid of lines with the law's scatter about them, of lines before the grid too."""
    step = float(grid[1] - grid[0])
    coarse = max(step, lines.sd / _PER_SD)
    if coarse == step:
        return _spread_evenly(lines, float(grid[0]), step, len(grid))
    first, n = float(grid[0]) - coarse, math.ceil((grid[-1] - grid[0]) / coarse) + 3
    masses = _spread_evenly(lines, first, coarse, n)
    return np.asarray(np.interp(grid, first + coarse * np.arange(n), masses) * step / coarse)


def _spread_evenly(lines: _Lines, first: float, step: float, n: int) -> Floats:
    back, ahead = math.ceil(_SDS * lines.sd / step), math.ceil(lines.reach / step)
    smooth = math.floor(lines.apart / step) if lines.apart > lines.sd else 0
    place = (lines.at - first) / step + ahead + smooth
    inside = (place >= 0) & (place < n + ahead + back + 2 * smooth)
    below = np.floor(place[inside]).astype(int)
    share, kept = place[inside] - below, lines.weight[inside]
    n_places = n + ahead + back + 2 * smooth + 2
    of_lines = np.bincount(below, kept * (1 - share), n_places) + np.bincount(below + 1, kept * share, n_places)
    edges = (np.arange(-back, ahead + 2) - 0.5) * step
    kernel = np.diff(lines.posterior.law.scatter.cdf(edges, lines.sd, lines.straggling))
    spread = fftconvolve(of_lines, kernel)
    if smooth:  # lines further apart than the scatter about them stand for all between them
        hat = smooth + 1 - np.abs(np.arange(-smooth, smooth + 1))
        spread = fftconvolve(spread, hat / hat.sum())[smooth:]
    start = ahead + smooth + back
    return np.asarray(np.maximum(spread[start : start + n], 0.0))


def _own(seen: Sightings, k: int, grid: Floats) -> Floats:
    """Likelihood of each time by what the skill's own curve bounds or shows of the future."""
    if seen.emerged[k]:
        return np.ones_like(grid)
    own = np.where((grid < seen.not_before[k]) | (grid > seen.not_after[k]), 0.0, 1.0)
    if seen.growing[k]:
        error = float(seen.error[k])
        own = own * np.exp(-0.5 * ((grid - seen.log_time[k]) / error) ** 2) / (error * math.sqrt(2 * math.pi))
    return np.asarray(own)
