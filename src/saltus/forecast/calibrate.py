"""Calibrate the extended multilinear model on the emergence of one skill (``Nam et al. 2024, Eq. 14``).

The model's logit is a straight line in time, ``logit(R/S) = logit(r/S) + rate * frequency * step``; its slope and
start are fitted by least squares on the strengths of all runs.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import expit

from saltus.curves import crossing_times
from saltus.errors import InputError, require_whole
from saltus.theory.frequencies import SkillFrequencies
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Calibration:
    """The extended model's two constants, with standard errors.

    Attributes:
        rate: growth of the logit per step for a skill of frequency 1, ``2 eta B^2 S``.
        initial_logit: ``log(r / (S - r))``, where the logit starts.
        log_rate_error: standard error of ``log(rate)``.
        initial_logit_error: standard error of ``initial_logit``.
        correlation: between the errors of ``log(rate)`` and ``initial_logit``.
        error_source: "spread over runs" (robust to anything the runs do not share; needs two), or "residuals".
        residual: root mean square of measured minus fitted R/S.
        target_scale: S.
        flow_learning_rate: eta of the calibrated curves, NaN if unknown (then B^2 is unknown too).
        skill, n_skills, n_runs: what the fit used.
    """

    rate: float
    initial_logit: float
    log_rate_error: float
    initial_logit_error: float
    correlation: float
    error_source: str
    residual: float
    target_scale: float
    flow_learning_rate: float
    skill: int
    n_skills: int
    n_runs: int

    @property
    def feature_rate_squared(self) -> float:
        """B^2, how much slower the network learns than the multilinear model."""
        return self.rate / (2 * self.flow_learning_rate * self.target_scale)

    @property
    def feature_rate_squared_error(self) -> float:
        return self.feature_rate_squared * self.log_rate_error

    @property
    def initial_strength(self) -> float:
        """r = R(0), the strength at which the fitted curve starts."""
        return self.target_scale * float(expit(self.initial_logit))

    @property
    def initial_strength_error(self) -> float:
        return self.initial_strength * float(expit(-self.initial_logit)) * self.initial_logit_error

    def model(self, frequencies: SkillFrequencies) -> Multilinear:
        """The calibrated model for any frequencies, in steps of the calibrated curves."""
        return Multilinear(
            frequencies,
            target_scale=self.target_scale,
            initial_strength=self.initial_strength,
            learning_rate=self.rate / (2 * self.target_scale),
        )

    def summary(self) -> dict[str, Any]:
        """All constants and derived quantities as plain JSON data; unknown ones are None."""
        derived = ("feature_rate_squared", "feature_rate_squared_error", "initial_strength", "initial_strength_error")
        values = {name: getattr(self, name) for name in derived} | asdict(self)
        return {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in values.items()}


def calibrate(curves: xr.Dataset, frequencies: SkillFrequencies | None = None, on_skill: int = 1) -> Calibration:
    """Fit rate and initial strength to the measured strengths of one skill.

    Args:
        curves: labelled curves (`saltus.curves`).
        frequencies: of the curves' skills; by default those that the curves carry.
        on_skill: the skill to calibrate on, from 1.

    Returns:
        The constants, with standard errors. With two runs or more these are the sandwich errors that take each run as
        one observation; with one run they assume independent residuals.

    Raises:
        InputError: if there is no such skill, or it never passed R/S = 0.5.
    """
    skill = require_whole("on_skill", on_skill, 1, "skills count from 1")
    n_skills = curves.sizes["skill"]
    if skill > n_skills:
        raise InputError(f"on_skill must be at most {n_skills}, the number of skills", on_skill, "choose one of them")
    frequency = float(curves["frequency"][skill - 1] if frequencies is None else frequencies.pmf(np.array([skill]))[0])
    one = curves.isel(skill=[skill - 1])
    strength = one["strength"].to_numpy()[:, 0, :]
    run_index, step_index = np.nonzero(np.isfinite(strength))
    exposure = frequency * one["step"].to_numpy()[step_index]
    observed = strength[run_index, step_index]
    fit = _fit_logistic(exposure, observed, _starting_point(one, frequency))
    covariance, source = _covariance(fit.jac, fit.fun, run_index)
    log_rate_error, logit_error = np.sqrt(np.diag(covariance))
    return Calibration(
        rate=float(np.exp(fit.x[0])),
        initial_logit=float(fit.x[1]),
        log_rate_error=float(log_rate_error),
        initial_logit_error=float(logit_error),
        correlation=float(covariance[0, 1] / (log_rate_error * logit_error)),
        error_source=source,
        residual=float(np.sqrt(np.mean(fit.fun**2))),
        target_scale=float(curves.attrs["target_scale"]),
        flow_learning_rate=float(curves.attrs["flow_learning_rate"]),
        skill=skill,
        n_skills=n_skills,
        n_runs=int(np.unique(run_index).size),
    )


def _starting_point(one_skill: xr.Dataset, frequency: float) -> tuple[float, float]:
    """log(rate) and initial logit of the logistic through the median times at R/S = 0.1 and 0.5."""
    early, half = (
        np.nanmedian(t) if np.isfinite(t).any() else np.nan
        for t in (crossing_times(one_skill, level) for level in (0.1, 0.5))
    )
    if not half > early:
        highest = float(one_skill["strength"].max())
        raise InputError(
            "the skill to calibrate on must rise through R/S = 0.1 and 0.5", highest, "train longer or measure earlier"
        )
    slope = math.log(9) / (half - early)
    return math.log(slope / frequency), -slope * half


def _fit_logistic(exposure: NDArray[np.float64], observed: NDArray[np.float64], start: tuple[float, float]) -> Any:
    def residuals(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(expit(x[1] + np.exp(x[0]) * exposure) - observed)

    def jacobian(x: NDArray[np.float64]) -> NDArray[np.float64]:
        logit_growth = np.exp(x[0]) * exposure
        slope = expit(x[1] + logit_growth) * expit(-x[1] - logit_growth)
        return np.column_stack([slope * logit_growth, slope])

    fit = least_squares(residuals, start, jac=jacobian, x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12)
    if not fit.success:
        raise InputError("the logistic fit must converge", fit.message, "check that the curve rises once, from 0 to 1")
    return fit


def _covariance(
    jacobian: NDArray[np.float64], residuals: NDArray[np.float64], run_index: NDArray[np.int64]
) -> tuple[NDArray[np.float64], str]:
    """Covariance of the fitted parameters, and where it comes from."""
    bread = np.linalg.inv(jacobian.T @ jacobian)
    runs = np.unique(run_index)
    if len(runs) < 2:
        variance = residuals @ residuals / (len(residuals) - 2)
        return variance * bread, "residuals"
    scores = np.stack([jacobian[run_index == run].T @ residuals[run_index == run] for run in runs])
    return bread @ (scores.T @ scores) @ bread * len(runs) / (len(runs) - 1), "spread over runs"
