"""The constant of each kind of emergence, calibrated on one skill, for tables and figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus.figures.emergence import Panel
from saltus.forecast.calibrate import calibrate
from saltus.forecast.size.calibration import DataCalibration, ParameterCalibration
from saltus.forecast.time.calibration import Calibration
from saltus.present.table import Column
from saltus.published import FEATURE_RATE_SQUARED, NODES_PER_SKILL, SHOTS
from saltus.reproduce.shared.agreement import Agreement, agreement
from saltus.reproduce.shared.experiments import Experiment
from saltus.theory.extended import DataEmergence, ParameterEmergence
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Constant:
    """A calibrated constant beside the paper's (``Nam et al. 2024, Fig. 11``).

    Attributes:
        symbol: name of the constant, e.g. "D_c".
        value, error: its value and standard error.
        paper: the value of the paper.
        model: the model calibrated with it.
        summary: the whole calibration as plain data.
    """

    symbol: str
    value: float
    error: float
    paper: float
    model: Multilinear | DataEmergence | ParameterEmergence
    summary: dict[str, Any]

    def strengths(self, amounts: Floats) -> Floats:
        """R/S of each skill by the calibrated model, ``(n_skills, len(amounts))``."""
        if isinstance(self.model, DataEmergence):  # measured strengths are means over training sets
            expected = [self.model.expected_strength(int(data)) for data in amounts]
            return np.asarray(np.stack(expected, axis=1) / self.model.target_scale)
        return np.asarray(self.model.strength(amounts).T / self.model.target_scale)

    @property
    def form(self) -> str:
        """Format specification that suits its size."""
        return ".0f" if self.value > 100 else ".2f" if self.value > 1 else ".4f"

    @property
    def row(self) -> dict[str, Any]:
        """Values for a table of `COLUMNS`."""
        return {"constant": self.symbol, "form": self.form} | {
            name: getattr(self, name) for name in ("value", "error", "paper")
        }

    @property
    def text(self) -> str:
        """Value, error and the paper's value, for a line."""
        return f"{self.symbol} = {self._measured} (paper {self.paper:{self.form}})"

    @property
    def label(self) -> str:
        """Value and error, for a figure."""
        return f"${self.symbol}$ = {self._measured}"

    @property
    def _measured(self) -> str:
        return f"{self.value:{self.form}} ± {self.error:{self.form}}"


COLUMNS = (
    Column("constant"),
    *(
        Column(name, heading, form=lambda row: str(row["form"]))
        for name, heading in (("value", ""), ("error", "± se"), ("paper", ""))
    ),
)


def calibrated(curves: xr.Dataset, system: Experiment) -> Constant:
    """Calibrate on the curves of one skill, for the skills of another system."""
    fit, mix = calibrate(curves), system.frequencies
    if isinstance(fit, DataCalibration):
        return Constant("D_c", fit.shots, fit.shots_error, SHOTS, fit.model(mix), fit.summary())
    if isinstance(fit, ParameterCalibration):
        nodes, error = fit.nodes_per_skill, fit.nodes_per_skill_error
        return Constant("N_c", nodes, error, NODES_PER_SKILL, fit.model(mix), fit.summary())
    assert isinstance(fit, Calibration)
    rate, error = fit.feature_rate_squared, fit.feature_rate_squared_error
    return Constant("B^2", rate, error, FEATURE_RATE_SQUARED, fit.model(mix), fit.summary())


@dataclass(frozen=True)
class Comparison:
    """One experiment beside its forecast.

    Attributes:
        experiment, measured: the experiment and its curves.
        constant: the constant of the forecast.
        skills: agreement of each skill's mean strength with the forecast.
    """

    experiment: Experiment
    measured: xr.Dataset
    constant: Constant
    skills: list[Agreement]

    def panel(self, title: str) -> Panel:
        """Measured strengths and the calibrated model's, for a figure."""
        at = self.experiment.grid(self.measured)
        return Panel(self.measured, at, self.constant.strengths(at), f"{title}, {self.constant.label}")


def compare(experiment: Experiment, measured: xr.Dataset, single: xr.Dataset) -> Comparison:
    """Calibrate on the curves of one skill, ``single``, and set the experiment's curves beside its forecast."""
    constant = calibrated(single, experiment)
    forecast = constant.strengths(experiment.amounts(measured))
    return Comparison(experiment, measured, constant, agreement(measured, forecast))
