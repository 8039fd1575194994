"""From measured values to strength, by a rule that has a name.

| measured | rule |
|---|---|
| strength | as given |
| loss | strength = 1 - sqrt(loss / loss_0), the inverse of L_k = (S - R_k)^2 / 2 (``Nam et al. 2024, Eq. 10``) |
| accuracy | strength = (accuracy - chance) / (1 - chance) |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding
from saltus.errors import InputError, require_not_negative, require_positive
from saltus.read.measurements import Measurements

PerSkill = float | Mapping[str, float]
"""One number for all skills, or one for each by its name."""


@dataclass(frozen=True)
class Scale:
    """Numbers of the caller about the scale of values; None leaves a number to the curves.

    Attributes:
        initial_loss: the loss at strength 0.
        chance: the accuracy of guessing.
        ceiling: the accuracy, or the loss, at strength 1.
        tokens_per_answer: tokens that must all be right for an answer to count.
    """

    initial_loss: PerSkill | None = None
    chance: PerSkill | None = None
    ceiling: PerSkill | None = None
    tokens_per_answer: PerSkill | None = None


@dataclass(frozen=True)
class Strengths:
    """Strengths of measurements, one each, and how they came to be.

    Attributes:
        value: R/S.
        error: its standard error; NaN where it is not known.
        rule: the conversion in words.
        findings: remarks on the conversion.
    """

    value: Floats
    error: Floats
    rule: str
    findings: tuple[Finding, ...] = ()


def to_strength(measurements: Measurements, scale: Scale) -> Strengths:
    """Strengths of measurements that are in order.

    Raises:
        InputError: if a number of the scale is out of range or given for another quantity, or losses are negative.
    """
    value, rule = _converted(measurements, scale.initial_loss, scale.chance)
    error = measurements.beside.get("strength_error", np.full(value.shape, np.nan))
    return Strengths(value, error, rule)


def _converted(
    measurements: Measurements, initial_loss: PerSkill | None, chance: PerSkill | None
) -> tuple[Floats, str]:
    for name, given, quantity in (("initial_loss", initial_loss, "loss"), ("chance", chance, "accuracy")):
        if given is not None and measurements.quantity != quantity:
            advice = f"read {quantity} with quantity={quantity!r}, or leave it out"
            raise InputError(f"{name} belongs to {quantity}", f"{name} with {measurements.quantity}", advice)
    if measurements.quantity == "loss":
        return _from_loss(measurements, initial_loss)
    if measurements.quantity == "accuracy":
        return _from_accuracy(measurements, 0.0 if chance is None else chance)
    return measurements.value, "strength as given"


def _from_loss(measurements: Measurements, initial_loss: PerSkill | None) -> tuple[Floats, str]:
    value = measurements.value
    if (lowest := float(value.min())) < 0:
        raise InputError("losses must be at least 0", lowest, "choose other columns, or another quantity")
    if initial_loss is None:
        _, first, curve = np.unique(measurements.curve, return_index=True, return_inverse=True)
        scale, origin = value[first][curve], "the first of each curve"
        if (lowest := float(scale.min())) == 0:
            raise InputError("the first loss of a curve must be greater than 0", lowest, "give initial_loss")
    else:
        scale, origin = _per_skill(measurements, "initial_loss", initial_loss, _initial_loss)
    with np.errstate(over="ignore"):
        strength = 1 - np.sqrt(value / scale)
    return _finite(strength, measurements), f"strength = 1 - sqrt(loss / loss_0), loss_0: {origin}"


def _from_accuracy(measurements: Measurements, chance: PerSkill) -> tuple[Floats, str]:
    level, origin = _per_skill(measurements, "chance", chance, _chance)
    with np.errstate(over="ignore"):
        strength = (measurements.value - level) / (1 - level)
    return _finite(strength, measurements), f"strength = (accuracy - chance) / (1 - chance), chance: {origin}"


def _per_skill(
    measurements: Measurements, name: str, given: PerSkill, checked: Callable[[float], float]
) -> tuple[Floats, str]:
    """The number that belongs to each measurement, and the numbers in words."""
    skills = measurements.skill.names
    by_name = given if isinstance(given, Mapping) else dict.fromkeys(skills, given)
    if set(by_name) != set(skills):
        differing = sorted(set(by_name) ^ set(skills))[0]
        advice = f"give one number for all, or one each for {', '.join(skills[:3])}" + (
            ", ..." if len(skills) > 3 else ""
        )
        raise InputError(f"{name} must name exactly the skills of the file", differing, advice)
    numbers = np.array([checked(by_name[skill]) for skill in skills])
    words = (
        f"{numbers.min():g}" if numbers.min() == numbers.max() else f"{numbers.min():g} to {numbers.max():g} by skill"
    )
    return numbers[measurements.skill.codes], words


def _initial_loss(loss: float) -> float:
    return require_positive("initial_loss", loss, "give the loss of an untrained network")


def _chance(level: float) -> float:
    level = require_not_negative("chance", level, "give the accuracy of guessing")
    if level >= 1:
        raise InputError("chance must be below 1", level, "give the accuracy of guessing, e.g. 0.25")
    return level


def _finite(strength: Floats, measurements: Measurements) -> Floats:
    if not np.isfinite(strength).all():
        worst = float(measurements.value[~np.isfinite(strength)][0])
        raise InputError(f"a {measurements.quantity} must convert to a finite strength", worst, "check the column")
    return strength
