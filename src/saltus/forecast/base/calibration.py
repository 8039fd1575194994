"""The contract that the calibrations of all families meet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from saltus.forecast.base.results import EmergenceForecast
from saltus.theory.frequencies import SkillFrequencies
from saltus.theory.protocols import SkillModel

if TYPE_CHECKING:
    import xarray as xr


class AnyCalibration(Protocol):
    """Constants of an extended model, found on curves of chosen skills, for forecasts of all others.

    `saltus.Calibration` is over training steps, `saltus.DataCalibration` over the size of the training set,
    `saltus.ParameterCalibration` over the number of hidden nodes.
    """

    @property
    def resource(self) -> str:
        """Resource of the calibrated curves: "step", "data" or "parameters"."""

    @property
    def skills(self) -> tuple[int, ...]:
        """The skills that the fit used, from 1."""

    @property
    def n_skills(self) -> int:
        """Number of skills of the curves."""

    @property
    def n_runs(self) -> int:
        """Number of runs that the fit used."""

    @property
    def residual(self) -> float:
        """Root mean square of measured minus fitted R/S."""

    @property
    def target_scale(self) -> float:
        """S, the strength of a learned skill."""

    @property
    def lowest_threshold(self) -> float:
        """R/S above which thresholds have a forecast."""

    def model(self, frequencies: SkillFrequencies) -> SkillModel:
        """The calibrated model for any frequencies."""

    def forecast(
        self,
        frequencies: SkillFrequencies,
        *,
        measured: xr.Dataset | None = None,
        threshold: float = 0.5,
        level: float = 0.9,
    ) -> EmergenceForecast:
        """Forecast the amount of the resource at which each skill emerges, with an interval.

        Args:
            frequencies: of the skills to forecast, finitely many.
            measured: curves of the same skills, to be set beside the forecast.
            threshold: the strength R/S that counts as emerged, between 0 and 1. (0.5, as for curves; the methods
                ``emergence_...`` of models have 0.05.)
            level: probability that the interval is to have, between 0 and 1.

        Raises:
            InputError: if there are infinitely many skills, or a value is out of range.
        """

    def summary(self) -> dict[str, Any]:
        """Constants, derived quantities and their errors as plain data; unknown ones are NaN."""

    def save(self, path: str | Path) -> None:
        """Write the calibration as JSON; `load` gives an equal one back, to the last bit."""

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote, or the calibration in a forecast.json.

        Raises:
            InputError: if the file is no such JSON, or holds a calibration over another resource.
        """

    def checked(self, source: str | Path) -> Self:
        """The calibration itself, if its numbers are possible; ``source`` is named in the `InputError` otherwise."""
