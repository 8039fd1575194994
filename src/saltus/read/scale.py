"""Numbers of the caller about the scale of values: one for all skills, or some by name or pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from saltus._types import Floats
from saltus.curves.report import some
from saltus.errors import InputError, require_not_negative, require_positive
from saltus.read.loss_kinds import LossKind

PerSkill = float | Mapping[str, float]
"""One number for all skills, or one for each by its name."""


@dataclass(frozen=True)
class Scale:
    """Numbers of the caller about the scale of values; None leaves a number to the curves.

    A mapping may name some skills alone, or hold patterns (``"eval/*"``); the first key that fits a skill counts, a
    whole name before any pattern.

    Attributes:
        initial_loss: the loss at strength 0.
        chance: the accuracy of guessing.
        ceiling: the accuracy, or the loss, at strength 1.
        tokens_per_answer: tokens that must all be right for an answer to count.
        loss_kind: kind of all losses.
    """

    initial_loss: PerSkill | None = None
    chance: PerSkill | None = None
    ceiling: PerSkill | None = None
    tokens_per_answer: PerSkill | None = None
    loss_kind: LossKind | None = None


def by_skill(
    name: str, given: PerSkill | None, skills: tuple[str, ...], checked: Callable[[str, float], float]
) -> Floats:
    """The number of each skill, shape ``(n_skills,)``, NaN where none was given.

    Args:
        name: of the argument.
        given: by the caller.
        skills: their names.
        checked: returns a number that may be used, or raises `InputError`; it is told the name of the argument.

    Raises:
        InputError: if a key fits no skill, or a number may not be used.
    """
    if given is None:
        return np.full(len(skills), np.nan)
    if not isinstance(given, Mapping):
        return np.full(len(skills), checked(name, given))
    for key in given:
        if key not in skills and not any(fnmatchcase(skill, key) for skill in skills):
            advice = f"give one number for all, or some by name: {some(skills)}"
            raise InputError(f"{name} must name skills of the file", key, advice)
    numbers = {key: checked(name, number) for key, number in given.items()}
    return np.array([_found(skill, numbers) for skill in skills], dtype=float)


def _found(skill: str, numbers: Mapping[str, float]) -> float:
    if skill in numbers:
        return numbers[skill]
    return next((number for key, number in numbers.items() if fnmatchcase(skill, key)), np.nan)


def in_words(numbers: Floats) -> str:
    """One number, or the range of several."""
    low, high = float(numbers.min()), float(numbers.max())
    return f"{low:g}" if low == high else f"{low:g} to {high:g} by skill"


def initial_loss_of(name: str, loss: float) -> float:
    """The number, or `InputError` unless it can be the loss of an untrained network."""
    return require_positive(name, loss, "give the loss of an untrained network")


def share_of_answers(name: str, share: float) -> float:
    """The number, or `InputError` unless it can be the accuracy of guessing."""
    share = require_not_negative(name, share, "give the accuracy of guessing")
    if share >= 1:
        raise InputError(f"{name} must be below 1", share, "give the accuracy of guessing, e.g. 0.25")
    return share


def best_accuracy(name: str, share: float) -> float:
    """The number, or `InputError` unless it can be the accuracy of a learned skill."""
    share = require_positive(name, share, "give the accuracy of a learned skill")
    if share > 1:
        raise InputError(f"{name} must be at most 1", share, "give the accuracy of a learned skill, e.g. 0.62")
    return share


def lowest_loss(name: str, loss: float) -> float:
    """The number, or `InputError` unless it can be the loss of a learned skill."""
    return require_not_negative(name, loss, "give the loss of a learned skill")


def tokens_of(name: str, tokens: float) -> float:
    """The number, or `InputError` unless it can count the tokens of an answer."""
    tokens = require_positive(name, tokens, "give how many tokens must all be right")
    if tokens < 1:
        raise InputError(f"{name} must be at least 1", tokens, "give how many tokens must all be right")
    return tokens
