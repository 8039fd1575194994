"""Search by bisection over whole numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from saltus._types import Flags, Floats


def first_where(holds: Callable[[Floats], Flags], low: Floats, high: Floats) -> Floats:
    """Smallest whole number from ``low`` to ``high`` where a monotone condition holds; ``high`` if none below does."""
    while np.any(undecided := low < high):
        middle = np.floor((low + high) / 2)
        found = holds(middle)
        high = np.where(undecided & found, middle, high)
        low = np.where(undecided & ~found, middle + 1, low)
    return high
