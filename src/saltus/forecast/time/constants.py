"""The two constants of the extended model over steps, with their errors and the quantities that follow from them.

Nam et al. 2024, Eq. 14, in the two constants that curves determine almost independently: how fast the logit of a skill
grows, and the exposure (frequency times step) at which a skill is half learned.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import expit, logit

from saltus.theory.frequencies import SkillFrequencies
from saltus.theory.multilinear import Multilinear

Covariance = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class TimeConstants:
    """The extended model's two constants, with standard errors.

    Attributes:
        rate: growth of the logit per step for a skill of frequency 1, ``2 eta B^2 S``.
        half_exposure: frequency times step at which R/S is 0.5.
        covariance: of ``log(rate)`` and ``log(half_exposure)``.
        error_source: where the covariance comes from: "spread over runs", or with one run "residuals".
        fit_covariance: the part of `covariance` that comes from the fits' residuals; the remainder is run-to-run
            spread.
        fit_degrees: its degrees of freedom: effective number of independent measurements minus fitted constants.
        residual: root mean square of measured minus fitted R/S.
        target_scale: S.
        flow_learning_rate: eta of the calibrated curves, NaN if unknown (then B^2 is unknown too).
        skills: numbers of the skills that the fit used, from 1.
        frequency: geometric mean of their frequencies; forecasts of other frequencies are extrapolations.
        n_skills: number of skills of the curves.
        n_runs: number of runs that the fit used.
    """

    rate: float
    half_exposure: float
    covariance: Covariance
    error_source: str
    fit_covariance: Covariance
    fit_degrees: float
    residual: float
    target_scale: float
    flow_learning_rate: float
    skills: tuple[int, ...]
    frequency: float
    n_skills: int
    n_runs: int

    @property
    def rate_error(self) -> float:
        """Standard error of `rate`."""
        return self.rate * math.sqrt(self.covariance[0][0])

    @property
    def half_exposure_error(self) -> float:
        """Standard error of `half_exposure`."""
        return self.half_exposure * math.sqrt(self.covariance[1][1])

    @property
    def initial_logit(self) -> float:
        """``log(r / (S - r))``, where the fitted line starts."""
        return -self.rate * self.half_exposure

    @property
    def lowest_threshold(self) -> float:
        """R/S where the fitted line starts: no lower threshold has a time."""
        return float(expit(self.initial_logit))

    @property
    def initial_logit_error(self) -> float:
        """Standard error of `initial_logit`; both logarithms add up, so that their covariance counts."""
        (of_rate, of_both), (also_of_both, of_half) = self.covariance
        return -self.initial_logit * math.sqrt(of_rate + of_both + (also_of_both + of_half))

    @property
    def initial_strength(self) -> float:
        """r = R(0), the strength at which the fitted curve starts."""
        return self.target_scale * float(expit(self.initial_logit))

    @property
    def initial_strength_error(self) -> float:
        """Standard error of `initial_strength`."""
        return self.initial_strength * float(expit(-self.initial_logit)) * self.initial_logit_error

    @property
    def feature_rate_squared(self) -> float:
        """B^2, how much slower the network learns than the multilinear model."""
        return self.rate / (2 * self.flow_learning_rate * self.target_scale)

    @property
    def feature_rate_squared_error(self) -> float:
        """Standard error of `feature_rate_squared`."""
        return self.feature_rate_squared * math.sqrt(self.covariance[0][0])

    def model(self, frequencies: SkillFrequencies) -> Multilinear:
        """The calibrated model for any frequencies, in steps of the calibrated curves."""
        return Multilinear(
            frequencies,
            target_scale=self.target_scale,
            initial_strength=self.initial_strength,
            learning_rate=self.rate / (2 * self.target_scale),
        )

    def log10_time_variance(self, threshold: float, covariance: Covariance | None = None) -> float:
        """Variance of log10 of the model's time at a threshold, from a covariance of the constants.

        Args:
            threshold: R/S, between 0 and 1.
            covariance: of ``log(rate)`` and ``log(half_exposure)``; by default `covariance`.
        """
        after = float(logit(threshold)) / self.rate  # exposure between half strength and the threshold
        exposure = self.half_exposure + after
        by_rate, by_half = -after / exposure, self.half_exposure / exposure
        (a, b), (_, c) = self.covariance if covariance is None else covariance
        variance = by_rate**2 * a + 2 * by_rate * by_half * b + by_half**2 * c
        return max(variance, 0.0) / math.log(10) ** 2  # rounding can leave it below 0
