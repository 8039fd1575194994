"""Standard errors of measured values: as given, or binomial where the number of items is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats
from saltus.read.measurements import Measurements

_EXACT = 0.02  # relative scatter up to which numbers of items found from errors are one number, rounded


def binomial_error(share: ArrayLike, n: ArrayLike) -> Floats:
    """Standard error of a share of n items, as Jeffreys' posterior spreads: above 0 at shares of 0 and 1 too."""
    share, n = np.asarray(share, dtype=float), np.asarray(n, dtype=float)
    middle = (n * np.clip(share, 0, 1) + 0.5) / (n + 1)
    return np.asarray(np.sqrt(middle * (1 - middle) / (n + 2)))


def value_errors(measurements: Measurements, share: bool) -> Floats:
    """Standard error of each value in its unit, NaN where it is not known.

    Args:
        measurements: with "value_error" or "n" beside them, if there are any errors.
        share: whether the values are shares of items, so that their number says their error, and an error of 0 none.
    """
    size = measurements.value.shape
    given, n = (measurements.beside.get(name, np.full(size, np.nan)) for name in ("value_error", "n"))
    error = np.where(np.isfinite(given) & (given >= 0), given, np.nan)
    if not share:
        return error
    n = np.where(np.isfinite(n) & (n >= 1), n, np.nan)
    none = error == 0  # all items alike: the formula behind such errors fails
    if none.any():
        n = np.where(np.isnan(n), _items(measurements, error)[measurements.skill.codes], n)
        error = np.where(none, np.nan, error)
    return np.where(np.isnan(error), binomial_error(measurements.value, n), error)


def items(measurements: Measurements) -> Floats:
    """Number of items behind the values of each skill, NaN where it is not told or changes; shape ``(n_skills,)``."""
    n = measurements.beside.get("n")
    if n is None:
        return np.full(len(measurements.skill.names), np.nan)
    low, high = _range(measurements, n)
    return np.where((low == high) & (low >= 1), low, np.nan)


def _items(measurements: Measurements, error: Floats) -> Floats:
    """Items of each skill by its errors sqrt(p (1 - p) / (n - 1)), where these agree on one number; else NaN."""
    p = np.clip(measurements.value, 0, 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        n = p * (1 - p) / error**2 + 1
    low, high = _range(measurements, np.where(np.isfinite(n) & (n > 1), n, np.nan))
    found = np.where(high <= (1 + _EXACT) * low, high, np.nan)
    found[~np.isfinite(found)] = np.nan
    # Tasks of one file mostly have one size.
    return np.where(np.isnan(found), np.nanmin(found), found) if np.isfinite(found).any() else found


def _range(measurements: Measurements, numbers: Floats) -> tuple[Floats, Floats]:
    """Lowest and highest number of each skill; infinities the wrong way round where it has none."""
    low, high = (np.full(len(measurements.skill.names), side) for side in (np.inf, -np.inf))
    np.fmin.at(low, measurements.skill.codes, numbers)
    np.fmax.at(high, measurements.skill.codes, numbers)
    return low, high
