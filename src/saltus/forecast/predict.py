"""Forecast when skills emerge, from a calibrated model, and compare with what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saltus.curves import EmergenceTimes, emergence_times
from saltus.theory.frequencies import require_finite_skills
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class EmergenceForecast:
    """When each skill is forecast to pass a threshold, beside what was measured; arrays of shape ``(n_skills,)``.

    Attributes:
        threshold: the strength R/S that counts as emerged.
        skill: from 1.
        frequency: of each skill.
        emergence_time: steps.
        measured: when the skills did emerge, or None if that is not known.
    """

    threshold: float
    skill: NDArray[np.int64]
    frequency: NDArray[np.float64]
    emergence_time: NDArray[np.float64]
    measured: EmergenceTimes | None

    @property
    def log10_ratio(self) -> NDArray[np.float64]:
        """log10(forecast / measured): in decades, positive where the forecast is late; NaN where nothing emerged."""
        if self.measured is None:
            return np.full(self.skill.shape, np.nan)
        return np.log10(self.emergence_time / self.measured.mean)


def forecast_emergence(model: Multilinear, measured: xr.Dataset | None, threshold: float) -> EmergenceForecast:
    """Emergence times of all skills of ``model``, beside those in the curves ``measured``, if there are any."""
    skill = np.arange(1, require_finite_skills(model.frequencies) + 1)
    return EmergenceForecast(
        threshold=threshold,
        skill=skill,
        frequency=model.frequencies.pmf(skill),
        emergence_time=model.emergence_time(skill, threshold),
        measured=None if measured is None else emergence_times(measured, threshold),
    )
