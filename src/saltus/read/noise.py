"""Noise of one curve's values, and whether two readings of the same steps disagree by more."""

from __future__ import annotations

import numpy as np

from saltus._types import Floats
from saltus.read.measurements import Measurements

_MEDIAN_OF_SQUARED_NORMAL = 0.4549364  # median of chi-squared with one degree of freedom
_LEAST = 0.01  # least noise, as a share of the range of values: curves closer than that are one
_FEWEST = 3  # steps that must disagree before two readings are two curves
_BEYOND = 3.0  # rms disagreement in standard deviations of a difference, above which it is no noise


def noise_of(series: list[Floats], given: Floats) -> float:
    """Standard deviation of a value about the smooth course of its series.

    Second differences of neighbours have 6 times the variance of the noise; their median ignores the rise itself.

    Args:
        series: values in the order of their steps, each series of one course.
        given: standard errors that the file gives, NaN where it gives none.
    """
    values = np.concatenate(series)
    least = _LEAST * float(np.ptp(values)) if values.size else 0.0
    if np.isfinite(given).any():
        return max(float(np.nanmedian(given)), least)
    bends = np.concatenate([np.diff(one, 2) for one in series])
    if not bends.size:
        return least
    return max(float(np.sqrt(np.median(bends**2) / (6 * _MEDIAN_OF_SQUARED_NORMAL))), least)


def given_errors(measurements: Measurements) -> Floats:
    """Standard error of each value as far as the file tells it, else NaN."""
    beside = measurements.beside
    for name in ("value_error", "strength_error"):
        if name in beside:
            return beside[name]
    if "n" in beside and measurements.quantity == "accuracy":
        share = np.clip(measurements.value, 0, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.sqrt(share * (1 - share) / beside["n"])
    return np.full(measurements.value.shape, np.nan)


def disagree(differences: Floats, noise: float) -> bool:
    """Whether values of the same steps differ by more than noise, at several steps and on the whole."""
    limit = _BEYOND * np.sqrt(2) * noise
    return bool((abs(differences) > limit).sum() >= _FEWEST and np.sqrt(np.mean(differences**2)) > limit)
