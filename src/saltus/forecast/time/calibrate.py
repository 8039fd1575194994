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
from saltus.curves.names import named, skill_names
from saltus.curves.report import explained
from saltus.errors import InputError
from saltus.forecast.base.checks import OnSkill, checked_skills, not_risen
from saltus.forecast.base.degenerate import DegenerateFitError
from saltus.forecast.base.weights import measured_errors, weights
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.constants import Covariance
from saltus.statistics import independent
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr


_ON_RISE = 0.45  # half-width of the rise about 0.5, in R/S: two constants need two measurements on it
_LEAST_NOISE = 0.01  # error of a strength, in R/S, that a fit must stand, however small its residuals
_UNDETERMINED = 1.0  # standard error of a constant's logarithm from which it is not determined
_LARGEST = 700.0  # largest exponent whose exponential is a number
_HUGE = 1e100  # largest entry of a Jacobian, so that its square is a number
_STEEPEST = 500.0  # largest distance from start to half, in logits: beyond, the start is no number


@explained
def calibrate_time(
    curves: xr.Dataset, frequencies: SkillFrequencies | None = None, on_skill: OnSkill | None = 1
) -> Calibration:
    """Fit rate and initial strength to the measured strengths of one skill, or of several together.

    Args:
        curves: labelled curves (`saltus.curves`).
        frequencies: of the curves' skills; by default those that the curves carry.
        on_skill: the skill to calibrate on, by number (from 1) or by name, or several; None for the most frequent skill
            whose rise can be fitted.

    Returns:
        The constants, from the runs in which at least one of the chosen skills emerged.

    Raises:
        InputError: if there is no such skill, or none of them emerged in any run.
        DegenerateFitError: an `InputError`, if they emerged, but with fewer than two measurements on the rise, or in
            another way that leaves the constants undetermined.
    """
    if on_skill is None:
        return _on_first_that_can(curves, frequencies)
    skills = checked_skills(on_skill, curves)
    all_frequencies = curves["frequency"] if frequencies is None else frequencies.pmf(curves["skill"].to_numpy())
    chosen = [skill - 1 for skill in skills]
    frequency, of_skills = np.asarray(all_frequencies, dtype=float)[chosen], curves.isel(skill=chosen)
    found = [_fit_run(of_skills, run, frequency) for run in range(curves.sizes["run"])]
    fits = [fit for fit in found if fit is not None and not isinstance(fit, DegenerateFitError)]
    if not fits:
        lacking = [fit for fit in found if isinstance(fit, DegenerateFitError)]
        raise lacking[0] if lacking else not_risen(of_skills, "train longer, or measure more often while it rises")
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


def _on_first_that_can(curves: xr.Dataset, frequencies: SkillFrequencies | None) -> Calibration:
    lacking: InputError | None = None
    for skill in range(1, curves.sizes["skill"] + 1):
        if has_emerged(curves, skill):
            try:
                return calibrate_time(curves, frequencies, skill)
            except DegenerateFitError as error:
                lacking = lacking or error
    raise lacking or not_risen(curves, "train longer, or measure more often while it rises")


def has_emerged(curves: xr.Dataset, on_skill: OnSkill | None = 1) -> bool:
    """Whether one of the skills (None: any) rises through R/S = 0.1 and 0.5 in any run, as `calibrate_time` needs."""
    of_skills = curves
    if on_skill is not None:
        of_skills = curves.isel(skill=[skill - 1 for skill in checked_skills(on_skill, curves)])
    early, half = _rises(of_skills)
    return bool(np.any(half > early))


def first_risen(curves: xr.Dataset) -> int:
    """The most frequent skill that has emerged, from 1; skill 1 without any."""
    return next((skill for skill in range(1, curves.sizes["skill"] + 1) if has_emerged(curves, skill)), 1)


def _rises(curves: xr.Dataset) -> tuple[Floats, Floats]:
    """Steps at R/S = 0.1, or of a first measurement that stands above it, and at 0.5; shape ``(runs, skills)``."""
    early = crossing_times(curves, 0.1)
    return np.where(np.isnan(early), emerged_before(curves, 0.1), early), crossing_times(curves)


