"""Dates of skills as the known curves tell them: of those that rose, of those that grow, and bounds of the others."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.crossings import crossing_times, emerged_before
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.own_growth import expected_shape, growth, hill_shape, noise_floor, onset, sharpen
from saltus.forecast.time.posterior import Sightings
from saltus.forecast.time.rise import Rise, rises

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.time.constants import TimeConstants
    from saltus.theory.protocols import Clock

_HALF = 0.5  # R/S from which a skill has come
_UNKNOWN = 1.0  # standard deviation of an unknown time, in decades
_EXACT = 2e-3  # least error of a date, in decades
_DENSE = 6  # measurements on the rise from which the passage of a half is closer than any fitted curve
_VAGUE_DATE = 0.3  # error of a date by growth, decades, from which it is none
_LAST = 3  # measurements that date a growing skill where noise is small
_GROWN = (0.05, 0.15, 0.25, 0.4)  # R/S at which recipes tell how well growth dates a skill


@dataclass(frozen=True)
class Rises:
    """Rises of all skills, averaged over runs; arrays of shape ``(n_skills,)``, NaN where none was seen.

    Attributes:
        log_time: log10 of the step at half strength.
        error: standard error of the same.
        of_runs: part of `error` that differences between runs make, in quadrature.
        flatness: 1/h.
        flatness_error: standard deviation of the same.
        misfit: root mean square of measured minus fitted R/S.
    """

    log_time: Floats
    error: Floats
    of_runs: Floats
    flatness: Floats
    flatness_error: Floats
    misfit: Floats

    @property
    def first(self) -> int | None:
        """Position of the most frequent skill whose steepness is known; None without any."""
        known = np.flatnonzero(np.isfinite(self.flatness))
        return int(known[0]) if known.size else None


def rises_of(known: xr.Dataset) -> Rises:
    """Rises of the skills that have passed half of their strength in any run."""
    by_run, passed = rises(known), crossing_times(known)
    found = [_over_runs([run[k] for run in by_run], passed[:, k], known.isel(skill=k)) for k in range(passed.shape[1])]
    return Rises(*map(np.array, zip(*found, strict=True)))


def _over_runs(
    of_runs: list[Rise | None], passed: Floats, curve: xr.Dataset
) -> tuple[float, float, float, float, float, float]:
    risen = [(run, rise) for run, rise in enumerate(of_runs) if rise is not None]
    if not risen:
        return (math.nan,) * 6
    log_times, errors = np.array([_date(rise, passed[run], curve, run) for run, rise in risen]).T
    n = len(risen)
    spread = float(log_times.std(ddof=1)) if n > 1 else 0.0
    of_fits = float(np.sqrt(np.mean(errors**2)))
    error, between = max(spread, of_fits) / math.sqrt(n), math.sqrt(max(spread**2 - of_fits**2, 0.0) / n)
    steep = [rise for _, rise in risen if math.isfinite(rise.steepness)]
    flatness = float(np.mean([1 / rise.steepness for rise in steep])) if steep else math.nan
    if steep and "scale_error" in curve.coords:  # alike in all runs
        error = math.hypot(error, float(curve["scale_error"]) * 4 * flatness / math.log(10))
    return (
        float(log_times.mean()),
        error,
        between,
        flatness,
        float(np.mean([rise.flatness_error for rise in steep])) / math.sqrt(len(steep)) if steep else math.nan,
        float(np.mean([rise.misfit for _, rise in risen])),
    )


def _date(rise: Rise, passed: float, curve: xr.Dataset, run: int) -> tuple[float, float]:
    """log10 of the time at half strength and its error: by the passage itself where it is densely measured."""
    if not (rise.ceiling == 1 and rise.n_on_rise >= _DENSE and passed > 0):
        return rise.log_time, rise.time_error
    slope = rise.steepness * math.log(10) / 4  # R/S a decade of time, at half strength
    noise = noise_floor(curve["strength"].to_numpy()[run])
    error = max(_EXACT, noise / slope)
    return (math.log10(passed), error) if error < rise.time_error else (rise.log_time, rise.time_error)


def _up_by(known: xr.Dataset) -> Floats:
    """First measured step above 0 of skills that stood at half by then, the latest run's; 0 for all others.

    There is no logarithm of the time between step 0 and the next: such a skill came before, as far as anybody knows.
    One that stood there at step 0 owes nothing to training.
    """
    later = known.isel(step=known["step"].to_numpy() > 0)
    if not later.sizes["step"]:
        return np.zeros(known.sizes["skill"])
    at_start = emerged_before(known) == 0
    return np.asarray(np.where(at_start, 0.0, np.nan_to_num(emerged_before(later))).max(axis=0))


def sightings_of(
    known: xr.Dataset,
    decades: Floats,
    usable: Flags,
    recipe: Recipe,
    constants: TimeConstants | None,
    *,
    samples: Floats,
    decades_error: Floats,
) -> Sightings:
    """Dates and bounds of the skills of known curves.

    Args:
        known: labelled curves over steps, or over effective time, up to now.
        decades: log10 of the highest frequency over each skill's own, shape ``(n_skills,)``.
        usable: whether each skill's rise may inform the law.
        recipe: of the run; it tells how well growth dates a skill.
        constants: of the calibrated curve, if there is one.
        samples: samples of each skill in a batch, NaN where they are not known.
        decades_error: standard deviation of ``decades``.
    """
    found, up_by = rises_of(known), _up_by(known)
    before = (up_by > 0) & np.isnan(found.log_time) & usable
    passed = (known["strength"].to_numpy() >= _HALF).any(axis=(0, 2))
    log_time = np.where(usable, found.log_time, np.nan)
    not_before = np.where(passed, -np.inf, _last_measured(known))
    reference = replace(found, flatness=np.where(usable, found.flatness, np.nan)).first
    flatness = (
        (math.nan, math.nan) if reference is None else (found.flatness[reference], found.flatness_error[reference])
    )
    seen = Sightings(
        decades=decades,
        decades_error=decades_error,
        clock_shift=np.zeros(len(decades)),
        samples=samples,
        log_time=log_time,
        error=np.where(np.isfinite(log_time), np.maximum(found.error, _EXACT), 0.0),
        not_before=not_before,
        not_after=np.where(before, np.log10(np.maximum(up_by, np.finfo(float).tiny)), np.inf),
        growing=np.zeros(len(decades), bool),
        flatness=float(flatness[0]),
        flatness_error=float(flatness[1]),
        of_runs=np.nan_to_num(found.of_runs),
    )
    misfit = 0.0 if reference is None else float(found.misfit[reference])
    return _with_growth(seen, known, recipe, constants, misfit)


def _last_measured(known: xr.Dataset) -> Floats:
    """log10 of each skill's last measured step; minus infinity without one above 0."""
    seen = np.isfinite(known["strength"].to_numpy()).any(axis=0)
    last = np.where(seen, known["step"].to_numpy().astype(float), 0.0).max(axis=-1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log10(last))


