"""Frequencies of skills as a column of the curves' own file gives them."""

from __future__ import annotations

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.measurements import Measurements


def stated_frequencies(measurements: Measurements) -> tuple[Floats, list[Finding]]:
    """Frequency of each skill by a column ``frequency`` of the file, NaN where there is none; and that it was used.

    Raises:
        InputError: if the rows of a skill disagree, or a frequency is no finite number above 0.
    """
    names = measurements.skill.names
    frequencies = np.full(len(names), np.nan)
    column = measurements.beside.get("frequency")
    if column is None:
        return frequencies, []
    stated = ~np.isnan(column)
    skill, values = measurements.skill.codes[stated], column[stated]
    frequencies[skill] = values
    if (bad := ~(np.isfinite(values) & (values > 0))).any():
        rule = "a frequency must be a finite number greater than 0"
        raise InputError(rule, float(values[bad][0]), f"see skill {names[skill[bad][0]]}, or rename the column")
    if (differs := frequencies[skill] != values).any():
        first = int(differs.argmax())
        pair = [float(values[first]), float(frequencies[skill[first]])]
        advice = f"see skill {names[skill[first]]}: keep runs of one task, or rename the column"
        raise InputError("the column frequency must have one value a skill", pair, advice)
    known = np.isfinite(frequencies)
    if not known.any():
        return frequencies, []
    n_known = int(known.sum())
    span = f"{frequencies[known].max():.4g} to {frequencies[known].min():.4g}"
    text = f"{counted(n_known, 'skill')} of {len(names)} with theirs in the file: {span}, used unless others are given"
    return frequencies, [Finding("frequencies", n_known, text)]
