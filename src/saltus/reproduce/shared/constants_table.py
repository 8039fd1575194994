"""The one constant of each kind of emergence, calibrated on one skill, as tables and figures show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saltus.figures.emergence import Panel
from saltus.forecast.calibrate import calibrate
from saltus.forecast.size.calibration import DataCalibration, ParameterCalibration
from saltus.forecast.time.calibration import Calibration
from saltus.reproduce.shared.agreement import Agreement, agreement
from saltus.reproduce.shared.experiments import TimeExperiment

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Constant:
    """A calibrated constant beside the paper's (``Nam et al. 2024, Fig. 11``).

    Attributes:
        symbol: as tables print it.
        value, error: with standard error.
        paper: what the paper found.
        model: for which `TimeExperiment.forecast` gives strengths.
        summary: the whole calibration.
    """

    symbol: str
    value: float
    error: float
    paper: float
    model: Any
    summary: dict[str, Any]

    @property
    def cells(self) -> tuple[str, str, str]:
        """Value, error and the paper's value, for a table."""
        form = ".0f" if self.value > 100 else ".2f" if self.value > 1 else ".4f"
        return f"{self.value:{form}}", f"{self.error:{form}}", f"{self.paper:{form}}"

    @property
    def text(self) -> str:
        """For a line."""
        value, error, paper = self.cells
        return f"{self.symbol} = {value} ± {error} (paper {paper})"

    @property
    def label(self) -> str:
        """For a figure."""
        value, error, _ = self.cells
        return f"${self.symbol}$ = {value} ± {error}"


def calibrated(curves: xr.Dataset, system: TimeExperiment) -> Constant:
    """Calibrate on the curves of one skill, for the skills of another system."""
    fit = calibrate(curves)
    if isinstance(fit, DataCalibration):
        constant = "D_c", fit.shots, fit.shots_error, 800.0
    elif isinstance(fit, ParameterCalibration):
        constant = "N_c", fit.nodes_per_skill, fit.nodes_per_skill_error, 4.0
    else:
        assert isinstance(fit, Calibration)
        constant = "B^2", fit.feature_rate_squared, fit.feature_rate_squared_error, 1 / 22
    return Constant(*constant, fit.model(system.frequencies), fit.summary())


@dataclass(frozen=True)
class Comparison:
    """One experiment beside its forecast.

    Attributes:
        experiment, measured: with its curves.
        constant: what the forecast was calibrated with.
        skills: how well each skill's mean strength agrees with it.
    """

    experiment: TimeExperiment
    measured: xr.Dataset
    constant: Constant
    skills: list[Agreement]

    def panel(self, title: str) -> Panel:
        """Measured strengths and the calibrated model's, for a figure."""
        at = self.experiment.grid(self.measured)
        forecast = self.experiment.forecast(self.constant.model, at)
        return Panel(self.measured, at, forecast, f"{title}, {self.constant.label}")


def compare(experiment: TimeExperiment, measured: xr.Dataset, single: xr.Dataset) -> Comparison:
    """Calibrate on the curves of one skill, ``single``, forecast the experiment, set its curves beside that."""
    constant = calibrated(single, experiment)
    forecast = experiment.forecast(constant.model, experiment.amounts(measured))
    return Comparison(experiment, measured, constant, agreement(measured, forecast))
