"""Losses of PyTorch networks, and the estimate of the target that each makes of the output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from saltus._types import Floats

if TYPE_CHECKING:
    import torch

Loss = Literal["squared", "logistic"]


@dataclass(frozen=True)
class Objective:
    """A loss, and the answer of a network trained on it.

    Attributes:
        loss: gives a scalar for outputs and targets, both ``(n,)``.
        answer: gives the network's estimate of the targets, in their units, for outputs and targets; only the size S of
            the targets is used.
        times_reported: the loss over the reported loss (docs/conventions.md: half the mean squared error).
    """

    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
    answer: Callable[[Floats, Floats], Floats]
    times_reported: float


def _squared(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The plain mean squared error, without the factor 1/2, as in the authors' trainer."""
    return (outputs - targets).square().mean()  # (n,) to ()


def _logistic(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy -log P(right sign), P = 1/(1 + exp(-sign f)), for an output f that is a log-odds."""
    import torch

    return torch.nn.functional.softplus(-targets.sign() * outputs).mean()  # (n,) to ()


def _expected_target(outputs: Floats, targets: Floats) -> Floats:
    """S (P(+) - P(-)) = S tanh(f/2): the mean of the target under the network's probabilities."""
    return np.asarray(np.abs(targets) * np.tanh(outputs / 2))


OBJECTIVES: dict[Loss, Objective] = {
    "squared": Objective(_squared, lambda outputs, _: outputs, times_reported=2.0),
    "logistic": Objective(_logistic, _expected_target, times_reported=1.0),
}
