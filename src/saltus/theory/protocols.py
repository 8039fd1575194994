"""What a model of skills must offer, so that laws, plans and forecasts can be asked of any of them."""

from __future__ import annotations

from typing import TypeVar

from saltus.theory.dynamics import GradientFlow

FlowModel = TypeVar("FlowModel", bound=GradientFlow)
