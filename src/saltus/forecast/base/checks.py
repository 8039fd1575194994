"""Requests that no family of forecasts can meet, refused in one line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from saltus.errors import InputError, require_whole
from saltus.theory.frequencies import Frequencies

if TYPE_CHECKING:
    import xarray as xr


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


def checked_skills(on_skill: int | Sequence[int], n_skills: int) -> tuple[int, ...]:
    """The skills to calibrate on, ascending, or raise `InputError`."""
    asked = on_skill if isinstance(on_skill, Sequence) else [on_skill]
    skills = tuple(sorted({require_whole("on_skill", skill, 1, "skills count from 1") for skill in asked}))
    if not skills:
        raise InputError("on_skill must name at least one skill", on_skill, "skills count from 1")
    if skills[-1] > n_skills:
        raise InputError(f"on_skill must be at most {n_skills}, the number of skills", skills[-1], "choose one of them")
    return skills


def carried_frequencies(curves: xr.Dataset) -> Frequencies:
    """The frequencies that come with the curves, or raise `InputError` if there are none."""
    values = curves["frequency"].to_numpy()
    if not (np.all(values > 0) and np.all(np.diff(values) <= 0)):
        raise InputError(
            "the curves do not say how frequent their skills are, most frequent first", values, "give frequencies"
        )
    return Frequencies(values)


def not_risen(of_skills: xr.Dataset, advice: str) -> InputError:
    """The error to raise where no chosen skill shows a rise."""
    rule = "the skill to calibrate on must rise through R/S = 0.1 and 0.5"
    return InputError(rule, float(of_skills["strength"].max()), advice)
