"""Momentum: to first order in the learning rate it only makes time run faster, by 1 / (1 - momentum)."""

from __future__ import annotations

from dataclasses import replace

from saltus.errors import InputError
from saltus.theory.clock import flow_rate
from saltus.theory.dynamics import FlowModel, GradientFlow


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
    return replace(model, learning_rate=flow_rate(model.learning_rate, momentum))
