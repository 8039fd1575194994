"""Losses as measures of a skill: which curve of strength one stands for depends on what it measures.

A cross-entropy is minus the logarithm of the probability of the right answer, so that exp(-loss) runs as the strength
does. A squared error is the square of what is missing of it (``Nam et al. 2024, Eq. 10``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats
from saltus.read.measurements import Quantity
from saltus.read.metric_names import words_of

LossKind = Literal["cross_entropy", "squared"]
LOSS_KINDS: tuple[LossKind, ...] = get_args(LossKind)
_OF_WORDS: dict[LossKind, tuple[str, ...]] = {
    "cross_entropy": ("ce", "nll", "xent", "bce", "logloss", "logistic", "entropy", "crossentropy", "likelihood"),
    "squared": ("mse", "rmse", "l2", "squared", "square", "mean_squared_error"),
}
_LEAST_CROSS_ENTROPY = 0.9 * math.log(2)  # an untrained network chooses among two answers at least
_OF_SIGNS = 1.0, 0.03  # mean squared error of an untrained network with targets of 1 and -1, and how near counts


def kind_named(name: str) -> LossKind | None:
    """The kind that words of a name tell; None where they tell none."""
    words = {piece for word in words_of(name) for piece in (word, word.removesuffix("loss"))}
    return next((kind for kind, known in _OF_WORDS.items() if words & {*known}), None)


def kind_of_settings(settings: Mapping[str, Any]) -> LossKind | None:
    """The kind of loss that the settings of a training tell; None where they tell none."""
    told = settings.get("loss")
    return kind_named(told) if isinstance(told, str) else None


def kind_by_start(initial: Floats) -> LossKind:
    """The kind that losses of untrained networks speak for.

    A cross-entropy starts near the logarithm of the number of answers, never far below log 2. Squared errors start at
    half of the targets' square, or at the square: of targets of size 1 that is 0.5 or 1. All others are taken for
    cross-entropies, which nearly everybody trains with.

    Args:
        initial: losses at strength 0, one a skill or more.
    """
    of_signs = bool((np.abs(initial - _OF_SIGNS[0]) <= _OF_SIGNS[1]).all())
    return "squared" if of_signs or bool((initial < _LEAST_CROSS_ENTROPY).any()) else "cross_entropy"


def strength_of_loss(loss: ArrayLike, initial: ArrayLike, floor: ArrayLike, kind: LossKind, unit: float) -> Floats:
    """R/S of a loss.

    Args:
        loss: measured, any shape.
        initial: the loss at strength 0, above the floor; broadcast with ``loss``.
        floor: the loss at strength 1; broadcast likewise.
        kind: of the loss.
        unit: nats in a unit of the loss, of cross-entropies.
    """
    loss, initial, floor = (np.asarray(value, dtype=float) for value in (loss, initial, floor))
    if kind == "squared":
        share = (loss - floor) / (initial - floor)
        return np.asarray(1 - np.sign(share) * np.sqrt(np.abs(share)))
    right, guessed, best = (np.expm1(-unit * value) for value in (loss, initial, floor))
    return np.asarray((right - guessed) / (best - guessed))


def slope_at_half(initial: ArrayLike, floor: ArrayLike, kind: LossKind, unit: float) -> Floats:
    """Change of R/S at one half with the loss at strength 0, other arguments as `strength_of_loss`; broadcast."""
    initial, floor = np.asarray(initial, dtype=float), np.asarray(floor, dtype=float)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        if kind == "squared":
            return np.asarray(0.25 / (initial - floor))
        guessed, best = np.expm1(-unit * initial), np.expm1(-unit * floor)
        return np.asarray(0.5 * unit * (1 + guessed) / (best - guessed))


def unit_of(quantity: Quantity) -> float:
    """Nats in a unit of the quantity."""
    return math.log(2) if quantity == "bits" else 1.0


def reaches_half(loss: Floats, quantity: Quantity, name: str) -> bool:
    """Whether measured losses come down to half of the strength.

    Args:
        loss: NaN where it was not measured.
        quantity: a loss, bits or log-likelihoods.
        name: of the column.
    """
    seen = loss[np.isfinite(loss)]
    seen = -seen if quantity == "log_likelihood" else seen
    if not seen.size or seen.min() < 0 or seen.max() <= seen.min():
        return False
    named: LossKind | None = kind_named(name) if quantity == "loss" else "cross_entropy"
    kind = named or kind_by_start(seen[:1])
    return bool(strength_of_loss(seen.min(), seen.max(), 0.0, kind, unit_of(quantity)) >= 0.5)
