"""Strengths as a rule of conversion gives them, with their standard errors, and words for their skills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from saltus._types import Floats
from saltus.curves.names import named
from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.chance import Floor
from saltus.read.measurements import Measurements

Rule = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Strengths:
    """Strengths of measurements, one each, and how they came to be.

    Attributes:
        value: R/S.
        error: its standard error; NaN where it is not known.
        rule: the conversion in words.
        findings: remarks on the conversion.
        measurements: the converted ones, with values in their unit: shares, where the file has percentages.
        measured_errors: whether ``error`` is an error of measurement that the file tells, by itself or by numbers of
            items.
        unexplained_floor: level at which each skill starts, where nobody gave it and it is above 0.1; else NaN. Shape
            ``(n_skills,)``.
        items: number of items (questions) behind each value of a skill; NaN where it is not known. Same shape.
        chance: accuracy without the skill, where R/S is (accuracy - chance) / (1 - chance); else NaN. Same shape.
        scale_error: standard error of R/S at one half by an estimated chance or initial loss, which all values of a
            skill share; 0 where nothing was estimated. Same shape.
    """

    value: Floats
    error: Floats
    rule: str
    findings: tuple[Finding, ...]
    measurements: Measurements
    measured_errors: bool
    unexplained_floor: Floats
    items: Floats
    chance: Floats
    scale_error: Floats


def by_rule(rule: Rule, value: Floats, error: Floats, measurements: Measurements) -> tuple[Floats, Floats]:
    """Strengths and their standard errors; raises `InputError` where a strength is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        strength = rule(value)
        of_strength = np.abs(rule(value + error) - rule(value - error)) / 2
    if not np.isfinite(strength).all():
        worst = float(measurements.value[~np.isfinite(strength)][0])
        raise InputError(f"a {measurements.quantity} must convert to a finite strength", worst, "check the column")
    return strength, np.where(np.isfinite(of_strength), of_strength, np.nan)


def unexplained(starts: Sequence[Floor | None]) -> Floats:
    """The unexplained level of each skill, shape ``(n_skills,)``; NaN without one."""
    return np.array([np.nan if one is None else one.unexplained for one in starts], dtype=float)


def name_of(measurements: Measurements, k: int) -> str:
    """A skill of the measurements in a sentence."""
    return named(measurements.skill.names[k])
