"""Calibrate the extended multilinear model on the emergence of one skill (``Nam et al. 2024, Eq. 14``).

The model's logit is a straight line in time, ``logit(R/S) = logit(r/S) + rate * frequency * step``. Each run is fitted
by least squares with its rate and its half-strength time, which are nearly uncorrelated, and the runs are averaged
in logarithms. (One fit to all runs at once would be biased: where runs differ in time, their mean curve is flatter than
any of them.)
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
from saltus.forecast.predict import EmergenceForecast, forecast_emergence
from saltus.theory.frequencies import SkillFrequencies
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Calibration:
    """The extended model's two constants, with standard errors.

    Attributes:
        rate: growth of the logit per step for a skill of frequency 1, ``2 eta B^2 S``.
        half_exposure: frequency times step at which R/S is 0.5.
        covariance: of ``log(rate)`` and ``log(half_exposure)``.
        error_source: where the covariance comes from: "spread over runs", or with one run "residuals", which takes
            them as independent.
        residual: root mean square of measured minus fitted R/S.
        target_scale: S.
        flow_learning_rate: eta of the calibrated curves, NaN if unknown (then B^2 is unknown too).
        skill, n_skills, n_runs: what the fit used.
    """

    rate: float
    half_exposure: float
    covariance: tuple[tuple[float, float], tuple[float, float]]
    error_source: str
    residual: float
    target_scale: float
    flow_learning_rate: float
    skill: int
    n_skills: int
    n_runs: int

    @property
    def rate_error(self) -> float:
        return self.rate * math.sqrt(self.covariance[0][0])

    @property
    def half_exposure_error(self) -> float:
        return self.half_exposure * math.sqrt(self.covariance[1][1])

    @property
    def initial_logit(self) -> float:
        """``log(r / (S - r))``, where the fitted line starts."""
        return -self.rate * self.half_exposure

    @property
    def initial_logit_error(self) -> float:
        return -self.initial_logit * math.sqrt(sum(map(sum, self.covariance)))

    @property
    def initial_strength(self) -> float:
        """r = R(0), the strength at which the fitted curve starts."""
        return self.target_scale * float(expit(self.initial_logit))

    @property
    def initial_strength_error(self) -> float:
        return self.initial_strength * float(expit(-self.initial_logit)) * self.initial_logit_error

    @property
    def feature_rate_squared(self) -> float:
        """B^2, how much slower the network learns than the multilinear model."""
        return self.rate / (2 * self.flow_learning_rate * self.target_scale)

    @property
    def feature_rate_squared_error(self) -> float:
        return self.feature_rate_squared * math.sqrt(self.covariance[0][0])

    def model(self, frequencies: SkillFrequencies) -> Multilinear:
        """The calibrated model for any frequencies, in steps of the calibrated curves."""
        return Multilinear(
            frequencies,
            target_scale=self.target_scale,
            initial_strength=self.initial_strength,
            learning_rate=self.rate / (2 * self.target_scale),
        )

    def forecast(
        self, frequencies: SkillFrequencies, *, measured: xr.Dataset | None = None, threshold: float = 0.5
    ) -> EmergenceForecast:
        """Forecast when each skill emerges.

        Args:
            frequencies: of the skills to forecast, finitely many.
            measured: curves of the same skills, to set the forecast beside what happened.
            threshold: the strength R/S that counts as emerged, between 0 and 1.

        Raises:
            InputError: if there are infinitely many skills, or ``threshold`` is out of range.
        """
        return forecast_emergence(self.model(frequencies), measured, threshold)

    def summary(self) -> dict[str, Any]:
        """All constants and derived quantities with their errors, for a report; unknown ones are NaN."""
        values: dict[str, Any] = {}
        for name in ("feature_rate_squared", "initial_strength", "rate", "half_exposure", "initial_logit"):
            values[name], values[f"{name}_error"] = getattr(self, name), getattr(self, f"{name}_error")
        return values | asdict(self)


def calibrate(curves: xr.Dataset, frequencies: SkillFrequencies | None = None, on_skill: int = 1) -> Calibration:
    """Fit rate and initial strength to the measured strengths of one skill.

    Args:
        curves: labelled curves (`saltus.curves`).
        frequencies: of the curves' skills; by default those that the curves carry.
        on_skill: the skill to calibrate on, from 1.

    Returns:
        The constants, from the runs in which that skill emerged.

    Raises:
        InputError: if there is no such skill, or it did not emerge in any run.
    """
    skill = require_whole("on_skill", on_skill, 1, "skills count from 1")
    n_skills = curves.sizes["skill"]
    if skill > n_skills:
        raise InputError(f"on_skill must be at most {n_skills}, the number of skills", on_skill, "choose one of them")
    of_skill = np.asarray(curves["frequency"] if frequencies is None else frequencies.pmf(curves["skill"].to_numpy()))
    one = curves.isel(skill=[skill - 1])
    exposure = float(of_skill[skill - 1]) * one["step"].to_numpy()
    early, half = (crossing_times(one, level)[:, 0] * of_skill[skill - 1] for level in (0.1, 0.5))
    emerged = np.flatnonzero(half > early)
    if emerged.size == 0:
        highest = float(one["strength"].max())
        raise InputError(
            "the skill to calibrate on must rise through R/S = 0.1 and 0.5", highest, "train longer or measure earlier"
        )
    fits = [_fit_logistic(exposure, one["strength"].to_numpy()[run, 0], early[run], half[run]) for run in emerged]
    constants = np.array([fit.x for fit in fits])
    covariance = np.cov(constants.T) / len(fits) if len(fits) > 1 else _residual_covariance(fits[0])
    log_rate, log_half = constants.mean(axis=0)
    return Calibration(
        rate=math.exp(log_rate),
        half_exposure=math.exp(log_half),
        covariance=(tuple(covariance[0].tolist()), tuple(covariance[1].tolist())),
        error_source="spread over runs" if len(fits) > 1 else "residuals",
        residual=math.sqrt(np.mean(np.concatenate([fit.fun for fit in fits]) ** 2)),
        target_scale=float(curves.attrs["target_scale"]),
        flow_learning_rate=float(curves.attrs["flow_learning_rate"]),
        skill=skill,
        n_skills=n_skills,
        n_runs=len(fits),
    )


def _fit_logistic(exposure: NDArray[np.float64], strength: NDArray[np.float64], early: float, half: float) -> Any:
    """Least squares for log(rate) and log(half exposure), from the curve through its 0.1 and 0.5 crossings."""
    measured = np.isfinite(strength)
    x, y = exposure[measured], strength[measured]

    def residuals(constants: NDArray[np.float64]) -> NDArray[np.float64]:
        rate, half_exposure = np.exp(constants)
        return np.asarray(expit(rate * (x - half_exposure)) - y)

    def jacobian(constants: NDArray[np.float64]) -> NDArray[np.float64]:
        rate, half_exposure = np.exp(constants)
        logit = rate * (x - half_exposure)
        slope = expit(logit) * expit(-logit)
        return np.column_stack([slope * logit, -slope * rate * half_exposure])

    start = np.log([math.log(9) / (half - early), half])
    fit = least_squares(residuals, start, jac=jacobian, x_scale="jac", xtol=1e-12, ftol=1e-12, gtol=1e-12)
    if not fit.success:
        raise InputError("the logistic fit must converge", fit.message, "check that the curve rises once, from 0 to 1")
    return fit


def _residual_covariance(fit: Any) -> NDArray[np.float64]:
    variance = fit.fun @ fit.fun / (len(fit.fun) - len(fit.x))
    return np.asarray(variance * np.linalg.inv(fit.jac.T @ fit.jac))