def _with_growth(
    seen: Sightings, known: xr.Dataset, recipe: Recipe, constants: TimeConstants | None, misfit: float
) -> Sightings:
    """The same, with dates of the skills that visibly grow, along the shape of the first rise."""
    log_time, error, growing = seen.log_time.copy(), seen.error.copy(), seen.growing.copy()
    if not math.isfinite(seen.flatness) and constants is None:
        return seen
    for k in np.flatnonzero(np.isfinite(seen.not_before)):
        shape = _shape(seen, constants, misfit, float(seen.decades[k]), recipe)
        date = _by_growth(known.isel(skill=int(k)), shape, recipe, misfit)
        if date is not None:
            log_time[k], error[k], growing[k] = *date, True
    return replace(seen, log_time=log_time, error=error, growing=growing)


def _shape(
    seen: Sightings, constants: TimeConstants | None, misfit: float, decades: float, recipe: Recipe
) -> tuple[Floats, Floats]:
    """The expected rise: log10(time / half time), ascending, and R/S; the better fitting of logistic and Hill curve."""
    hill = math.isfinite(seen.flatness) and seen.flatness > 0
    if constants is not None and not (hill and misfit < constants.residual):
        return expected_shape(constants.initial_logit, max(decades, 0.0), recipe.shape)
    return hill_shape(1 / seen.flatness)


def _by_growth(
    curve: xr.Dataset, shape: tuple[Floats, Floats], recipe: Recipe, misfit: float
) -> tuple[float, float] | None:
    """log10 of the half time by a skill's own growth, and its error; None where no growth is visible.

    The last measurements date it best where noise is small, since foot and top of rises differ; all of them where it is
    large.
    """
    steps, strength, error = growth(curve.isel(step=curve["step"].to_numpy() > 0), misfit)
    if steps.size == 0 or onset(np.log10(steps), strength, error, shape, _GROWN[0])[0] == len(steps):
        return None
    by_last = _by_last(np.log10(steps[-_LAST:]), strength[-_LAST:], error[-_LAST:], shape, recipe)
    mean, sd = sharpen(
        math.log10(steps[-1]),
        _UNKNOWN,
        steps=steps,
        strength=strength,
        error=error,
        shape=shape,
        lowest=_GROWN[0],
        shape_sd=recipe.growth_sd[0],
    )
    by_all = mean, max(sd, recipe.growth_sd[0])
    date = min(by_last, by_all, key=lambda one: one[1])
    return None if date[1] > _VAGUE_DATE else date


def _by_last(
    log_steps: Floats, strength: Floats, error: Floats, shape: tuple[Floats, Floats], recipe: Recipe
) -> tuple[float, float]:
    """Mean of the dates that the last measurements give, each by the strength it has reached."""
    log_ratio, level = shape
    dates = log_steps - np.interp(strength, level, log_ratio)
    reached, noise = float(np.median(strength)), float(np.median(error)) / math.sqrt(len(strength))
    early, late = np.interp([reached - noise, reached + noise], level, log_ratio)
    return float(dates.mean()), math.hypot(float(np.interp(reached, _GROWN, recipe.growth_sd)), (late - early) / 2)


def by_clock(seen: Sightings, clock: Clock | None) -> Sightings:
    """The same with the decades by which the clock moves skills against the first dated one.

    Args:
        seen: dates over effective time.
        clock: of the effective time; None for steps, which it does not move.
    """
    dated = np.flatnonzero(seen.dated)
    if clock is None or not dated.size:
        return seen
    first = dated[0]
    at = np.where(seen.dated, seen.log_time, seen.log_time[first] + seen.decades - seen.decades[first])
    end = float(clock.flow_time(math.inf))
    within = np.minimum(10.0**at, end * (1 - 1e-9)) if math.isfinite(end) else 10.0**at
    moved = np.log10(clock.step(within)) - np.log10(within)
    return replace(seen, clock_shift=np.abs(moved - moved[first]))
