"""Requests that no family of forecasts can meet, refused in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from saltus.curves.crossings import emergence_times
from saltus.curves.names import named, skill_names
from saltus.errors import InputError, require_whole
from saltus.theory.frequencies import Frequencies

if TYPE_CHECKING:
    import xarray as xr

OnSkill = int | str | Sequence[int | str]
"""A skill by its number, from 1, or by its name; or several."""
_BEYOND = 1.5  # R/S that no strength reaches by noise


def require_level(level: float) -> None:
    """Raise `InputError` unless ``level`` can be the probability of an interval."""
    if not 0 < level < 1:
        raise InputError("level must lie between 0 and 1", level, "give a probability, e.g. 0.9")


def require_same_skills(measured: xr.Dataset, n_skills: int) -> None:
    """Raise `InputError` unless the curves have that many skills."""
    if measured.sizes["skill"] != n_skills:
        raise InputError(
            "measured curves must have as many skills as there are frequencies",
            measured.sizes["skill"],
            f"give frequencies of {measured.sizes['skill']} skills, not {n_skills}",
        )


def checked_skills(on_skill: OnSkill, curves: xr.Dataset) -> tuple[int, ...]:
    """The numbers of the skills to calibrate on, ascending, or raise `InputError`."""
    asked = on_skill if isinstance(on_skill, Sequence) and not isinstance(on_skill, str) else [on_skill]
    names = skill_names(curves)
    skills = tuple(sorted({_number(skill, names) for skill in asked}))
    if not skills:
        raise InputError("on_skill must name at least one skill", on_skill, "skills count from 1")
    return skills


def _number(skill: int | str, names: Sequence[str]) -> int:
    """The number of a skill given by its number or, where that is none, by its name."""
    if isinstance(skill, str) and not skill.isdecimal():
        if skill not in names:
            rule = "on_skill must be the number or the name of a skill"
            raise InputError(rule, skill, f"the curves have {', '.join(names)}")
        return names.index(skill) + 1
    number = require_whole("on_skill", int(skill) if isinstance(skill, str) else skill, 1, "skills count from 1")
    if number > len(names):
        if str(number) in names:
            return names.index(str(number)) + 1
        raise InputError(f"on_skill must be at most {len(names)}, the number of skills", number, "choose one of them")
    return number


def carried_frequencies(curves: xr.Dataset) -> Frequencies:
    """The frequencies that come with the curves, or raise `InputError` if there are none."""
    values = curves["frequency"].to_numpy()
    if not (np.all(values > 0) and np.all(np.diff(values) <= 0)):
        raise InputError(
            "the curves do not say how frequent their skills are, most frequent first", values, "give frequencies="
        )
    return Frequencies(values)


def not_risen(of_skills: xr.Dataset, advice: str) -> InputError:
    """The error to raise where no chosen skill shows a rise."""
    names = [name for name in skill_names(of_skills) if not name.isdecimal()]
    who = " or ".join(map(named, names)) or "the skill to calibrate on"
    rule = f"{who} must rise through R/S = 0.1 and 0.5" + (" to be calibrated on" if names else "")
    highest = float(of_skills["strength"].max())
    if emergence_times(of_skills).censored.all():
        advice = "it was up at the first measurement: choose another skill with on_skill="
    if highest > _BEYOND:
        advice = "are these losses or percentages? Give quantity=, or other columns="
    return InputError(rule, highest, advice)