def _fit_run(curves: xr.Dataset, run: int, frequency: Floats) -> Any:
    """The fit to the emerged skills of one run; None without any, or the reason why their rise cannot be fitted."""
    early, half = (steps[run] for steps in _rises(curves))
    emerged = half > early
    if not emerged.any():
        return None
    steps = curves["step"].to_numpy().astype(float)
    exposure, strength = frequency[emerged, None] * steps, curves["strength"].to_numpy()[run, emerged]
    measured = np.isfinite(strength)
    first = emerged.argmax()
    who = named(skill_names(curves)[first])
    on_rise = measured & (np.abs(strength - 0.5) <= _ON_RISE)
    if np.unique(exposure[on_rise]).size < 2:
        return _too_few(who, _as_logged(curves), strength[0], int(on_rise[0].sum()))
    start = frequency[first] * early[first], frequency[first] * half[first]
    error = measured_errors(curves)[run, emerged][measured]
    fit = _fit_logistic(exposure[measured], strength[measured], error, *start)
    return fit if _is_determined(fit) else _undetermined(who)


def _as_logged(curves: xr.Dataset) -> Floats:
    """Steps as the file has them, where the curves run over effective time."""
    return np.asarray(curves.coords.get("logged_step", curves["step"]).to_numpy(), dtype=float)


def _too_few(who: str, steps: Floats, strength: Floats, n_on_rise: int) -> DegenerateFitError:
    """The reason that names the measurements around the rise of one curve."""
    after = int((strength >= 0.5 + _ON_RISE).argmax()) if (strength >= 0.5 + _ON_RISE).any() else len(steps) - 1
    low = np.flatnonzero(strength[:after] < 0.5 - _ON_RISE)
    before = int(low[-1]) if low.size else 0
    between = f"({steps[before]:.12g} and {steps[after]:.12g})"
    found = (
        "rose between two measurements"
        if n_on_rise == 0
        else "has a single measurement on its rise, between two others"
    )
    return DegenerateFitError(f"{who} {found} {between}", "measure more often while it rises")


def _undetermined(who: str) -> DegenerateFitError:
    return DegenerateFitError(
        f"the rise of {who} does not determine a logistic curve", "check that the curve rises once, from 0 to 1"
    )


def _is_determined(fit: Any) -> bool:
    """Whether a fit has converged to constants that the measurements tell, even with a little noise."""
    log_rate, log_half = fit.x
    if not (fit.success and np.isfinite(fit.fun).all() and log_rate + log_half < math.log(_STEEPEST)):
        return False
    weakest = np.linalg.svd(fit.jac, compute_uv=False)[-1]
    noise = max(_LEAST_NOISE, math.sqrt(np.mean(fit.fun**2)))
    return bool(noise < _UNDETERMINED * weakest and max(abs(log_rate), abs(log_half)) < _LARGEST)


def _fit_logistic(x: Floats, y: Floats, error: Floats, early: float, half: float) -> Any:
    """Least squares for log(rate) and log(half exposure), started at the crossings of 0.1 and 0.5.

    Residuals are weighed by ``error``, which may be NaN; ``noise`` of the fit is what it makes of theirs, 0 if unknown.
    """
    weight = weights(error)

    def logit(constants: Floats) -> tuple[Floats, float]:
        rate, half_exposure = np.exp(np.clip(constants, -_LARGEST, _LARGEST))
        with np.errstate(over="ignore"):  # beyond the largest exponent a logistic is flat
            return np.clip(rate * (x - half_exposure), -_LARGEST, _LARGEST), float(rate * half_exposure)

    def residuals(constants: Floats) -> Floats:
        return np.asarray((expit(logit(constants)[0]) - y) * weight)

    def jacobian(constants: Floats) -> Floats:
        at, start = logit(constants)
        slope = expit(at) * expit(-at)
        return np.column_stack([slope * at, -slope * min(start, _HUGE)]) * weight[:, None]

    start = np.log([math.log(9) / (half - early), half])
    fit = least_squares(residuals, start, jac=jacobian, x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12)
    fit.noise = error * weight if np.isfinite(error).all() else np.zeros(len(y))
    return fit


def _residual_covariance(fit: Any) -> Floats:
    """Covariance of the constants, from residuals of equal variance whose neighbours may be correlated.

    Errors of measurement may make it larger: accuracies scatter most where they rise.
    """
    n = len(fit.fun)
    variance = fit.fun @ fit.fun / max(n - len(fit.x), 1) * n / independent(fit.fun)
    inverse = np.linalg.inv(fit.jac.T @ fit.jac)
    of_errors = inverse @ (fit.jac.T * fit.noise**2 @ fit.jac) @ inverse
    of_residuals = variance * inverse
    return np.asarray(of_errors if of_errors[1, 1] > of_residuals[1, 1] else of_residuals)


def _as_tuples(covariance: Floats) -> Covariance:
    (a, b), (c, d) = covariance.tolist()
    return (a, b), (c, d)
