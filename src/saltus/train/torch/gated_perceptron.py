"""A gated network, as a PyTorch module: its hidden units multiply two functions of the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saltus.errors import require_whole
from saltus.parity.task import MultitaskSparseParity

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class GatedPerceptron:
    """One layer of gated linear units, (V x + b) * sigmoid(U x + c), and a scalar output; it starts as PyTorch does.

    Args:
        gates: hidden units.

    Raises:
        InputError: if that is less than 1.
    """

    gates: int = 128

    def __post_init__(self) -> None:
        object.__setattr__(self, "gates", require_whole("gates", self.gates, 1, "give the hidden units, e.g. 128"))

    def module(self, task: MultitaskSparseParity) -> nn.Module:
        """The network at a start drawn from PyTorch's random numbers."""
        from torch import nn

        n_inputs = task.n_skills + task.n_bits
        return nn.Sequential(nn.Linear(n_inputs, 2 * self.gates), nn.GLU(dim=1), nn.Linear(self.gates, 1))
