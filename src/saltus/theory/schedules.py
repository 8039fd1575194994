"""Learning-rate schedules by name: the share of the peak rate that every update takes.

| text | share of the peak |
|---|---|
| ``constant`` | 1 |
| ``cosine:steps=20000,floor=0.1`` | half a cosine from 1 down to the floor |
| ``linear:steps=20000`` | a straight line from 1 down to the floor |
| ``wsd:steps=20000,decay=4000`` | 1, then a straight line over the last steps (warm-up, stable, decay) |
| ``steps:every=5000,factor=0.5`` | falls by a factor again and again |
| ``restarts:every=5000`` | half a cosine again and again |
| ``inverse-sqrt:warmup=500`` | falls as 1/sqrt(update / warm-up) |

All take ``warmup=N``: updates in which the share rises in a straight line from 0, as Hugging Face and most others count
them: update i of the warm-up, from 0, has i/N.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats
from saltus.errors import InputError

Shape = Callable[[Floats, Mapping[str, float]], Floats]
"""Share of the peak at updates counted from the end of the warm-up."""


@dataclass(frozen=True)
class Schedule:
    """A learning rate that changes by a rule; made by `read_schedule`.

    Attributes:
        kind: its name, e.g. "cosine".
        parameters: its numbers, every one of them, by name.
    """

    kind: str
    parameters: tuple[tuple[str, float], ...]

    def share(self, update: ArrayLike) -> Floats:
        """Share of the peak rate.

        Args:
            update: index of the update, from 0, any shape.

        Returns:
            Shares from 0 to 1, the shape of ``update``.
        """
        numbers = dict(self.parameters)
        at, warmup = np.asarray(update, dtype=float), numbers["warmup"]
        after = _KINDS[self.kind].shape(np.maximum(at - warmup, 0.0), numbers)
        return np.where(at < warmup, at / max(warmup, 1.0), after)

    @property
    def ends(self) -> bool:
        """Whether the schedule has a last step; the share stays from there on."""
        return "steps" in dict(self.parameters)

    def __str__(self) -> str:
        """The text that `read_schedule` reads."""
        named = ",".join(
            f"{name}={int(number) if number.is_integer() else number!r}" for name, number in self.parameters
        )
        return f"{self.kind}:{named}"


@dataclass(frozen=True)
class RateTable:
    """Learning rates that are known at some steps; straight between them, and staying beyond the first and the last.

    Args:
        steps: ascending, at least 0, in the unit of the curves.
        rates: the learning rate at each, at least 0, some above 0.

    Raises:
        InputError: if there is none, or numbers are out of order or range.
    """

    steps: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.steps or len(self.steps) != len(self.rates):
            raise InputError("learning rates must be one a step", len(self.rates), "give a step and a rate in each row")
        if not (self.steps[0] >= 0 and all(a < b < math.inf for a, b in pairwise(self.steps))):
            raise InputError("steps of learning rates must ascend from 0 or more", self.steps, "sort them, each once")
        if not (all(0 <= rate < math.inf for rate in self.rates) and any(self.rates)):
            raise InputError("learning rates must be 0 or more, and not all 0", self.rates, "give e.g. 3e-4")


def is_schedule(text: str) -> bool:
    """Whether a text begins with the kind of a schedule."""
    return text.partition(":")[0].strip() in _KINDS


def read_schedule(text: str, steps: int | None = None) -> Schedule:
    """A schedule from its text, such as ``"cosine:warmup=500,steps=20000,floor=0.1"``.

    Args:
        text: a kind, and after a colon its numbers; the table of this module lists them.
        steps: length of the training, where the text does not say it.

    Raises:
        InputError: if the kind or a number is unknown, missing, or outside its range.
    """
    name, _, rest = text.partition(":")
    kind = _KINDS.get(name.strip())
    if kind is None:
        raise InputError(f"a schedule must be one of {', '.join(_KINDS)}", text, "e.g. cosine:warmup=500,steps=20000")
    numbers = kind.defaults | {"warmup": 0.0} | _numbers(rest, text, {*kind.defaults, "warmup"})
    if math.isnan(numbers.get("steps", 0.0)) and steps is not None:
        numbers["steps"] = float(steps)
    if math.isnan(numbers.get("decay", 0.0)):
        numbers["decay"] = np.ceil(0.2 * numbers["steps"]).item()  # the usual share of warm-up, stable, decay
    _check(numbers, text)
    return Schedule(name.strip(), tuple(sorted(numbers.items())))


@dataclass(frozen=True)
class _Kind:
    """A shape, and its numbers; NaN for one without a default."""

    shape: Shape
    defaults: dict[str, float]


def _progress(after: Floats, numbers: Mapping[str, float]) -> Floats:
    """Share of the way from the end of the warm-up to the last step."""
    return np.minimum(after / max(numbers["steps"] - numbers["warmup"], 1.0), 1.0)


def _down_to(floor: float, left: Floats) -> Floats:
    return floor + (1 - floor) * left


def _cosine(after: Floats, numbers: Mapping[str, float]) -> Floats:
    return _down_to(numbers["floor"], (1 + np.cos(np.pi * _progress(after, numbers))) / 2)


def _linear(after: Floats, numbers: Mapping[str, float]) -> Floats:
    return _down_to(numbers["floor"], 1 - _progress(after, numbers))


def _stable(after: Floats, numbers: Mapping[str, float]) -> Floats:
    left = numbers["steps"] - numbers["warmup"] - after
    return _down_to(numbers["floor"], np.clip(left / numbers["decay"], 0.0, 1.0))


def _falling(after: Floats, numbers: Mapping[str, float]) -> Floats:
    return np.asarray(numbers["factor"] ** np.floor(after / numbers["every"]))


def _restarting(after: Floats, numbers: Mapping[str, float]) -> Floats:
    return _down_to(numbers["floor"], (1 + np.cos(np.pi * (after % numbers["every"]) / numbers["every"])) / 2)


def _inverse_sqrt(after: Floats, numbers: Mapping[str, float]) -> Floats:
    start = max(numbers["warmup"], 1.0)
    return np.asarray((start / (start + after)) ** 0.5)


_KINDS = {
    "constant": _Kind(lambda after, _: np.ones_like(after), {}),
    "cosine": _Kind(_cosine, {"steps": math.nan, "floor": 0.0}),
    "linear": _Kind(_linear, {"steps": math.nan, "floor": 0.0}),
    "wsd": _Kind(_stable, {"steps": math.nan, "decay": math.nan, "floor": 0.0}),
    "steps": _Kind(_falling, {"every": math.nan, "factor": 0.5}),
    "restarts": _Kind(_restarting, {"every": math.nan, "floor": 0.0}),
    "inverse-sqrt": _Kind(_inverse_sqrt, {}),
}


def _numbers(rest: str, text: str, known: set[str]) -> dict[str, float]:
    numbers: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in rest.split(","))):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in known or name in numbers:
            raise InputError(
                f"{text.partition(':')[0]} must have each of {', '.join(sorted(known))} once", part, "mend it"
            )
        try:
            numbers[name] = float(value)
        except ValueError:
            raise InputError(f"{name} of a schedule must be a number", part, f"e.g. {name}=500") from None
    return numbers


def _check(numbers: Mapping[str, float], text: str) -> None:
    for name, number in numbers.items():
        if math.isnan(number):
            raise InputError(f"this schedule must say {name}", text, f"e.g. {text.partition(':')[0]}:{name}=20000")
        if name in ("floor", "factor") and not 0 <= number <= 1:
            raise InputError(f"{name} of a schedule must lie from 0 to 1", number, "give a share of the peak rate")
        if name not in ("floor", "factor") and not (math.isfinite(number) and number >= (name != "warmup")):
            raise InputError(f"{name} of a schedule must be a number of updates", number, "give 1 or more")
    if numbers.get("steps", math.inf) < numbers["warmup"] + numbers.get("decay", 0.0):
        raise InputError("a schedule must be longer than its warm-up and decay", text, "give more steps")
