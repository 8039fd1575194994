"""The training that made curves, as far as their settings tell: optimiser and its family, batch, network."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import xarray as xr

OptimizerFamily = Literal["sgd", "adam", "other"]
Network = Literal["squared", "logistic", "deep", "transformer"]
"""One hidden layer and its loss, fully connected layers beyond that, or a transformer."""
_SGD = re.compile(r"(sgd|momentum|nesterov|heavy.?ball|gradient.?descent)", re.IGNORECASE)
_ADAM = re.compile(r"(adam|lamb|lion|adafactor|adopt)", re.IGNORECASE)


def optimizer_of(curves: xr.Dataset) -> str | None:
    """Name of the optimiser in the settings of the curves; None if they do not say."""
    name = _training(curves).get("optimizer")
    return name if isinstance(name, str) and name else None


def batch_size_of(curves: xr.Dataset) -> float:
    """Samples in an update, by the settings of the curves; NaN if they do not say."""
    size = _training(curves).get("batch_size")
    return float(size) if isinstance(size, int | float) and size > 0 else math.nan


def rate_is_told(curves: xr.Dataset) -> bool:
    """Whether the settings of the curves say that the learning rate is constant, but for the rates in the curves."""
    training = _training(curves)
    return "halve_every" in training or training.get("schedule") == "constant"  # trainings of ours, or of others


def trained_network(curves: xr.Dataset) -> Network | None:
    """The kind of a network of ours, by the settings of its training; None for all others."""
    training = _training(curves)
    network = training.get("network")
    if "init_std" in training and "width" in training:  # the kernel's
        return "squared"
    if not isinstance(network, dict):
        return None
    if "embedding" in network:
        return "transformer"
    if network.get("n_layers", 0) < 2:
        return None
    if network["n_layers"] > 2 or network.get("normalised"):
        return "deep"
    loss = training.get("loss")
    return loss if loss in ("squared", "logistic") else None


def _training(curves: xr.Dataset) -> dict[str, Any]:
    """Settings of the training; settings of a store are flat."""
    settings = json.loads(curves.attrs.get("settings", "{}"))
    training = settings.get("training") or settings
    return training if isinstance(training, dict) else {}


def family_of(optimizer: str | None) -> OptimizerFamily | None:
    """The family of an optimiser by its name; None for one that is not known."""
    if optimizer is None:
        return None
    return "adam" if _ADAM.search(optimizer) else "sgd" if _SGD.search(optimizer) else "other"
