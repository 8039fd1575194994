"""From measured values to strength, by a rule that has a name.

| measured | rule |
|---|---|
| strength | as given |
| loss, a cross-entropy | strength = (p - p_0) / (p_top - p_0), p = exp(-loss) the probability of the right answer |
| loss, a squared error | strength = 1 - sqrt((loss - ceiling) / (loss_0 - ceiling)), the inverse of \
L_k = (S - R_k)^2 / 2 (``Nam et al. 2024, Eq. 10``) |
| bits | a cross-entropy, with p = 2^-loss |
| log_likelihood | a cross-entropy, with loss = -log_likelihood |
| accuracy | strength = (accuracy - chance) / (ceiling - chance) |
| error_rate | the same, with accuracy = 1 - error_rate |

The ceiling is the value of a learned skill: 0 for losses, 1 for accuracies. If t tokens must all be right for an answer
to count, accuracy^(1/t) takes the place of accuracy; chance and ceiling are then those of a token.

Standard errors go the same way, as half the distance of what a standard error more and less become.
"""

from __future__ import annotations

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, some
from saltus.errors import InputError
from saltus.read.accuracies import from_accuracy
from saltus.read.chance import floors
from saltus.read.choice import SHARES
from saltus.read.losses import from_loss
from saltus.read.measurements import Measurements, Quantity
from saltus.read.scale import Scale
from saltus.read.strengths import Strengths, name_of, unexplained
from saltus.read.value_errors import items, value_errors

LOSSES: tuple[Quantity, ...] = ("loss", "bits", "log_likelihood")
_BELONGS = {
    "initial_loss": LOSSES,
    "loss_kind": ("loss",),
    "chance": SHARES,
    "ceiling": (*SHARES, *LOSSES),
    "tokens_per_answer": SHARES,
}


def to_strength(measurements: Measurements, scale: Scale) -> Strengths:
    """Strengths of measurements that are in order.

    Raises:
        InputError: if a number of the scale is out of range or given for another quantity, or losses are negative.
    """
    for name, quantities in _BELONGS.items():
        if getattr(scale, name) is not None and measurements.quantity not in quantities:
            advice = f"read {quantities[0]} with quantity={quantities[0]!r}, or leave it out"
            raise InputError(f"{name} belongs to {quantities[0]}", f"{name} with {measurements.quantity}", advice)
    if measurements.quantity in SHARES:
        return from_accuracy(measurements, scale)
    if measurements.quantity in LOSSES:
        return from_loss(measurements, scale)
    return _as_given(measurements)


def _as_given(measurements: Measurements) -> Strengths:
    error = value_errors(measurements, share=False)
    beside = measurements.beside.get("strength_error")
    if beside is not None:
        error = np.where(np.isnan(error), beside, error)
    starts = floors(measurements, measurements.value, error)
    levels = unexplained([one if one is not None and one.rises else None for one in starts])
    stated = measurements.beside.get("unexplained_floor")
    if stated is not None:  # by whoever saw the values themselves
        levels = np.full(len(levels), np.nan)
        levels[measurements.skill.codes] = np.where(stated > 0, stated, np.nan)
    return Strengths(
        value=measurements.value,
        error=error,
        rule="strength as given",
        findings=_floor_found(measurements, levels, told=stated is not None),
        measurements=measurements,
        measured_errors="value_error" in measurements.beside,
        unexplained_floor=levels,
        items=items(measurements),
        chance=np.full(len(levels), np.nan),
        scale_error=_scale_error(measurements),
    )


def _scale_error(measurements: Measurements) -> Floats:
    """The errors of scales that a table of strengths tells, one a skill."""
    found = np.zeros(len(measurements.skill.names))
    told = measurements.beside.get("scale_error")
    if told is not None:
        found[measurements.skill.codes] = np.where(np.isfinite(told) & (told > 0), told, 0.0)
    return found


def _floor_found(measurements: Measurements, levels: Floats, *, told: bool) -> tuple[Finding, ...]:
    high = np.flatnonzero(np.isfinite(levels))
    if not high.size:
        return ()
    listed = some([f"{name_of(measurements, k)} at {levels[k]:.3g}" for k in high.tolist()])
    advice = (
        "as the table tells: read its log with chance=" if told else "before any rise: if these are accuracies, say "
    )
    text = f"{listed}, {advice}" + ("" if told else "quantity='accuracy' and chance=")
    return (Finding("unexplained floor", high.size, text),)
