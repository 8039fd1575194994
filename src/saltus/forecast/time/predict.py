"""Forecast when skills emerge, from calibrated constants, with intervals; and set the forecast beside the measurements.

The logarithm of a skill's emergence time is taken for normal: its mean is the model's time with the departure of
networks added, its variance a sum over independent sources. A skill's own early strengths then sharpen both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from saltus._types import Flags, Floats
from saltus.curves.crossings import crossing_times, emerged_before, emergence_times
from saltus.errors import InputError
from saltus.forecast.base.checks import require_level, require_same_skills
from saltus.forecast.base.results import EmergenceForecast, Uncertainty
from saltus.forecast.time.constants import TimeConstants
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.own_growth import growth, sharpen
from saltus.statistics import degrees_of_sum, powers_of_ten, student_quantile
from saltus.theory.frequencies import Frequencies, SkillFrequencies, require_finite_skills

if TYPE_CHECKING:
    import xarray as xr


def forecast_emergence(
    constants: TimeConstants,
    frequencies: SkillFrequencies,
    *,
    measured: xr.Dataset | None,
    threshold: float,
    until: float | None,
    departure: Departure,
    level: float,
    frequency_error: Floats | None,
) -> EmergenceForecast:
    """Emergence times of all skills; for the arguments see `Calibration.forecast`."""
    require_level(level)
    if until is not None and not until >= 0:
        raise InputError("until must be a step of at least 0", until, "give the last step that may be used")
    require_threshold(constants, threshold)
    skill = np.arange(1, require_finite_skills(frequencies) + 1)
    if measured is not None:
        require_same_skills(measured, len(skill))
    unknown = np.zeros(len(skill)) if frequency_error is None else frequency_error
    expected = expected_emergence(constants, frequencies.pmf(skill), threshold, departure, unknown)
    log_time, total, sharpened = _sharpened(constants, expected, unknown, measured, until)
    reach = student_quantile(0.5 + level / 2, expected.degrees) * total
    time, interval = powers_of_ten(log_time), powers_of_ten(np.column_stack([log_time - reach, log_time + reach]))
    not_before = not_come_by(measured, threshold, until, len(skill))
    return EmergenceForecast(
        threshold=threshold,
        skill=skill,
        frequency=expected.frequency,
        emergence_time=np.maximum(time, not_before),
        interval=np.maximum(interval, not_before[:, None]),
        level=level,
        uncertainty=expected.variances.uncertainty(total),
        sharpened=sharpened,
        measured=None if measured is None else emergence_times(measured, threshold),
        degrees=expected.degrees,
        cut=interval[:, 0] < not_before,
    )


def require_threshold(constants: TimeConstants, threshold: float) -> None:
    """Raise `InputError` unless the calibrated curve passes the threshold."""
    if not (0 < threshold < 1 and logit(threshold) > constants.initial_logit):
        start = f"{constants.initial_strength / constants.target_scale:.3g}, where the calibrated curve starts"
        raise InputError(f"threshold must lie between {start}, and 1", threshold, "give a share of the full strength")


@dataclass(frozen=True)
class Variances:
    """Variances of log10(emergence time) by source, arrays of shape ``(n_skills,)``; sources as for `Uncertainty`."""

    fit: Floats
    runs: Floats
    misfit: Floats
    frequencies: Floats

    @property
    def total(self) -> Floats:
        """Sum over the independent sources."""
        return self.fit + self.runs + self.misfit + self.frequencies

    def uncertainty(self, total: Floats) -> Uncertainty:
        """The standard deviations, beside a total that early strengths may have sharpened."""
        fit, runs, misfit, frequencies = map(np.sqrt, (self.fit, self.runs, self.misfit, self.frequencies))
        return Uncertainty(fit, runs, misfit, frequencies, total)


@dataclass(frozen=True)
class Expected:
    """Emergence times before any early strength is used; arrays of shape ``(n_skills,)``.

    Attributes:
        frequency: of each skill.
        threshold: R/S.
        departure: of networks from the model.
        log_time: expected log10 of the step.
        variances: of log10 of the step.
        degrees: degrees of freedom of the summed variances.
    """

    frequency: Floats
    threshold: float
    departure: Departure
    log_time: Floats
    variances: Variances
    degrees: Floats

    def quantile(self, probability: float) -> Floats:
        """Step by which each skill has emerged with that probability."""
        reach = student_quantile(probability, self.degrees) * np.sqrt(self.variances.total)
        return powers_of_ten(self.log_time + reach)


def expected_emergence(
    constants: TimeConstants, frequency: Floats, threshold: float, departure: Departure, frequency_error: Floats
) -> Expected:
    """Emergence times that the constants alone make likely.

    Args:
        constants: of the network and its training.
        frequency: of each skill, shape ``(n_skills,)``; skills are decoupled, so that it need not add up to 1.
        threshold: R/S.
        departure: of networks from the model.
        frequency_error: standard deviation of log10(frequency), same shape.
    """
    exposure = constants.model(Frequencies([1.0])).emergence_time(1, threshold)  # time at frequency 1
    decades = np.asarray(np.log10(constants.frequency / frequency), dtype=np.float64)
    variances = _variances(constants, threshold, departure, decades, frequency_error)
    return Expected(
        frequency=frequency,
        threshold=threshold,
        departure=departure,
        log_time=np.log10(exposure / frequency) + departure.mean(decades, threshold),
        variances=variances,
        degrees=degrees_of_sum(
            np.column_stack([variances.fit, variances.runs, variances.misfit, variances.frequencies]),
            [constants.fit_degrees, constants.n_runs - 1, departure.degrees, math.inf],
        ),
    )


def _variances(
    constants: TimeConstants, threshold: float, departure: Departure, decades: Floats, frequency_error: Floats
) -> Variances:
    fit = constants.log10_time_variance(threshold, constants.fit_covariance)
    # Runs that differ less than their fits' noise show no difference.
    runs = max(constants.log10_time_variance(threshold) - fit, 0.0)
    same = np.ones_like(decades)
    of_frequency = (frequency_error * departure.time_per_decade(threshold)) ** 2
    return Variances(fit * same, runs * same, departure.sd(decades, threshold) ** 2, of_frequency)


def _sharpened(
    constants: TimeConstants,
    expected: Expected,
    frequency_error: Floats,
    measured: xr.Dataset | None,
    until: float | None,
) -> tuple[Floats, Floats, Flags]:
    """log10(time), its standard deviation, and whether the skill's own strengths up to a step changed them."""
    log_time, total = expected.log_time.copy(), np.sqrt(expected.variances.total)
    sharpened = np.zeros(len(log_time), dtype=bool)
    if measured is None or until is None:
        return log_time, total, sharpened
    known = measured.sel(step=(measured["step"] <= until) & (measured["step"] > 0))
    for k in _still_to_come(known, expected.threshold, constants.skills):
        shift, total[k] = _by_own_growth(known.isel(skill=k), constants, expected, k, frequency_error[k])
        log_time[k], sharpened[k] = log_time[k] + shift, True
    return log_time, total, sharpened


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


