"""Forecast when skills emerge, from a calibration, with intervals; and set the forecast beside what happened."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from saltus._types import Floats
from saltus.curves.crossings import crossing_times, emergence_times
from saltus.errors import InputError
from saltus.forecast.base import EmergenceForecast, Uncertainty, require_level, require_same_skills
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.own_growth import growth, sharpen
from saltus.statistics import degrees_of_sum, student_quantile
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills

if TYPE_CHECKING:
    import xarray as xr

    from saltus.forecast.time.calibration import Calibration




def forecast_emergence(
    calibration: Calibration,
    frequencies: SkillFrequencies,
    *,
    measured: xr.Dataset | None,
    threshold: float,
    until: float | None,
    departure: Departure,
    level: float,
    frequency_error: Floats | None,
) -> EmergenceForecast:
    """Emergence times of all skills; `Calibration.forecast` says what the arguments mean."""
    require_level(level)
    if until is not None and not until >= 0:
        raise InputError("until must be a step of at least 0", until, "give the last step that may be used")
    if not (0 < threshold < 1 and logit(threshold) > calibration.initial_logit):
        start = f"{calibration.initial_strength / calibration.target_scale:.3g}, where the calibrated curve starts"
        raise InputError(f"threshold must lie between {start}, and 1", threshold, "give a share of the full strength")
    skill = np.arange(1, require_finite_skills(frequencies) + 1)
    if measured is not None:
        require_same_skills(measured, len(skill))
    frequency = frequencies.pmf(skill)
    decades = np.asarray(np.log10(calibration.frequency / frequency), dtype=np.float64)
    model_time = np.log10(calibration.model(frequencies).emergence_time(skill, threshold))
    log_time = model_time + departure.mean(decades, threshold)
    unknown = np.zeros(len(skill)) if frequency_error is None else frequency_error
    fit, runs, misfit, of_frequency = _variances(calibration, threshold, departure, decades, unknown)
    degrees = degrees_of_sum(
        np.column_stack([fit, runs, misfit, of_frequency]),
        [calibration.fit_degrees, calibration.n_runs - 1, departure.degrees, math.inf],
    )
    total, sharpened = np.sqrt(fit + runs + misfit + of_frequency), np.zeros(len(skill), dtype=bool)
    if measured is not None and until is not None:
        known = measured.sel(step=(measured["step"] <= until) & (measured["step"] > 0))
        for k in _still_to_come(known, threshold, calibration.skills):
            curve = known.isel(skill=k)
            shift, total[k] = _by_own_growth(curve, calibration, frequency[k], unknown[k], threshold, departure)
            log_time[k], sharpened[k] = log_time[k] + shift, True
    reach = student_quantile(0.5 + level / 2, degrees) * total
    return EmergenceForecast(
        threshold=threshold,
        skill=skill,
        frequency=frequency,
        emergence_time=10**log_time,
        interval=10 ** np.column_stack([log_time - reach, log_time + reach]),
        level=level,
        uncertainty=Uncertainty(np.sqrt(fit), np.sqrt(runs), np.sqrt(misfit), np.sqrt(of_frequency), total),
        sharpened=sharpened,
        measured=None if measured is None else emergence_times(measured, threshold),
    )


def _variances(
    calibration: Calibration, threshold: float, departure: Departure, decades: Floats, frequency_error: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    """Of log10(time): from the fit, from runs that differ, from misfit, from frequencies that were fitted."""
    fit = calibration.log10_time_variance(threshold, calibration.fit_covariance)
    # Runs that differ less than their fits' noise show no difference.
    runs = max(calibration.log10_time_variance(threshold) - fit, 0.0)
    same = np.ones_like(decades)
    of_frequency = (frequency_error * departure.time_per_decade(threshold)) ** 2
    return fit * same, runs * same, departure.sd(decades, threshold) ** 2, of_frequency


def _still_to_come(known: xr.Dataset, threshold: float, calibrated: tuple[int, ...]) -> list[int]:
    """Positions of skills that have been measured, have not passed the threshold, and were not calibrated on."""
    if known.sizes["step"] == 0:
        return []
    measured = np.isfinite(known["strength"].to_numpy()).any(axis=(0, 2))
    emerged = np.isfinite(crossing_times(known, threshold)).any(axis=0)
    return [int(k) for k in np.flatnonzero(measured & ~emerged) if k + 1 not in calibrated]


def _by_own_growth(
    curve: xr.Dataset,
    calibration: Calibration,
    frequency: float,
    frequency_error: float,
    threshold: float,
    departure: Departure,
) -> tuple[float, float]:
    """How far one skill's early strengths shift the forecast of log10(time), and its standard deviation then."""
    decades, unknown = np.asarray(math.log10(calibration.frequency / frequency)), np.asarray(frequency_error)
    prior = math.log10(calibration.half_exposure / frequency) + float(departure.mean(decades))
    at_half, at_threshold = (
        math.sqrt(float(sum(_variances(calibration, at, departure, decades, unknown)))) for at in (0.5, threshold)
    )
    steps, strength, error = growth(curve, calibration)
    if at_half == 0 or steps.size == 0:
        return 0.0, at_threshold
    mean, sd = sharpen(
        prior,
        at_half,
        steps=steps,
        strength=strength,
        error=error,
        initial_logit=calibration.initial_logit,
        decades=float(decades),
        departure=departure,
    )
    beyond_half = max(at_threshold**2 - at_half**2, 0.0)  # what the threshold adds to the doubt stays
    return mean - prior, min(at_threshold, math.sqrt(sd**2 + beyond_half))
