"""One door to all calibrations: made on curves over any resource, or loaded from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from saltus.curves.report import explained
from saltus.curves.schema import resource_of
from saltus.forecast.base.calibration import AnyCalibration
from saltus.forecast.base.checks import OnSkill
from saltus.forecast.base.saved import resource_of_saved, saved_calibration
from saltus.forecast.families import FAMILIES
from saltus.resource import resource_named
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr


@explained
def calibrate(curves: xr.Dataset, frequencies: SkillFrequencies | None = None, on_skill: OnSkill = 1) -> AnyCalibration:
    """Calibrate the extended model that the curves' resource asks for, on one skill, or on several together.

    Curves over steps give rate and initial strength (`calibrate_time`), curves over data D_c (`calibrate_data`), curves
    over parameters N_c (`calibrate_parameters`). Those functions have more precise types.

    Args:
        curves: labelled curves (`saltus.curves`).
        frequencies: of the curves' skills; by default those that the curves carry.
        on_skill: the skill to calibrate on, by number (from 1) or by name, or several.

    Raises:
        InputError: if there is no such skill, or none of them emerged.
    """
    calibration: AnyCalibration = FAMILIES[resource_of(curves).name].fit(curves, frequencies, on_skill)
    return calibration


def load_calibration(path: str | Path) -> AnyCalibration:
    """Read a calibration of any kind that was saved, or the one in a forecast.json.

    Raises:
        InputError: if the file is no such JSON.
    """
    resource = resource_named(resource_of_saved(saved_calibration(path)))
    calibration: AnyCalibration = FAMILIES[resource.name].load(path)
    return calibration
