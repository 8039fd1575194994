"""Scores of predictive distributions: CRPS, and the share that intervals hold, with outcomes that ended unseen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats


def crps(grid: Floats, cdf: Floats, outcome: float, end: float = math.inf) -> float:
    """Continuous ranked probability score: the integral of (F(x) - [x >= outcome])^2 over the grid, up to ``end``.

    It is in the unit of x; that of a point forecast is its distance. F beyond the grid counts up to an outcome there.

    Args:
        grid: x, ascending, shape ``(n,)``.
        cdf: F(x), linear between its points, 0 before them; same shape.
        outcome: x that came; infinite where it had not come by ``end``.
        end: last x that was observed.
    """
    before = _integral_of_square(grid, cdf, grid[0], min(outcome, end))
    after = _integral_of_square(grid, 1 - cdf, max(outcome, grid[0]), min(end, grid[-1]))
    return before + after + float(max(min(grid[0], end) - outcome, 0.0))


def _integral_of_square(x: Floats, y: Floats, low: float, high: float) -> float:
    """Integral of y^2 for y linear between its points and constant beyond them: exact."""
    if not high > low:
        return 0.0
    at = np.concatenate([[low], x[(x > low) & (x < high)], [high]])
    left, right = (value := np.interp(at, x, y))[:-1], value[1:]
    return float(np.sum(np.diff(at) * (left**2 + left * right + right**2)) / 3)


def held(pit_from: ArrayLike, pit_to: ArrayLike, level: float) -> Floats:
    """Whether central intervals of a level held outcomes, by the probability integral transform (PIT), as 0 or 1.

    An outcome that ended unseen has a PIT between two ends, each value as likely: it counts by its share.

    Args:
        pit_from, pit_to: F at the outcome, twice; or its lowest and highest value.
        level: probability of the interval, between 0 and 1.
    """
    low, high = np.asarray(pit_from, dtype=float), np.asarray(pit_to, dtype=float)
    first, last = 0.5 - level / 2, 0.5 + level / 2
    inside = np.clip(np.minimum(high, last) - np.maximum(low, first), 0.0, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(high > low, inside / (high - low), (low >= first) & (low <= last))
