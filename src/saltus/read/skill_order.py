"""Rank of skills, the first the most frequent: as the file has them, by their frequencies, or as they rise."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, some
from saltus.errors import InputError
from saltus.read.falls import Indices
from saltus.read.frequency_column import stated_frequencies
from saltus.read.measurements import Labels, Measurements
from saltus.read.numbering import whole_numbers

SkillOrder = Literal["file", "frequency", "emergence"]
_HALF = 0.5  # R/S of a skill that has emerged


def ranked(
    measurements: Measurements,
    order: SkillOrder | None,
    patterns: Sequence[str] | None,
    strength_of: Callable[[Measurements], Floats],
) -> tuple[Measurements, list[Finding]]:
    """The measurements with their skills in order, sorted by curve again; and how the order came to be, if it is news.

    Args:
        measurements: by curve and ascending step.
        order: by the caller's choice; None leaves it to frequencies in the file, or else to the file.
        patterns: of the names that the caller chose, which set the order.
        strength_of: conversion of measurements to strength.

    Raises:
        InputError: if there is no such order, or the file has no frequencies to sort by.
    """
    if order not in (None, *get_args(SkillOrder)):
        raise InputError(f"order must be one of {', '.join(get_args(SkillOrder))}", order, "choose one of them")
    names = measurements.skill.names
    if order == "emergence":
        rank, how = _by_emergence(measurements, strength_of(measurements))
        return _reordered(measurements, rank), [Finding("order", len(names), how)]
    frequencies, _ = stated_frequencies(measurements)
    known = np.isfinite(frequencies).any()
    if order == "frequency" and not known:
        advice = "give a column frequency, or another order="
        raise InputError("order='frequency' needs the frequencies of the skills in the file", "none", advice)
    numbers = whole_numbers(measurements.skill) is not None
    if order == "frequency" or (order is None and known and patterns is None):
        rank = np.argsort(-frequencies, kind="stable")  # NaN comes last
        if (np.diff(rank) > 0).all():
            return measurements, []
        if order is None and numbers:
            text = "skills keep their numbers, though the frequencies do not descend: order='frequency' sorts them"
            return measurements, [Finding("order", len(names), text)]
        text = f"skills by their frequencies: {_listed(names, rank)}"
        return _reordered(measurements, rank), [Finding("order", len(names), text)]
    chosen = patterns is not None and len(patterns) >= len(names)
    if order is None and not (numbers or chosen or known) and _alphabetical(names):
        text = "skills stand in alphabetical order, which says nothing of their frequency: order='emergence' sorts them"
        return measurements, [Finding("order", len(names), f"{text} as they rise, columns= as you name them")]
    return measurements, []


def _alphabetical(names: Sequence[str]) -> bool:
    """Whether the names follow the alphabet; names that differ in a number alone ("task1", "task2") are a ranking."""
    texts = {re.sub(r"\d+", "0", name) for name in names}
    return len(texts) > 1 and list(names) == sorted(names, key=str.casefold)


def _by_emergence(measurements: Measurements, strength: Floats) -> tuple[Indices, str]:
    """The skills as they pass half; before them those that stood there at first, after them those that did not come."""
    names = measurements.skill.names
    curve = measurements.curve
    starts = np.flatnonzero(np.diff(curve, prepend=-1))
    found: list[list[tuple[int, float]]] = [[] for _ in names]
    for start, end in zip(starts, [*starts[1:], len(curve)], strict=True):
        found[measurements.skill.codes[start]].append(_passage(measurements.position[start:end], strength[start:end]))
    keys = [_of_runs(own) for own in found]
    rank = np.array(sorted(range(len(names)), key=keys.__getitem__), dtype=np.intp)
    early, late = ([names[k] for k in rank if keys[k][0] == group] for group in (0, 2))
    text = f"skills as they pass half: {_listed(names, rank)}"
    if early:
        text += f"; already there when first measured, by their first strength: {some(early, 4)}"
    if late:
        text += f"; not there yet, by their last strength: {some(late, 4)}"
    return rank, text


def _passage(position: Floats, strength: Floats) -> tuple[int, float]:
    """Sorting key of one curve: 0 if it starts above half, 1 if it passes, 2 if it does not; then what orders these."""
    above = strength >= _HALF
    first = int(above.argmax())
    if not above.any():
        return 2, -float(strength[-1])
    if first == 0:
        return 0, -float(strength[0])
    low, high = strength[first - 1], strength[first]
    share = (_HALF - low) / (high - low)
    return 1, float(position[first - 1] + share * (position[first] - position[first - 1]))


def _of_runs(found: Sequence[tuple[int, float]]) -> tuple[int, float]:
    """Sorting key of a skill: the middle kind of its runs, and the mean of their numbers; unmeasured skills last."""
    if not found:
        return 3, 0.0
    kind = sorted(kind for kind, _ in found)[len(found) // 2]
    return kind, float(np.mean([number for one, number in found if one == kind]))


def _reordered(measurements: Measurements, rank: Indices) -> Measurements:
    codes = np.empty(len(rank), dtype=np.int32)
    codes[rank] = np.arange(len(rank))
    names = tuple(measurements.skill.names[k] for k in rank)
    result = replace(measurements, skill=Labels(codes[measurements.skill.codes], names))
    return result.take(np.argsort(result.curve, kind="stable"))


def _listed(names: Sequence[str], rank: Indices) -> str:
    return some([names[k] for k in rank], 4)
