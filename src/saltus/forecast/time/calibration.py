"""The extended model's constants as data: what a calibration knows, how it forecasts, how it is kept in a file.

Nam et al. 2024, Eq. 14, in the two constants that curves determine almost independently: how fast the logit of a skill
grows, and the exposure (frequency times step) at which a skill is half learned.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from scipy.special import expit, logit

from saltus._types import Floats
from saltus.errors import InputError
from saltus.forecast.base import EmergenceForecast
from saltus.forecast.saved import KIND, filled, kept_calibration
from saltus.forecast.time.departure import Departure, learned
from saltus.forecast.time.predict import forecast_emergence
from saltus.settings import json_text
from saltus.theory.frequencies import SkillFrequencies
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import xarray as xr

Covariance = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Calibration:
    """The extended model's two constants, with standard errors.

    Attributes:
        rate: growth of the logit per step for a skill of frequency 1, ``2 eta B^2 S``.
        half_exposure: frequency times step at which R/S is 0.5.
        covariance: of ``log(rate)`` and ``log(half_exposure)``.
        error_source: where the covariance comes from: "spread over runs", or with one run "residuals".
        fit_covariance: the part of it that the residuals of the fits account for; the rest is runs that differ.
        fit_degrees: degrees of freedom of that part: measurements less fitted constants, those that go together as one.
        residual: root mean square of measured minus fitted R/S.
        target_scale: S.
        flow_learning_rate: eta of the calibrated curves, NaN if unknown (then B^2 is unknown too).
        skills: those that the fit used, from 1.
        frequency: geometric mean of their frequencies; forecasts of other frequencies are extrapolations.
        n_skills, n_runs: how many the curves had, and how many runs the fit used.
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

    resource: ClassVar[str] = "step"

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
    def lowest_threshold(self) -> float:
        """R/S where the fitted line starts: no lower threshold has a time."""
        return float(expit(self.initial_logit))

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
        self,
        frequencies: SkillFrequencies,
        *,
        measured: xr.Dataset | None = None,
        threshold: float = 0.5,
        until: float | None = None,
        departure: Departure | None = None,
        level: float = 0.9,
        frequency_error: Floats | None = None,
    ) -> EmergenceForecast:
        """Forecast when each skill emerges, with an interval.

        Args:
            frequencies: of the skills to forecast, finitely many.
            measured: curves of the same skills. What they show up to ``until`` sharpens the forecast of skills that
                had not emerged by then; all of it is set beside the forecast.
            threshold: the strength R/S that counts as emerged, between 0 and 1.
            until: the step up to which ``measured`` may be used; None uses none of it, 0 or more otherwise.
            departure: how networks depart from the model; by default what the runs of ``saltus reproduce
                forecast-study`` taught (`saltus.forecast.time.departure.learned`). ``PAPER`` is the model as published.
            level: probability that the interval is to have, between 0 and 1.
            frequency_error: standard deviation of log10 of each frequency over the calibrated one, if they are not
                known but fitted (`saltus.fit_frequencies`), shape ``(n_skills,)``.

        Raises:
            InputError: if there are infinitely many skills, or a value is out of range.
        """
        return forecast_emergence(
            self,
            frequencies,
            measured=measured,
            threshold=threshold,
            until=until,
            departure=learned() if departure is None else departure,
            level=level,
            frequency_error=frequency_error,
        )

    def log10_time_variance(self, threshold: float, covariance: Covariance | None = None) -> float:
        """Variance of log10 of the model's time at a threshold that a covariance of the constants brings about."""
        after = float(logit(threshold)) / self.rate  # exposure between half strength and the threshold
        exposure = self.half_exposure + after
        by_rate, by_half = -after / exposure, self.half_exposure / exposure
        (a, b), (_, c) = self.covariance if covariance is None else covariance
        return (by_rate**2 * a + 2 * by_rate * by_half * b + by_half**2 * c) / math.log(10) ** 2

    def summary(self) -> dict[str, Any]:
        """All constants and derived quantities with their errors, for a report; unknown ones are NaN."""
        values: dict[str, Any] = {}
        for name in ("feature_rate_squared", "initial_strength", "rate", "half_exposure", "initial_logit"):
            values[name], values[f"{name}_error"] = getattr(self, name), getattr(self, f"{name}_error")
        return values | asdict(self)

    def save(self, path: str | Path) -> None:
        """Write the calibration as JSON; `Calibration.load` gives an equal one back, to the last bit."""
        Path(path).write_text(json_text({"kind": KIND, **self.summary()}), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Read what `save` wrote, or the calibration in a forecast.json.

        Raises:
            InputError: if the file is no such JSON.
        """
        data = kept_calibration(path)
        if (resource := data.get("resource", "step")) != "step":
            raise InputError("this needs a calibration in time", f"{path}: in {resource}", "calibrate on steps")
        return filled(cls, data, path).checked(path)

    def checked(self, source: str | Path) -> Calibration:
        """Itself, if its numbers can be a calibration's."""
        numbers = (self.rate, self.half_exposure, self.target_scale, self.frequency)
        if not all(isinstance(number, float) and math.isfinite(number) and number > 0 for number in numbers):
            raise InputError(
                "rate, half exposure, scale and frequency must be finite numbers greater than 0",
                str(source),
                "save the calibration again",
            )
        return self
