"""Forecast when skills emerge, from a calibrated model, and compare with what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saltus.curves import EmergenceTimes, emergence_times
from saltus.forecast.calibrate import Calibration
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class EmergenceForecast:
    """Times at which each skill is forecast to pass a threshold, beside those measured.

    Attributes:
        forecast_time: steps, shape ``(n_skills,)``.
        measured: what happened.
    """

    forecast_time: NDArray[np.float64]
    measured: EmergenceTimes

    @property
    def log10_ratio(self) -> NDArray[np.float64]:
        """log10(forecast / measured): in decades, positive where the forecast is late; NaN where nothing emerged."""
        return np.log10(self.forecast_time / self.measured.mean)


def forecast_emergence(
    calibration: Calibration, curves: xr.Dataset, frequencies: SkillFrequencies, threshold: float = 0.5
) -> EmergenceForecast:
    """Forecast every skill of ``curves`` with a calibrated model and set it beside what the curves show."""
    forecast_time = calibration.model(frequencies).emergence_time(curves["skill"].to_numpy(), threshold)
    return EmergenceForecast(forecast_time, emergence_times(curves, threshold))
