"""Standard errors with the run as the unit: skills of one run share its luck."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

_RESAMPLES = 2000  # bootstrap samples of runs, for 2 % on a standard error


def error_of_mean(run: ArrayLike, value: ArrayLike) -> float:
    """Standard error of a mean over skills, by a bootstrap of whole runs; NaN for fewer than two runs.

    Args:
        run: the run of each value, shape ``(n,)``.
        value: one a skill, same shape.
    """
    runs, position = np.unique(np.asarray(run), return_inverse=True)
    if runs.size < 2:
        return math.nan
    total = np.bincount(position, np.asarray(value, dtype=float))
    number = np.bincount(position).astype(float)
    drawn = np.random.default_rng(0).integers(0, runs.size, (_RESAMPLES, runs.size))
    return float(np.std(total[drawn].sum(axis=1) / number[drawn].sum(axis=1), ddof=1))
