"""Fully connected networks of any depth, as PyTorch modules."""

from __future__ import annotations

import itertools
import math
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING

from saltus.errors import InputError, require_positive, require_whole
from saltus.parity.task import MultitaskSparseParity
from saltus.settings import LATER

if TYPE_CHECKING:
    from torch import nn

_ACTIVATIONS = {
    "relu": "ReLU",
    "gelu": "GELU",
    "silu": "SiLU",
    "elu": "ELU",
    "softplus": "Softplus",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "identity": "Identity",
}


@dataclass(frozen=True)
class Perceptron:
    """Layers of equal width, scalar output, biases everywhere.

    Args:
        width: units of each hidden layer.
        n_layers: layers of weights; the paper's network has 2.
        activation: hidden units: "relu", "gelu", "silu", "elu", "softplus", "tanh", "sigmoid" or "identity".
        init_std: standard deviation of every parameter at the start, biases included, as in the paper; None starts as
            PyTorch does.
        normalised: put a layer normalisation before each activation.

    Raises:
        InputError: if a value is outside its range.
    """

    width: int = 1000
    _: KW_ONLY
    n_layers: int = 2
    activation: str = "relu"
    init_std: float | None = None
    normalised: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        for name, advice in (("width", "give the hidden units, e.g. 1000"), ("n_layers", "give the layers of weights")):
            object.__setattr__(self, name, require_whole(name, getattr(self, name), 1, advice))
        if self.activation not in _ACTIVATIONS:
            rule = f"activation must be one of {', '.join(_ACTIVATIONS)}"
            raise InputError(rule, self.activation, "choose one of them")
        if self.init_std is not None:
            advice = "give the spread of the starting weights, e.g. 0.01, or leave it out"
            object.__setattr__(self, "init_std", require_positive("init_std", self.init_std, advice))

    @property
    def gaussian_start(self) -> float:
        """``init_std``, if this is the paper's network; NaN for any other."""
        papers = self.init_std is not None and self.n_layers == 2 and self.activation == "relu" and not self.normalised
        return self.init_std if papers and self.init_std is not None else math.nan

    def module(self, task: MultitaskSparseParity) -> nn.Module:
        """The network at a start drawn from PyTorch's random numbers."""
        from torch import nn

        sizes = [task.n_skills + task.n_bits, *[self.width] * (self.n_layers - 1), 1]
        layers: list[nn.Module] = []
        for n_in, n_out in itertools.pairwise(sizes):
            layers.append(nn.Linear(n_in, n_out))
            if self.normalised:
                layers.append(nn.LayerNorm(n_out))
            layers.append(getattr(nn, _ACTIVATIONS[self.activation])())
        network = nn.Sequential(*layers[: -2 if self.normalised else -1])
        if self.init_std is not None:
            for layer in network:
                for parameter in layer.parameters() if isinstance(layer, nn.Linear) else ():
                    nn.init.normal_(parameter, std=self.init_std)
        return network
