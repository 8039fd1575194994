"""Amounts in the words of the log: epochs and tokens are counted where steps are, and look otherwise."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saltus.curves.schema import resource_of
from saltus.resource import PARAMETERS, STEP, Resource

if TYPE_CHECKING:
    import xarray as xr

SHORT = "short"
"""Form of amounts of any size in four digits: 1.028B, 350M, 18.3."""
_MANY = 1e6  # amount from which four digits and a letter are shown, and parameters are no hidden nodes
_LETTERS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
_COUNTED = {
    "epoch": "epoch",
    "token": "token",
    "sample": "sample",
    "example": "example",
    "image": "image",
    "flop": "FLOP",
    "param": "parameter",
    "parameter": "parameter",
}
"""Unit for each word, in the singular, that a column of amounts may have in its name."""
_MULTIPLE = re.compile(r"(^|[^a-z])([kmbgt]|thousands?|millions?|billions?|trillions?|[kmgtpez]flops?)($|[^a-z])")
"""Part of the name of a column that counts multiples of its unit, such as params_B; it is its own unit."""


@dataclass(frozen=True)
class Axis:
    """The resource of curves as their log counts it.

    Attributes:
        resource: its role in the theory.
        one: noun for one of its unit.
        unit: the same in the plural.
        label: of a figure's axis.
        form: format of amounts, for `amount_text`.
        moment: when or how far measurements were used, for titles; a template.
        ordinary: whether the log counts in the resource's own unit.
    """

    resource: Resource
    one: str
    unit: str
    label: str
    form: str
    moment: str
    ordinary: bool

    def text(self, amount: float) -> str:
        """An amount as tables show it."""
        return amount_text(amount, self.form)

    def before(self, amount: float) -> str:
        """The time of a skill that was up when it was first measured, in words."""
        form = self.form if self.form == SHORT else f",{self.form}"
        return f"before {amount_text(amount, form)}" if amount > 0 else "from the start"


def axis_of(curves: xr.Dataset) -> Axis:
    """The axis of curves, by the name of its column in the file, their attribute ``axis``."""
    resource = resource_of(curves)
    name = str(curves.attrs.get("axis", resource.name))
    words = [re.sub("^.flop", "flop", word).removesuffix("s") for word in re.split(r"[^a-z]+", name.lower())]
    known = [_COUNTED[word] for word in words if word in _COUNTED]
    at = curves[resource.name].to_numpy().astype(float)
    if resource is PARAMETERS and not known and (name not in (resource.name, resource.setting) or at[-1] >= _MANY):
        known = ["parameter"]  # of a whole model
    if not known or (name in (resource.name, resource.setting) and at[-1] < _MANY):
        form = resource.form if bool(np.all(at == np.floor(at))) else _decimals(at)
        one = resource.unit.removesuffix("s")
        return Axis(resource, one, resource.unit, resource.axis, form, resource.moment, True)
    one = known[-1]
    unit = f"{one}s"
    if _MULTIPLE.search(name.lower()):
        one = unit = name
    moment = f"after {{}} {unit}" if resource is STEP else f"up to {{}} {unit}"
    form = SHORT if at[-1] >= _MANY else _decimals(at)
    return Axis(resource, one, unit, unit, form, moment, False)


def amount_text(amount: float, form: str) -> str:
    """A number by a format specification, or `SHORT`."""
    if form != SHORT or not math.isfinite(amount):
        return format(amount, "" if form == SHORT else form)
    limit, letter = next(((limit, letter) for limit, letter in _LETTERS if abs(amount) >= limit), (1.0, ""))
    return f"{amount / limit:.4g}{letter}"


def article(noun: str) -> str:
    """``a`` or ``an``."""
    return "an" if noun[0].lower() in "aeiou" else "a"


def _decimals(at: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    """One decimal more than neighbouring measurements need to be told apart."""
    spacing = float(np.median(np.diff(at))) if len(at) > 1 else 1.0
    return f".{min(max(1 - math.floor(math.log10(spacing)), 0), 9)}f"
