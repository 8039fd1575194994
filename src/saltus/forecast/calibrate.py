"""One door to all calibrations: curves over steps, data or parameters each have their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from saltus.curves.schema import resource_of
from saltus.forecast.saved import filled, kept_calibration
from saltus.forecast.size.calibrate import calibrate_data, calibrate_parameters
from saltus.forecast.size.calibration import DataCalibration, ParameterCalibration
from saltus.forecast.time.calibrate import calibrate_time
from saltus.forecast.time.calibration import Calibration
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

AnyCalibration = Calibration | DataCalibration | ParameterCalibration


def calibrate(
    curves: xr.Dataset, frequencies: SkillFrequencies | None = None, on_skill: int | Sequence[int] = 1
) -> AnyCalibration:
    """Calibrate the extended model that the curves' resource asks for, on one skill, or on several together.

    Curves over steps give rate and initial strength (`calibrate_time`), curves over data D_c (`calibrate_data`), curves
    over parameters N_c (`calibrate_parameters`).

    Args:
        curves: labelled curves (`saltus.curves`).
        frequencies: of the curves' skills; by default those that the curves carry.
        on_skill: the skill to calibrate on, from 1, or several.

    Raises:
        InputError: if there is no such skill, or none of them emerged.
    """
    resource = resource_of(curves).name
    if resource == "step":
        return calibrate_time(curves, frequencies, on_skill)
    return (
        calibrate_data(curves, frequencies, on_skill) if resource == "data" else calibrate_parameters(curves, on_skill)
    )


def load_calibration(path: str | Path) -> AnyCalibration:
    """Read a calibration of any kind that was saved, or the one in a forecast.json.

    Raises:
        InputError: if the file is no such JSON.
    """
    data = kept_calibration(path)
    resource = data.get("resource", "step")
    if resource == "data":
        return filled(DataCalibration, data, path).checked(path)
    if resource == "parameters":
        return filled(ParameterCalibration, data, path).checked(path)
    return Calibration.load(path)
