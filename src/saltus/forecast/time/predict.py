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
from saltus.forecast.time.arrivals import Arrivals, arrivals
from saltus.forecast.time.constants import TimeConstants
from saltus.forecast.time.effective_time import in_effective_time
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.masses import Prediction, View, predicted
from saltus.forecast.time.posterior import Sightings, reference_of
from saltus.forecast.time.sightings import by_clock, sightings_of
from saltus.statistics import powers_of_ten
from saltus.theory.protocols import Clock

if TYPE_CHECKING:
    import xarray as xr

_LEAST = 1e-6  # least error of a calibrated date, in decades
_HIGH = 0.8413447  # probability of at most one standard deviation above the median


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
    growing = np.all([view.seen.growing for view in views], axis=0)  # views are compared by the same dates
    return [replace(view, seen=view.seen.with_growth_of(growing)) for view in views]


def calibrated_views(
    constants: TimeConstants,
    skills: Skills,
    recipe: Recipe,
    known: xr.Dataset | None,
    clock: Clock | None,
) -> list[View]:
    """The run as a calibration made elsewhere dates it: one more skill of the calibrated frequency.

    Args:
        constants: calibrated elsewhere, over effective time if there is a clock.
        skills: to forecast.
        recipe: of the run.
        known: their curves over steps up to now, of which those that have not emerged may sharpen their own forecasts.
        clock: of effective time, or None.
    """
    n = len(skills.frequency)
    decades = np.log10(constants.frequency / skills.frequency)
    if known is None:
        seen = nothing_seen(decades, skills)
    else:
        timed = known if clock is None else in_effective_time(known, clock)
        seen = sightings_of(
            timed,
            decades,
            np.zeros(n, bool),
            recipe,
            constants,
            samples=skills.samples,
            decades_error=skills.log10_error,
        )
    return [View(clock, 1.0, by_clock(_with_calibrated(seen, constants), clock))]


def nothing_seen(decades: Floats, skills: Skills) -> Sightings:
    """Skills of which there is no curve."""
    n = len(decades)
    return Sightings(
        decades=decades,
        decades_error=skills.log10_error,
        clock_shift=np.zeros(n),
        samples=skills.samples,
        log_time=np.full(n, np.nan),
        error=np.zeros(n),
        not_before=np.full(n, -np.inf),
        not_after=np.full(n, np.inf),
        growing=np.zeros(n, bool),
        flatness=math.nan,
        flatness_error=math.nan,
        of_runs=np.zeros(n),
    )


def _with_calibrated(seen: Sightings, constants: TimeConstants) -> Sightings:
    """The dates with that of the calibration behind them."""
    start = constants.initial_logit
    fit, of_runs = _calibrated_variances(constants, 0.5)

    def beside(values: Floats, last: float) -> Floats:
        return np.append(values, last)

    return replace(
        seen,
        decades=beside(seen.decades, 0.0),
        decades_error=beside(seen.decades_error, 0.0),
        clock_shift=beside(seen.clock_shift, 0.0),
        samples=beside(seen.samples, math.nan),
        log_time=beside(seen.log_time, math.log10(constants.half_exposure / constants.frequency)),
        error=beside(seen.error, max(math.sqrt(fit + of_runs), _LEAST)),
        not_before=beside(seen.not_before, -math.inf),
        not_after=beside(seen.not_after, math.inf),
        growing=np.append(seen.growing, False),
        flatness=-1 / start,
        flatness_error=constants.initial_logit_error / start**2,
        of_runs=beside(np.broadcast_to(seen.of_runs, seen.decades.shape), math.sqrt(of_runs)),
    )


def _calibrated_variances(constants: TimeConstants, threshold: float) -> tuple[float, float]:
    """Variances of log10 of the calibrated time at a threshold: by noise of the fits, and by differences of runs."""
    fit = constants.log10_time_variance(threshold, constants.fit_covariance)
    return fit, max(constants.log10_time_variance(threshold) - fit, 0.0)


def predictions(views: list[View], recipe: Recipe) -> list[Prediction]:
    """Predictions of all skills at half strength, one from each view of a run.

    Args:
        views: of the run (`views_of`, `calibrated_views`), each with at least one date.
        recipe: of the run.
    """
    return [predicted(view, recipe) for view in views]


@dataclass(frozen=True)
class _Shift:
    """Decades from half strength to a threshold, for each skill, with the variances of their errors."""

    decades: Floats
    shape: Floats
    fit: float = 0.0
    of_runs: float = 0.0

    @property
    def sd(self) -> Floats:
        return np.sqrt(self.shape + self.fit + self.of_runs)


