"""Momentum: to first order in the learning rate it only makes time run faster, by 1 / (1 - momentum)."""

from __future__ import annotations

from dataclasses import replace

from saltus.errors import InputError
from saltus.theory.dynamics import GradientFlow
from saltus.theory.protocols import FlowModel


def with_momentum(model: FlowModel, momentum: float) -> FlowModel:
    """The same model trained with heavy-ball (or Nesterov) momentum (ours, momentum.md).

    Every update adds up to gradient / (1 - momentum) over its later effect, so the flow has the learning rate
    ``eta / (1 - momentum)``. The error is of first order in the learning rate.

    Args:
        model: any model in continuous time.
        momentum: the share of an update that the next one keeps, from 0 to 1, 1 excluded.

    Raises:
        InputError: if ``momentum`` is outside its range, or ``model`` is gradient descent in steps.
    """
    if not isinstance(model, GradientFlow):
        raise InputError("model must be a gradient flow", type(model).__name__, "momentum in steps is no rescaling")
    if not 0 <= momentum < 1:
        raise InputError("momentum must lie from 0 to 1, 1 excluded", momentum, "give e.g. 0.9, or 0 for none")
    return replace(model, learning_rate=model.learning_rate / (1 - momentum))