def _still_to_come(known: xr.Dataset, threshold: float, calibrated: tuple[int, ...]) -> list[int]:
    """Positions of skills that have been measured, have not passed the threshold, and were not calibrated on."""
    if known.sizes["step"] == 0:
        return []
    measured = np.isfinite(known["strength"].to_numpy()).any(axis=(0, 2))
    passed = (crossing_times(known, threshold), emerged_before(known, threshold))
    emerged = np.isfinite(passed).any(axis=(0, 1))
    return [int(k) for k in np.flatnonzero(measured & ~emerged) if k + 1 not in calibrated]


def _by_own_growth(
    curve: xr.Dataset, constants: TimeConstants, expected: Expected, k: int, frequency_error: float
) -> tuple[float, float]:
    """Shift of one skill's log10(time) by its own early strengths, and the standard deviation that remains."""
    departure, frequency = expected.departure, expected.frequency[k]
    decades = np.asarray(math.log10(constants.frequency / frequency))
    at_half = math.sqrt(float(_variances(constants, 0.5, departure, decades, np.asarray(frequency_error)).total))
    at_threshold = math.sqrt(float(expected.variances.total[k]))
    steps, strength, error = growth(curve, constants.residual)
    if at_half == 0 or steps.size == 0:
        return 0.0, at_threshold
    prior = math.log10(constants.half_exposure / frequency) + float(departure.mean(decades))
    mean, sd = sharpen(
        prior,
        at_half,
        steps=steps,
        strength=strength,
        error=error,
        initial_logit=constants.initial_logit,
        decades=float(decades),
        departure=departure,
    )
    beyond_half = max(at_threshold**2 - at_half**2, 0.0)  # variance that the threshold adds to that at half strength
    return mean - prior, min(at_threshold, math.sqrt(sd**2 + beyond_half))
