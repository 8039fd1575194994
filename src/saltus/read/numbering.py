"""Skills count from 1, the most frequent first: by their own numbers, or else in the order of the file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saltus._types import Integers
from saltus.curves.report import Finding, some
from saltus.errors import InputError
from saltus.read.files import LAST_WHOLE, MAX_COLUMNS
from saltus.read.measurements import Labels, Measurements

Whole = Integers


def numbered(measurements: Measurements, keep_order: bool) -> Measurements:
    """The same measurements with ``skill.names[k - 1]`` the name of skill k, and runs by number where they have one.

    Args:
        measurements: as read.
        keep_order: leave the skills in the order in which they stand, whatever their names.

    Raises:
        InputError: if skills are numbered below 0 or beyond all bounds.
    """
    run = measurements.run
    numbers = whole_numbers(run)
    if numbers is not None:
        run = _recoded(run, numbers, np.unique(numbers))
    if keep_order:
        return replace(measurements, run=run)
    measured, left_out = _measured(replace(measurements, run=run))
    skill, findings = _by_own_number(measured.skill)
    return replace(measured, skill=skill, findings=(*measurements.findings, *left_out, *findings))


def _measured(measurements: Measurements) -> tuple[Measurements, tuple[Finding, ...]]:
    """The measurements with the skills that have a value; numbered ones keep their place, as do all if none has one."""
    skill = measurements.skill
    n_values = np.bincount(skill.codes[np.isfinite(measurements.value)], minlength=len(skill.names))
    empty = np.flatnonzero(n_values == 0)
    if not 0 < empty.size < len(skill.names) or whole_numbers(skill) is not None:
        return measurements, ()
    codes = (np.cumsum(n_values > 0) - 1).astype(np.int32)[skill.codes]
    names = tuple(name for name, n in zip(skill.names, n_values, strict=True) if n)
    text = f"{some([skill.names[k] for k in empty])}: left out, since no row has their value; columns= keeps them"
    kept = replace(measurements, skill=Labels(codes, names)).take(n_values[skill.codes] > 0)
    return kept, (Finding("skills without values", int(empty.size), text),)


def whole_numbers(labels: Labels) -> Whole | None:
    """The names as whole numbers, or None if a name is no whole number."""
    if any("_" in name for name in labels.names):  # Python reads 1_0 as 10; as a name it is one
        return None
    try:
        numbers = np.array([float(name) for name in labels.names])
    except ValueError:
        return None
    if not (np.isfinite(numbers) & (abs(numbers) <= LAST_WHOLE) & (numbers == np.floor(numbers))).all():
        return None
    return numbers.astype(np.int64)


def _by_own_number(skill: Labels) -> tuple[Labels, tuple[Finding, ...]]:
    numbers = whole_numbers(skill)
    if numbers is None or not numbers.size:
        return skill, ()
    first, last = int(numbers.min()), int(numbers.max())
    if first < 0 or last > MAX_COLUMNS:
        received = first if first < 0 else last
        raise InputError(f"skills must be numbered from 1 to at most {MAX_COLUMNS:,}", received, "renumber them")
    start = min(first, 1)
    findings = (Finding("renumbered skills", len(numbers), "skills count from 0 in the file, from 1 here"),)
    return _recoded(skill, numbers, np.arange(start, last + 1)), findings if start == 0 else ()


def _recoded(labels: Labels, numbers: Whole, wanted: Whole) -> Labels:
    """Labels by the ``wanted`` numbers, ascending; names that are the same number ("1", "1.0") become one."""
    codes = np.searchsorted(wanted, numbers).astype(np.int32)
    return Labels(codes[labels.codes], tuple(str(number) for number in wanted))
