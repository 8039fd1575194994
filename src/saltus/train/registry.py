"""Every way to train and every architecture, by the names that specs give them: a new one is listed here."""

from __future__ import annotations

from collections.abc import Mapping

from saltus.train.configuration import Training
from saltus.train.kernel.training import MLPTraining
from saltus.train.torch.gated_perceptron import GatedPerceptron
from saltus.train.torch.network import Architecture, NetworkTraining
from saltus.train.torch.perceptron import Perceptron
from saltus.train.torch.transformer import Transformer

_TRAININGS: tuple[type[Training], ...] = (MLPTraining, NetworkTraining)
_ARCHITECTURES: tuple[type[Architecture], ...] = (Perceptron, GatedPerceptron, Transformer)

TRAININGS: Mapping[str, type[Training]] = {kind.__name__: kind for kind in _TRAININGS}  # the first is the default
ARCHITECTURES: Mapping[str, type[Architecture]] = {kind.__name__: kind for kind in _ARCHITECTURES}
OF_ARCHITECTURES = NetworkTraining.__name__  # the default where a `network` is given
