"""Forecast when skills emerge, with intervals, and set the forecast beside the measurements.

The dates of a run's skills and their absence give a posterior of its law (`saltus.forecast.time.posterior`); each
skill's distribution is what that law says without the skill's own date. So a skill that has emerged tests the law by
which the others are forecast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit, ndtr, ndtri

from saltus._types import Flags, Floats
from saltus.curves.crossings import emergence_times
from saltus.errors import InputError
from saltus.forecast.base.checks import require_level
from saltus.forecast.base.results import EmergenceForecast, Uncertainty
from saltus.forecast.time.arrivals import Arrivals, View, arrivals, masses_in
from saltus.forecast.time.constants import TimeConstants
from saltus.forecast.time.effective_time import in_effective_time
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.posterior import Sightings, reference_of
from saltus.forecast.time.sightings import by_clock, sightings_of
from saltus.statistics import powers_of_ten
from saltus.theory.protocols import Clock

if TYPE_CHECKING:
    import xarray as xr

_LEAST = 1e-4  # least error of a calibrated date, in decades


@dataclass(frozen=True)
class Skills:
    """Frequencies of the skills of a run, as a forecast takes them; arrays of shape ``(n_skills,)``.

    Attributes:
        frequency: of each skill, most frequent first.
        log10_error: standard deviation of log10 of each frequency over the first one's.
        samples: samples of each skill in a batch; NaN where they are not known.
        ranked: whether only the order is known, so that decades are those of the rank.
    """

    frequency: Floats
    log10_error: Floats
    samples: Floats
    ranked: bool = False

    @property
    def decades(self) -> Floats:
        """log10 of the highest frequency over each skill's own; of the rank where only the order is known."""
        if self.ranked:
            return np.log10(np.arange(1, len(self.frequency) + 1))
        return np.asarray(np.log10(self.frequency[0] / self.frequency))


def views_of(
    known: xr.Dataset,
    skills: Skills,
    recipe: Recipe,
    constants: TimeConstants | None,
    *,
    usable: Flags,
    clock: Clock | None,
) -> list[View]:
    """The run as its clocks show it: over effective time and over steps, or over steps alone.

    Args:
        known: curves over steps, up to now.
        skills: their frequencies.
        recipe: of the run.
        constants: of the calibrated curve, over effective time if there is a clock.
        usable: whether each skill's rise may inform the law, shape ``(n_skills,)``.
        clock: of effective time, or None.
    """

    def seen(curves: xr.Dataset, fitted: TimeConstants | None) -> Sightings:
        return sightings_of(
            curves,
            skills.decades,
            usable,
            recipe,
            fitted,
            samples=skills.samples,
            decades_error=skills.log10_error,
        )

    if clock is None:
        return [View(None, 1.0, seen(known, constants))]
    by_rate = by_clock(seen(in_effective_time(known, clock), constants), clock)
    views = [View(clock, recipe.clock_weight, by_rate)]
    if recipe.clock_weight < 1:
        views.append(View(None, 1 - recipe.clock_weight, seen(known, None)))
    return [view for view in views if view.seen.dated.any()]


def calibrated_views(
    constants: TimeConstants,
    skills: Skills,
    recipe: Recipe,
    known: xr.Dataset | None,
    clock: Clock | None,
) -> list[View]:
    """The run as a calibration made elsewhere dates it: one more skill, which has the calibrated frequency.

    Args:
        constants: calibrated elsewhere, over effective time if there is a clock.
        skills: to forecast.
        recipe: of the run.
        known: their curves over steps up to now, of which those that have not emerged may sharpen their own forecasts.
        clock: of effective time, or None.
    """
    n = len(skills.frequency)
    if known is None:
        nothing = np.full(n, np.nan)
        seen = Sightings(
            decades=skills.decades,
            decades_error=skills.log10_error,
            clock_shift=np.zeros(n),
            samples=skills.samples,
            log_time=nothing,
            error=np.zeros(n),
            not_before=np.full(n, -np.inf),
            not_after=np.full(n, np.inf),
            growing=np.zeros(n, bool),
            flatness=math.nan,
            flatness_error=math.nan,
        )
    else:
        timed = known if clock is None else in_effective_time(known, clock)
        seen = sightings_of(
            timed,
            skills.decades,
            np.zeros(n, bool),
            recipe,
            constants,
            samples=skills.samples,
            decades_error=skills.log10_error,
        )
    return [View(clock, 1.0, by_clock(_with_calibrated(seen, constants, skills), clock))]


def _with_calibrated(seen: Sightings, constants: TimeConstants, skills: Skills) -> Sightings:
    """The dates with that of the calibration behind them."""
    start = constants.initial_logit
    error = max(math.sqrt(constants.log10_time_variance(0.5)), _LEAST)

    def beside(values: Floats, last: float) -> Floats:
        return np.append(values, last)

    return replace(
        seen,
        decades=beside(seen.decades, math.log10(skills.frequency[0] / constants.frequency)),
        decades_error=beside(seen.decades_error, 0.0),
        clock_shift=beside(seen.clock_shift, 0.0),
        samples=beside(seen.samples, math.nan),
        log_time=beside(seen.log_time, math.log10(constants.half_exposure / constants.frequency)),
        error=beside(seen.error, error),
        not_before=beside(seen.not_before, -math.inf),
        not_after=beside(seen.not_after, math.inf),
        growing=np.append(seen.growing, False),
        flatness=-1 / start,
        flatness_error=constants.initial_logit_error / start**2,
    )


