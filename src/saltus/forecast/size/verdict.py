"""Verdicts on forecasts in size: do all known skills follow the calibrated form, and how closely?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from saltus.curves.names import named, skill_names
from saltus.forecast.base.checks import OnSkill
from saltus.forecast.base.degenerate import DegenerateFitError
from saltus.forecast.base.verdict import (
    CARE,
    ROUGH,
    STOP,
    WRONG,
    Doubts,
    Verdict,
    several_configurations,
    uncalibrated,
    unexplained_floors,
    weigh,
)
from saltus.forecast.size.calibrate import every_skill, has_risen
from saltus.forecast.size.calibration import SizeCalibration
from saltus.forecast.size.fit import curve_misfit, points_of
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

_VAGUE = 0.1  # half the width of the constant's 90 % interval, in decades, above which to take care


def judge_size(
    known: xr.Dataset,
    frequencies: SkillFrequencies,
    calibration: SizeCalibration | DegenerateFitError | None,
    on_skill: OnSkill | None = 1,
) -> Verdict:
    """Weigh the evidence of the known sizes for and against a calibration, or against there being none.

    Args:
        known: curves over data or parameters, up to the largest size that may be used.
        frequencies: of their skills.
        calibration: on some of them, or the reason why there is none.
        on_skill: the skill that was to be calibrated on, or several; None for all.
    """
    if not isinstance(calibration, SizeCalibration):
        chosen = every_skill(known) if on_skill is None else on_skill
        return weigh([uncalibrated(known, calibration, chosen, lambda skill: has_risen(known, skill))])
    misfits = _misfits(known, frequencies, calibration)
    straying = _straying(misfits, calibration, skill_names(known))
    doubts = [*_vague(calibration), *straying, *_alone(misfits, calibration.resource)]
    doubts += [*unexplained_floors(known), *several_configurations(known)]
    return weigh(doubts, passed=lambda: _passed(misfits, calibration))


def _misfits(known: xr.Dataset, frequencies: SkillFrequencies, calibration: SizeCalibration) -> dict[int, float]:
    """For each skill past R/S = 0.5: its smallest rms misfit over all constants in the 90 % interval."""
    candidates = calibration.constant * np.geomspace(*calibration.relative_interval, 21)
    highest = known["strength"].mean("run").max(calibration.resource).to_numpy()
    found = {}
    for skill in known["skill"].to_numpy()[highest >= 0.5].tolist():
        form, strength, error = points_of(type(calibration), known, [skill], frequencies, calibration.unit)
        found[skill] = min(curve_misfit(form, max(at, 1.0), strength, error)[1] for at in candidates)
    return found


def _vague(calibration: SizeCalibration) -> Doubts:
    reach = _relative(calibration) / math.log(10)
    if reach > _VAGUE:
        name = calibration.constant_name.replace("_", " ")
        yield CARE, f"{name} is known to {reach:.2f} dex only: measure more sizes on the rise, or more runs"


def _straying(misfits: dict[int, float], calibration: SizeCalibration, names: Sequence[str]) -> Doubts:
    skill = max(misfits, key=lambda one: misfits[one], default=None)
    if skill is not None and misfits[skill] > ROUGH:
        who = ("calibrated " if skill in calibration.skills else "") + named(names[skill - 1])
        yield (
            STOP if misfits[skill] > WRONG else CARE,
            f"{who} does not follow the model over {calibration.resource}: rms misfit {misfits[skill]:.3f} "
            "in R/S on the rise, beyond the scatter of the measurements",
        )


def _alone(misfits: dict[int, float], resource: str) -> Doubts:
    if len(misfits) < 2:
        yield CARE, f"only one skill has emerged, which cannot show what others need over {resource}"


def _passed(misfits: dict[int, float], calibration: SizeCalibration) -> tuple[str, ...]:
    """The checks behind "trust"."""
    return (
        f"{len(misfits)} skills follow the calibrated model (worst rms misfit {max(misfits.values()):.3f} in R/S)",
        f"its constant is known to {_relative(calibration) / math.log(10):.3f} dex",
    )


def _relative(calibration: SizeCalibration) -> float:
    """Half the width of the constant's 90 % interval, in its natural logarithm."""
    low, high = calibration.relative_interval
    return math.log(high / low) / 2
