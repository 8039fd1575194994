"""The one table of families: for each resource, how to make, load and judge its calibrations, and how they forecast.

A new resource is a row here, with a model in ``theory/`` and, over sizes, a form in ``forecast/size/forms.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from saltus.forecast.base.calibration import AnyCalibration
from saltus.forecast.base.checks import OnSkill
from saltus.forecast.base.degenerate import DegenerateFitError
from saltus.forecast.base.results import EmergenceForecast
from saltus.forecast.base.verdict import Verdict
from saltus.forecast.size.calibrate import calibrate_data, calibrate_parameters, has_risen
from saltus.forecast.size.calibration import DataCalibration, ParameterCalibration, SizeCalibration
from saltus.forecast.size.verdict import judge_size
from saltus.forecast.time.calibrate import calibrate_time, has_emerged
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.frequency_fit import FrequencyFit, fit_frequencies
from saltus.forecast.time.verdict import judge
from saltus.resource import DATA, PARAMETERS, STEP
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

C = TypeVar("C", bound=AnyCalibration)


@dataclass(frozen=True)
class Basis:
    """The assumptions of a forecast beside its calibration.

    Attributes:
        frequencies: of the skills.
        frequency_fit: how the frequencies were found, if they were not given.
        departure: departure of networks from the model in time; sizes know none.
        level: probability that the intervals are to have.
        on_skill: the skill to calibrate on, or several.
    """

    frequencies: SkillFrequencies
    frequency_fit: FrequencyFit | None
    departure: Departure
    level: float
    on_skill: OnSkill = 1


@dataclass(frozen=True)
class Family(Generic[C]):
    """Forecasts over one resource.

    Attributes:
        ready: whether curves show a rise of one of the skills to calibrate on.
        fit: the calibration of curves with given frequencies.
        forecast: the forecast of a calibration beside measured curves, at a threshold; the curves up to ``until`` may
            sharpen it.
        judge: the verdict on a calibration, or on why there is none, from the known curves.
        load: the calibration in a file.
        fit_frequencies: frequencies fitted to curves; None where they cannot be.
    """

    ready: Callable[[xr.Dataset, OnSkill], bool]
    fit: Callable[[xr.Dataset, SkillFrequencies | None, OnSkill], C]
    forecast: Callable[[C, Basis, xr.Dataset, float, float], EmergenceForecast]
    judge: Callable[[xr.Dataset, Basis, C | DegenerateFitError | None], Verdict]
    load: Callable[[str | Path], C]
    fit_frequencies: Callable[[xr.Dataset, OnSkill, Departure], FrequencyFit] | None = None


def _fit_parameters(
    curves: xr.Dataset,
    frequencies: SkillFrequencies | None,  # noqa: ARG001
    on_skill: OnSkill,
) -> ParameterCalibration:
    return calibrate_parameters(curves, on_skill)  # the order of the skills decides, not their frequencies


def _forecast_time(
    calibration: Calibration, basis: Basis, measured: xr.Dataset, threshold: float, until: float
) -> EmergenceForecast:
    fit = basis.frequency_fit
    return calibration.forecast(
        basis.frequencies,
        measured=measured,
        threshold=threshold,
        until=until,
        departure=basis.departure,
        level=basis.level,
        frequency_error=None if fit is None else fit.log10_error,
    )


def _forecast_size(
    calibration: SizeCalibration,
    basis: Basis,
    measured: xr.Dataset,
    threshold: float,
    until: float,  # noqa: ARG001
) -> EmergenceForecast:
    return calibration.forecast(basis.frequencies, measured=measured, threshold=threshold, level=basis.level)


def _judge_time(known: xr.Dataset, basis: Basis, calibration: Calibration | DegenerateFitError | None) -> Verdict:
    return judge(known, basis.frequencies, calibration, basis.departure, basis.frequency_fit, basis.on_skill)


def _judge_size(known: xr.Dataset, basis: Basis, calibration: SizeCalibration | DegenerateFitError | None) -> Verdict:
    return judge_size(known, basis.frequencies, calibration, basis.on_skill)


def _fit_frequencies(curves: xr.Dataset, on_skill: OnSkill, departure: Departure) -> FrequencyFit:
    return fit_frequencies(curves, on_skill, departure=departure)


FAMILIES: dict[str, Family[Any]] = {
    STEP.name: Family(has_emerged, calibrate_time, _forecast_time, _judge_time, Calibration.load, _fit_frequencies),
    DATA.name: Family(has_risen, calibrate_data, _forecast_size, _judge_size, DataCalibration.load),
    PARAMETERS.name: Family(has_risen, _fit_parameters, _forecast_size, _judge_size, ParameterCalibration.load),
}
