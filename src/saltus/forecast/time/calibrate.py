"""Calibrate the extended multilinear model on the emergence of chosen skills (``Nam et al. 2024, Eq. 14``).

The model's logit is a straight line in exposure, ``logit(R/S) = logit(r/S) + rate * frequency * step``. Each run is
fitted by least squares with its rate and its half exposure, which are nearly uncorrelated, and the runs are averaged
in logarithms. (One fit to all runs at once would be biased: where runs differ in time, their mean curve is flatter than
any of them.)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit

from saltus._types import Floats
from saltus.curves.crossings import crossing_times, emerged_before
from saltus.curves.report import explained
from saltus.errors import InputError
from saltus.forecast.base.checks import OnSkill, checked_skills, not_risen
from saltus.forecast.base.weights import measured_errors, weights
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.constants import Covariance
from saltus.statistics import independent
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr


_ON_RISE = 0.49  # half-width of the rise about 0.5, in R/S: without a measurement on it, any larger rate fits as well


@explained
def calibrate_time(
    curves: xr.Dataset, frequencies: SkillFrequencies | None = None, on_skill: OnSkill = 1
) -> Calibration:
    """Fit rate and initial strength to the measured strengths of one skill, or of several together.

    Args:
        curves: labelled curves (`saltus.curves`).
        frequencies: of the curves' skills; by default those that the curves carry.
        on_skill: the skill to calibrate on, by number (from 1) or by name, or several.

    Returns:
        The constants, from the runs in which at least one of the chosen skills emerged.

    Raises:
        InputError: if there is no such skill, or none of them emerged in any run.
    """
    skills = checked_skills(on_skill, curves)
    all_frequencies = curves["frequency"] if frequencies is None else frequencies.pmf(curves["skill"].to_numpy())
    chosen = [skill - 1 for skill in skills]
    frequency, of_skills = np.asarray(all_frequencies, dtype=float)[chosen], curves.isel(skill=chosen)
    fits = [fit for run in range(curves.sizes["run"]) if (fit := _fit_run(of_skills, run, frequency)) is not None]
    if not fits:
        raise not_risen(of_skills, "train longer, or measure more often while it rises")
    constants = np.array([fit.x for fit in fits])
    of_residuals = np.sum([_residual_covariance(fit) for fit in fits], axis=0) / len(fits) ** 2
    log_rate, log_half = constants.mean(axis=0)
    return Calibration(
        rate=math.exp(log_rate),
        half_exposure=math.exp(log_half),
        covariance=_as_tuples(np.cov(constants.T) / len(fits) if len(fits) > 1 else of_residuals),
        error_source="spread over runs" if len(fits) > 1 else "residuals",
        fit_covariance=_as_tuples(of_residuals),
        fit_degrees=max(sum(independent(fit.fun) - 2 for fit in fits), 1.0),
        residual=math.sqrt(np.mean(np.concatenate([fit.fun for fit in fits]) ** 2)),
        target_scale=float(curves.attrs["target_scale"]),
        flow_learning_rate=float(curves.attrs["flow_learning_rate"]),
        skills=skills,
        frequency=float(np.exp(np.log(frequency).mean())),
        n_skills=curves.sizes["skill"],
        n_runs=len(fits),
    )


def has_emerged(curves: xr.Dataset, on_skill: OnSkill = 1) -> bool:
    """Whether one of the skills rises through R/S = 0.1 and 0.5 in any run, as `calibrate_time` needs."""
    of_skills = curves.isel(skill=[skill - 1 for skill in checked_skills(on_skill, curves)])
    early, half = _rises(of_skills)
    return bool(np.any(half > early))


def _rises(curves: xr.Dataset) -> tuple[Floats, Floats]:
    """Steps at R/S = 0.1, or of a first measurement that stands above it, and at 0.5; shape ``(runs, skills)``."""
    early = crossing_times(curves, 0.1)
    return np.where(np.isnan(early), emerged_before(curves, 0.1), early), crossing_times(curves)


def _fit_run(curves: xr.Dataset, run: int, frequency: Floats) -> Any:
    """The fit to the emerged skills of one run; None without any, or without a measurement on a rise."""
    early, half = (steps[run] for steps in _rises(curves))
    emerged = half > early
    if not emerged.any():
        return None
    exposure = frequency[emerged, None] * curves["step"].to_numpy()
    strength = curves["strength"].to_numpy()[run, emerged]
    measured = np.isfinite(strength)
    first = emerged.argmax()
    start = frequency[first] * early[first], frequency[first] * half[first]
    weight = weights(measured_errors(curves)[run, emerged][measured])
    fit = _fit_logistic(exposure[measured], strength[measured], weight, *start)
    on_rise = np.abs(fit.fun / weight + strength[measured] - 0.5) < _ON_RISE
    return fit if on_rise.any() else None


def _fit_logistic(x: Floats, y: Floats, weight: Floats, early: float, half: float) -> Any:
    """Least squares for log(rate) and log(half exposure), started at the crossings of 0.1 and 0.5, with weights."""

    def residuals(constants: Floats) -> Floats:
        rate, half_exposure = np.exp(constants)
        return np.asarray((expit(rate * (x - half_exposure)) - y) * weight)

    def jacobian(constants: Floats) -> Floats:
        rate, half_exposure = np.exp(constants)
        logit = rate * (x - half_exposure)
        slope = expit(logit) * expit(-logit)
        return np.column_stack([slope * logit, -slope * rate * half_exposure]) * weight[:, None]

    start = np.log([math.log(9) / (half - early), half])
    fit = least_squares(residuals, start, jac=jacobian, x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12)
    if not fit.success:
        raise InputError("the logistic fit must converge", fit.message, "check that the curve rises once, from 0 to 1")
    return fit


def _residual_covariance(fit: Any) -> Floats:
    """Covariance of the constants, from residuals of equal variance whose neighbours may be correlated."""
    n = len(fit.fun)
    variance = fit.fun @ fit.fun / max(n - len(fit.x), 1) * n / independent(fit.fun)
    return np.asarray(variance * np.linalg.inv(fit.jac.T @ fit.jac))


def _as_tuples(covariance: Floats) -> Covariance:
    (a, b), (c, d) = covariance.tolist()
    return (a, b), (c, d)
