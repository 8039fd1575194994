"""Noise of one curve's values, and whether two readings of the same steps disagree by more."""

from __future__ import annotations

import numpy as np

from saltus._types import Floats, Integers
from saltus.read.falls import Indices
from saltus.read.measurements import Measurements
from saltus.read.value_errors import value_errors

_MEDIAN_OF_SQUARED_NORMAL = 0.4549364  # median of chi-squared with one degree of freedom
_LEAST = 0.01  # least noise, as a share of the range of values: curves closer than that are one
_FEWEST = 3  # steps that must disagree before two readings are two curves
_BEYOND = 3.0  # rms disagreement in standard deviations of a difference, above which it is no noise


def noise_of(values: Floats, series: Integers, given: Floats) -> float:
    """Standard deviation of a value about the smooth course of its series.

    Second differences of neighbours have 6 times the variance of the noise; their median ignores the rise itself.

    Args:
        values: of one series after the other, each in the order of its steps.
        series: number of the series that a value is of.
        given: standard errors that the file gives, NaN where it gives none.
    """
    least = _LEAST * float(np.ptp(values)) if values.size else 0.0
    if np.isfinite(given).any():
        return max(float(np.nanmedian(given)), least)
    bends = np.diff(values, 2)[series[2:] == series[:-2]]
    variances = 6  # a second difference's, in variances of a value
    if not bends.size:  # pairs at most: a rise counts as noise
        bends, variances = np.diff(values)[series[1:] == series[:-1]], 2
    if not bends.size:
        return least
    return max(float(np.sqrt(np.median(bends**2) / (variances * _MEDIAN_OF_SQUARED_NORMAL))), least)


def given_errors(measurements: Measurements, entries: Indices) -> Floats:
    """Standard error of some values as far as the file tells it, else NaN."""
    of_entries = measurements.take(entries)
    if "strength_error" in of_entries.beside:
        return of_entries.beside["strength_error"]
    share = of_entries.quantity in ("accuracy", "error_rate") and float(np.nanmax(of_entries.value)) <= 1
    return value_errors(of_entries, share)


def disagree(differences: Floats, noise: float) -> bool:
    """Whether values of the same steps differ by more than noise, at several steps and on the whole."""
    limit = _BEYOND * np.sqrt(2) * noise
    return bool((abs(differences) > limit).sum() >= _FEWEST and np.sqrt(np.mean(differences**2)) > limit)
