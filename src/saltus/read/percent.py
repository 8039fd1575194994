"""Accuracies and error rates in percent, recognised and divided by 100."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saltus.curves.report import Finding, counted
from saltus.read.measurements import Measurements

_LOWEST, _HIGHEST = -5.0, 105.0  # percentages, noise about 0 and 100 included
_MOST = 0.5  # share of a skill's values above 1 from which they are percentages
_WORST_RATE = 10.0  # an error rate of words may exceed 1, but not by so much


def as_shares(measurements: Measurements) -> tuple[Measurements, tuple[Finding, ...]]:
    """The measurements with shares in the place of percentages, and whether there were any.

    Skills are in percent if most of their values exceed 1 and all lie from 0 to 100; so are the others beside them, if
    they are fewer.
    """
    value, codes = measurements.value, measurements.skill.codes
    n_skills = len(measurements.skill.names)
    low, high = np.full(n_skills, np.inf), np.full(n_skills, -np.inf)
    np.minimum.at(low, codes, value)
    np.maximum.at(high, codes, value)
    above = np.bincount(codes[value > 1], minlength=n_skills)
    count = np.bincount(codes, minlength=n_skills)
    possible = (low >= _LOWEST) & (high <= _HIGHEST) & (count > 0)
    percent = possible & (above > _MOST * count)
    if measurements.quantity == "error_rate":
        percent &= high > _WORST_RATE
    if not percent.any():
        return measurements, ()
    if percent.sum() >= (possible & ~percent).sum():
        percent = possible
    factor = np.where(percent, 0.01, 1.0)[codes]
    beside = dict(measurements.beside)
    if "value_error" in beside:
        beside["value_error"] = beside["value_error"] * factor
    n_percent, n_measured = int(percent.sum()), int((count > 0).sum())
    which = "all skills" if n_percent == n_measured else f"{counted(n_percent, 'skill')} of {n_measured}"
    text = f"{which} from {low[percent].min():.4g} to {high[percent].max():.4g}: divided by 100"
    finding = Finding("percentages", n_percent, text)
    return replace(measurements, value=value * factor, beside=beside), (finding,)
