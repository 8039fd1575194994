"""The one exception of the library: the rule, the value received, the next step."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Sequence
from typing import Any


class InputError(ValueError):
    """Input that breaks a stated rule.

    The message is one line, ``rule; received value; next step``, so that a person at a terminal and a
    program that catches it read the same thing. The command line turns it into exit status 2.

    Args:
        rule: what must hold, e.g. ``"alpha must be greater than 0"``.
        received: the offending value, shown with ``repr``.
        advice: what to do about it, as an imperative.
    """

    def __init__(self, rule: str, received: Any, advice: str) -> None:
        self.rule = rule
        self.received = received
        self.advice = advice
        super().__init__(f"{rule}; received {shown(received)}; {advice}")


class StoppedError(RuntimeError):
    """Work that could not go on though the input was right (a full disk, a lost cluster), and how to continue it.

    The message is one line; the command line turns it into exit status 1.
    """


class TrainingWarning(UserWarning):
    """A run that diverged or stalled: the message names the step, the sign of it and a remedy."""


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn at the line outside this package that called into it, however many of our functions lie between."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def shown(value: Any) -> str:
    """``repr`` on one line and of bounded length; NumPy scalars appear as plain numbers."""
    text = repr(value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value)
    text = " ".join(text.split())
    return text if len(text) <= 120 else text[:117] + "..."


def require_positive(name: str, value: float, advice: str) -> float:
    """Return ``value`` as a float, or raise `InputError` unless it is a finite number above zero."""
    if not (_is_number(value) and math.isfinite(value) and value > 0):
        raise InputError(f"{name} must be a finite number greater than 0", value, advice)
    return float(value)


def require_not_negative(name: str, value: float, advice: str) -> float:
    """Return ``value`` as a float, or raise `InputError` unless it is a finite number of at least 0."""
    if not (_is_number(value) and math.isfinite(value) and value >= 0):
        raise InputError(f"{name} must be a finite number of at least 0", value, advice)
    return float(value)


def require_whole(name: str, value: float, minimum: int, advice: str) -> int:
    """Return ``value`` as an int, or raise `InputError` unless it is a whole number >= ``minimum``."""
    if not (_is_number(value) and math.isfinite(value) and value == int(value) and value >= minimum):
        raise InputError(f"{name} must be a whole number, {minimum} or more", value, advice)
    return int(value)


def require_seeds(seeds: int | Sequence[int]) -> list[int]:
    """The seeds of runs, given as how many (0, 1, ...) or one by one; `InputError` unless they are whole numbers."""
    chosen = seeds if isinstance(seeds, Sequence) else range(require_whole("seeds", seeds, 1, "give how many runs"))
    return [require_whole("seed", seed, 0, "give whole numbers") for seed in chosen]


def _is_number(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    try:
        float(value)
    except (TypeError, ValueError, OverflowError):
        return False
    return not isinstance(value, str)
