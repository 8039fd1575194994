"""Convergence of training on a fixed set: its loss is small and no strength moves any more.

The rule is stated in docs/training.md, with the runs that were carried ten times further to check it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats, Integers
from saltus.parity.batch import Batch

_LOOK_BACK = 0.8  # share of the steps at which the strengths to compare with were measured
_STILL = 0.02  # largest change, in R/S, of a strength that stands still
_STANDARD_ERRORS = 3.0  # standard errors of a difference within which it may be measurement noise


@dataclass(frozen=True)
class Settling:
    """The rule for one run.

    Attributes:
        until_loss: half the mean squared error on the training set must be below this.
        training_set: the whole training set.
    """

    until_loss: float
    training_set: Batch

    def reached(
        self,
        evaluate: Callable[[Batch], NDArray[Any]],
        steps: Integers,
        strength: Floats,
        strength_error: Floats,
    ) -> bool:
        """Whether the run has converged at the last of its measurements so far.

        Args:
            evaluate: gives the answers of the network, or networks, at the last step.
            steps: steps of the measurements so far, ``(n_steps,)``.
            strength, strength_error: R/S at each, with its standard error, ``(..., n_skills, n_steps)``.
        """
        before = np.flatnonzero(steps <= _LOOK_BACK * steps[-1])
        if steps[-1] == 0 or len(before) == 0:
            return False
        moved = np.abs(strength[..., -1] - strength[..., before[-1]])
        noise = np.hypot(strength_error[..., -1], strength_error[..., before[-1]])
        if np.any(moved > _STILL + _STANDARD_ERRORS * noise):
            return False
        miss = evaluate(self.training_set) - self.training_set.targets
        return bool(np.max(np.mean(miss.astype(float) ** 2, axis=-1)) / 2 < self.until_loss)
