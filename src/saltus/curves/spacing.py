"""Steps at which to measure."""

from __future__ import annotations

import math

import numpy as np

from saltus._types import Integers

RATIO = 1.02  # ratio of neighbouring measured steps, wherever it makes more than one step


def geometric_steps(steps: int, ratio: float = RATIO) -> Integers:
    """0, then whole steps at most 2 % apart where that is more than one step, up to and including ``steps``."""
    count = math.ceil(math.log(steps) / math.log(ratio)) + 1
    return np.unique(np.concatenate([[0], np.floor(np.geomspace(1, steps, count)), [steps]]).astype(np.int64))
