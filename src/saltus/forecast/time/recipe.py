"""The optimiser that made curves, as far as their settings tell, and the family to which it belongs."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import xarray as xr

OptimizerFamily = Literal["sgd", "adam", "other"]
_SGD = re.compile(r"(sgd|momentum|nesterov|heavy.?ball|gradient.?descent)", re.IGNORECASE)
_ADAM = re.compile(r"(adam|lamb|lion|adafactor|adopt)", re.IGNORECASE)


def optimizer_of(curves: xr.Dataset) -> str | None:
    """Name of the optimiser in the settings of the curves; None if they do not say."""
    settings = json.loads(curves.attrs.get("settings", "{}"))
    training = settings.get("training") or settings  # settings of a store are flat
    name = training.get("optimizer") if isinstance(training, dict) else None
    return name if isinstance(name, str) and name else None


def family_of(optimizer: str | None) -> OptimizerFamily | None:
    """The family of an optimiser by its name; None for one that is not known."""
    if optimizer is None:
        return None
    return "adam" if _ADAM.search(optimizer) else "sgd" if _SGD.search(optimizer) else "other"