def forecast_from(
    views: list[View],
    skills: Skills,
    recipe: Recipe,
    constants: TimeConstants | None,
    *,
    threshold: float,
    level: float,
    measured: xr.Dataset | None,
    until: float | None,
) -> EmergenceForecast:
    """Emergence times of all skills at a threshold.

    Args:
        views: of the run (`views_of`, `calibrated_views`), each with at least one date.
        skills: their frequencies.
        recipe: of the run.
        constants: of the calibrated curve, for the shape of a rise; None where no curve was calibrated.
        threshold: the strength R/S that counts as emerged.
        level: probability that the intervals are to have.
        measured: curves over steps to be set beside the forecast.
        until: the step up to which they were used.
    """
    require_level(level)
    n = len(skills.frequency)
    shifts = [_shift(view.seen, recipe, constants, threshold) for view in views]
    masses = [masses_in(view, recipe, *shift)[:n] for view, shift in zip(views, shifts, strict=True)]
    not_before = np.log10(np.maximum(not_come_by(measured, threshold, until, n), np.finfo(float).tiny))
    found = arrivals(views, masses, not_before)
    times = None if measured is None else emergence_times(measured, threshold)
    clock = next((view.clock for view in views if view.clock is not None), None)
    low, middle, high = (powers_of_ten(found.quantile(p)) for p in (0.5 - level / 2, 0.5, 0.5 + level / 2))
    return EmergenceForecast(
        threshold=threshold,
        skill=np.arange(1, n + 1),
        frequency=skills.frequency,
        emergence_time=middle,
        interval=np.column_stack([low, high]),
        level=level,
        uncertainty=_sources(found, views[0].seen, skills, recipe),
        sharpened=views[0].seen.growing[:n],
        measured=times,
        arrivals=found,
        clock=clock,
        own_growth=_by_growth(views[0], level, n),
        own_date=_own_dates(views[0].seen)[:n],
    )


def _own_dates(seen: Sightings) -> Flags:
    """Whether each skill has emerged and is the only one with a date."""
    return np.array([one and reference_of(seen, without=k) is None for k, one in enumerate(seen.emerged)], dtype=bool)


def _by_growth(view: View, level: float, n_skills: int) -> Floats:
    """Steps at half strength by each skill's own growth alone, never before now: lower end, median and upper end.

    NaN where a skill does not visibly grow; infinite where the schedule of the learning rate ends first.
    """
    seen, found = view.seen, np.full((n_skills, 3), np.nan)
    for k in np.flatnonzero(seen.growing[:n_skills]):
        gone = float(ndtr((seen.not_before[k] - seen.log_time[k]) / seen.error[k]))
        shares = gone + (1 - gone) * np.array([0.5 - level / 2, 0.5, 0.5 + level / 2])
        at = powers_of_ten(np.maximum(seen.log_time[k] + seen.error[k] * ndtri(shares), seen.not_before[k]))
        found[k] = at if view.clock is None else view.clock.step(at)
    return found


def _shift(seen: Sightings, recipe: Recipe, constants: TimeConstants | None, threshold: float) -> tuple[Floats, Floats]:
    """Decades from half strength to a threshold, and their standard deviation, for each skill."""
    decades, zero = np.maximum(seen.decades, 0.0), np.zeros(len(seen.decades))
    if threshold == 0.5:
        return zero, zero
    bend, sd = recipe.shape.mean(decades, threshold), recipe.shape.sd(decades, threshold)
    if constants is not None:
        require_threshold(constants, threshold)
        return math.log10(1 - float(logit(threshold)) / constants.initial_logit) + bend, sd
    return float(logit(threshold)) * seen.flatness / math.log(10) + bend, sd


def require_threshold(constants: TimeConstants, threshold: float) -> None:
    """Raise `InputError` unless the calibrated curve passes the threshold."""
    if not (0 < threshold < 1 and logit(threshold) > constants.initial_logit):
        start = f"{constants.initial_strength / constants.target_scale:.3g}, where the calibrated curve starts"
        raise InputError(f"threshold must lie between {start}, and 1", threshold, "give a share of the full strength")


def _sources(found: Arrivals, seen: Sightings, skills: Skills, recipe: Recipe) -> Uncertainty:
    """Standard deviations of log10(time) by source: the scatter and the law make up what dates do not."""
    low, high = found.quantile(0.1586553), found.quantile(0.8413447)
    total = np.where(np.isfinite(high), high - np.where(np.isfinite(low), low, 0.0), np.inf) / 2
    dated = seen.emerged
    fit = float(seen.error[dated].min()) if dated.any() else 0.0
    gamma = float(np.average([law.gamma if not law.by_steepness else 1.0 for law in recipe.laws]))
    frequencies = np.minimum(gamma * skills.log10_error, total)
    rest = np.sqrt(np.maximum(total**2 - fit**2 - frequencies**2, 0.0))
    same = np.minimum(np.full(total.shape, fit), total)
    return Uncertainty(same, np.zeros_like(total), rest, frequencies, total)


def not_come_by(measured: xr.Dataset | None, threshold: float, until: float | None, n_skills: int) -> Floats:
    """Step of each skill's last measurement up to ``until``, if it had not passed the threshold in any run; else 0."""
    if measured is None or until is None:
        return np.zeros(n_skills)
    known = measured.sel(step=measured["step"] <= until)
    if known.sizes["step"] == 0:
        return np.zeros(n_skills)
    strength = known["strength"].to_numpy()
    seen = np.isfinite(strength).any(axis=0)
    last = np.where(seen, known["step"].to_numpy().astype(float), 0.0).max(axis=-1)
    return np.where((strength >= threshold).any(axis=(0, 2)), 0.0, last)