def forecast_from(
    predictions: list[Prediction],
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
        predictions: of the run at half strength (`predictions`).
        skills: their frequencies.
        recipe: of the run.
        constants: of the calibrated curve, for the shape of a rise; None where no curve was calibrated.
        threshold: the strength R/S that counts as emerged.
        level: probability that the intervals are to have.
        measured: curves over steps to be set beside the forecast.
        until: the step up to which they were used.

    Raises:
        InputError: if the threshold or the level is out of range.
    """
    require_level(level)
    n = len(skills.frequency)
    views = [one.view for one in predictions]
    shifts = [_shift(view.seen, recipe, constants, threshold) for view in views]
    masses = [
        [one.masses[k].shifted(float(shift.decades[k]), float(shift.sd[k])) for k in range(n)]
        for one, shift in zip(predictions, shifts, strict=True)
    ]
    not_by = not_come_by(measured, threshold, until, n)
    with np.errstate(divide="ignore"):
        found = arrivals(views, masses, np.log10(not_by))
    times = None if measured is None else emergence_times(measured, threshold)
    clock = next((view.clock for view in views if view.clock is not None), None)
    low, middle, high = (
        np.maximum(powers_of_ten(found.quantile(p)), not_by) for p in (0.5 - level / 2, 0.5, 0.5 + level / 2)
    )
    return EmergenceForecast(
        threshold=threshold,
        skill=np.arange(1, n + 1),
        frequency=skills.frequency,
        emergence_time=middle,
        interval=np.column_stack([low, high]),
        level=level,
        uncertainty=_sources(found, predictions[0], shifts[0], skills),
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


def _shift(seen: Sightings, recipe: Recipe, constants: TimeConstants | None, threshold: float) -> _Shift:
    decades = np.maximum(seen.decades, 0.0)
    bend, sd = recipe.shape.mean(decades, threshold), recipe.shape.sd(decades, threshold)
    if threshold == 0.5:
        return _Shift(bend, sd**2)
    if constants is not None:
        require_threshold(constants, threshold)
        (half, half_runs), (at, at_runs) = (_calibrated_variances(constants, here) for here in (0.5, threshold))
        late = math.log10(1 - float(logit(threshold)) / constants.initial_logit)
        return _Shift(late + bend, sd**2, max(at - half, 0.0), max(at_runs - half_runs, 0.0))
    if not (0 < threshold < 1 and math.isfinite(seen.flatness)):
        raise InputError(
            "threshold must be 0.5 where no rise was measured that tells another, or lie between 0 and 1",
            threshold,
            "give 0.5",
        )
    slope = float(logit(threshold)) / math.log(10)
    return _Shift(slope * seen.flatness + bend, sd**2, (slope * seen.flatness_error) ** 2)


def can_date(view: View, constants: TimeConstants | None, threshold: float) -> bool:
    """Whether the shape of a rise tells when it passes a threshold."""
    if threshold == 0.5:
        return True
    if constants is not None:
        return threshold > constants.lowest_threshold
    return math.isfinite(view.seen.flatness)


def require_threshold(constants: TimeConstants, threshold: float) -> None:
    """Raise `InputError` unless the calibrated curve passes the threshold."""
    if not (0 < threshold < 1 and logit(threshold) > constants.initial_logit):
        start = f"{constants.initial_strength / constants.target_scale:.3g}, where the calibrated curve starts"
        raise InputError(f"threshold must lie between {start}, and 1", threshold, "give a share of the full strength")


def _sources(found: Arrivals, one: Prediction, shift: _Shift, skills: Skills) -> Uncertainty:
    """Standard deviations of log10(time) by source: half of what holds 68 %, less errors of dates and frequencies."""
    seen, n = one.view.seen, len(skills.frequency)
    with np.errstate(invalid="ignore"):
        half = (found.quantile(_HIGH) - found.quantile(1 - _HIGH)) / 2
    total = np.where(np.isfinite(half), half, np.inf)
    reference = reference_of(seen)
    of_runs = float(np.broadcast_to(seen.of_runs, seen.error.shape)[reference])
    error = float(seen.error[reference])
    by_law = one.gamma_sd * skills.decades if skills.ranked else one.gamma * skills.log10_error
    left, parts = total**2, []
    for variance in (error**2 - of_runs**2 + shift.fit, of_runs**2 + shift.of_runs, by_law**2):
        parts.append(np.minimum(np.full(n, variance), left))
        left = np.maximum(left - parts[-1], 0.0)
    fit, runs, frequencies = map(np.sqrt, parts)
    return Uncertainty(fit=fit, runs=runs, misfit=np.sqrt(left), frequencies=frequencies, total=total)


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
