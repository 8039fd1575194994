"""The one table of families: for each resource, how to make, load and judge its calibrations, and how they forecast.

A new resource is a row here, with a model in ``theory/`` and, over sizes, a form in ``forecast/size/forms.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from saltus.forecast.base.calibration import AnyCalibration
from saltus.forecast.base.checks import OnSkill
from saltus.forecast.base.degenerate import DegenerateFitError
from saltus.forecast.base.results import EmergenceForecast
from saltus.forecast.base.verdict import Verdict
from saltus.forecast.size.calibrate import calibrate_data, calibrate_parameters, has_risen
from saltus.forecast.size.calibration import DataCalibration, ParameterCalibration, SizeCalibration
from saltus.forecast.size.verdict import judge_size
from saltus.forecast.time.calibrate import calibrate_time, first_risen, has_emerged
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.departure import Departure
from saltus.forecast.time.frequency_fit import FrequencyFit, fit_frequencies
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.run import TimeRun, skills_of
from saltus.forecast.time.verdict import judge
from saltus.resource import DATA, PARAMETERS, STEP
from saltus.theory.frequencies import SkillFrequencies
from saltus.theory.protocols import Clock

if TYPE_CHECKING:
    import xarray as xr

C = TypeVar("C", bound=AnyCalibration)


@dataclass(frozen=True)
class Basis:
    """The assumptions of a forecast beside its calibration.

    Attributes:
        frequencies: of the skills.
        frequency_fit: how the frequencies were found, if they were not given.
        recipe: laws of the run in time; None for sizes, which know none.
        level: probability that the intervals are to have.
        on_skill: the skill to calibrate on, or several; None for all that have emerged.
        clock: of effective time, where steps do not all count alike.
        calibrated_elsewhere: whether the calibration is of other curves.
        ranked: whether the recipe goes by the ranks of skills in place of their frequencies.
        schedule_told: whether the schedule of the learning rate was given, be it none.
    """

    frequencies: SkillFrequencies
    frequency_fit: FrequencyFit | None
    recipe: Recipe | None
    level: float
    on_skill: OnSkill | None = None
    clock: Clock | None = None
    calibrated_elsewhere: bool = False
    ranked: bool = False
    schedule_told: bool = False


@dataclass(frozen=True)
class Family(Generic[C]):
    """Forecasts over one resource.

    Attributes:
        ready: whether curves show a rise of one of the skills to calibrate on.
        fit: the calibration of curves with given frequencies.
        forecast: forecasts beside measured curves, by threshold, from a calibration and from the curves up to now; none
            where neither tells anything. At 0.5 in any case; of the other thresholds, those that the model passes.
        judge: the verdict on a calibration, or on why there is none, and the forecast at 0.5, from the known curves.
        load: the calibration in a file.
        fit_frequencies: frequencies fitted to curves; None where they cannot be.
    """

    ready: Callable[[xr.Dataset, OnSkill | None], bool]
    fit: Callable[[xr.Dataset, SkillFrequencies | None, OnSkill | None], C]
    forecast: Callable[[C | None, Basis, xr.Dataset, Collection[float], float], dict[float, EmergenceForecast]]
    judge: Callable[[xr.Dataset, Basis, C | DegenerateFitError | None, EmergenceForecast | None], Verdict]
    load: Callable[[str | Path], C]
    fit_frequencies: Callable[[xr.Dataset, OnSkill | None, Departure], FrequencyFit] | None = None


def _fit_data(curves: xr.Dataset, frequencies: SkillFrequencies | None, on_skill: OnSkill | None) -> DataCalibration:
    return calibrate_data(curves, frequencies, on_skill)


def _fit_parameters(
    curves: xr.Dataset,
    frequencies: SkillFrequencies | None,  # noqa: ARG001
    on_skill: OnSkill | None,
) -> ParameterCalibration:
    return calibrate_parameters(curves, on_skill)  # the order of the skills decides, not their frequencies


def _forecast_time(
    calibration: Calibration | None, basis: Basis, curves: xr.Dataset, thresholds: Collection[float], until: float
) -> dict[float, EmergenceForecast]:
    assert basis.recipe is not None  # of every forecast over steps
    skills = skills_of(curves, basis.frequencies, basis.frequency_fit, ranked=basis.ranked)
    run = TimeRun(curves, until, skills, basis.recipe, basis.clock)
    views = run.views(calibration, basis.on_skill, calibrated_elsewhere=basis.calibrated_elsewhere)
    return {} if not views else run.forecasts(views, calibration, thresholds, basis.level)


def _forecast_size(
    calibration: SizeCalibration | None,
    basis: Basis,
    curves: xr.Dataset,
    thresholds: Collection[float],
    until: float,  # noqa: ARG001
) -> dict[float, EmergenceForecast]:
    if calibration is None:
        return {}
    numbers = curves["skill"].to_numpy()
    own = np.isin(numbers, calibration.skills) & (not basis.calibrated_elsewhere and len(calibration.skills) == 1)
    return {
        at: replace(
            calibration.forecast(basis.frequencies, measured=curves, threshold=at, level=basis.level), own_date=own
        )
        for at in thresholds
        if at > calibration.lowest_threshold
    }


def _judge_time(
    known: xr.Dataset,
    basis: Basis,
    calibration: Calibration | DegenerateFitError | None,
    forecast: EmergenceForecast | None,
) -> Verdict:
    assert basis.recipe is not None  # of every forecast over steps
    return judge(
        known,
        basis.frequencies,
        calibration,
        forecast,
        basis.recipe,
        basis.frequency_fit,
        basis.on_skill,
        calibrated_elsewhere=basis.calibrated_elsewhere,
        schedule_told=basis.schedule_told,
    )


def _judge_size(
    known: xr.Dataset,
    basis: Basis,
    calibration: SizeCalibration | DegenerateFitError | None,
    forecast: EmergenceForecast | None,  # noqa: ARG001
) -> Verdict:
    return judge_size(known, basis.frequencies, calibration, basis.on_skill)


def _fit_frequencies(curves: xr.Dataset, on_skill: OnSkill | None, departure: Departure) -> FrequencyFit:
    return fit_frequencies(curves, first_risen(curves) if on_skill is None else on_skill, departure=departure)


FAMILIES: dict[str, Family[Any]] = {
    STEP.name: Family(has_emerged, calibrate_time, _forecast_time, _judge_time, Calibration.load, _fit_frequencies),
    DATA.name: Family(has_risen, _fit_data, _forecast_size, _judge_size, DataCalibration.load),
    PARAMETERS.name: Family(has_risen, _fit_parameters, _forecast_size, _judge_size, ParameterCalibration.load),
}
