"""Strengths from losses, in any unit, and from log-likelihoods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, some
from saltus.errors import InputError
from saltus.read.measurements import Measurements
from saltus.read.scale import Scale, by_skill, in_words, initial_loss_of, lowest_loss
from saltus.read.strengths import Strengths, by_rule, name_of
from saltus.read.value_errors import items, value_errors


def from_loss(measurements: Measurements, scale: Scale) -> Strengths:
    """Strengths of measured losses; for the rule see `saltus.read.convert`."""
    skills, codes, kind = measurements.skill.names, measurements.skill.codes, measurements.quantity
    loss = -measurements.value if kind == "log_likelihood" else measurements.value
    if (lowest := float(loss.min())) < 0:
        negated = kind == "log_likelihood"
        must = "log-likelihoods must be at most 0" if negated else "losses must be at least 0"
        raise InputError(must, -lowest if negated else lowest, "choose other columns, or another quantity")
    given = by_skill("initial_loss", scale.initial_loss, skills, initial_loss_of)
    bottom = by_skill("ceiling", scale.ceiling, skills, lowest_loss)
    _, first, curve = np.unique(measurements.curve, return_index=True, return_inverse=True)
    initial = np.where(np.isnan(given)[codes], loss[first][curve], given[codes])
    floor = np.nan_to_num(bottom)[codes]
    if (lowest := float(initial.min())) == 0:
        raise InputError("the first loss of a curve must be greater than 0", lowest, "give initial_loss=")
    if (initial <= floor).any():
        worst = int((initial <= floor).argmax())
        received = f"{floor[worst]:g} for {name_of(measurements, codes[worst])}, which starts at {initial[worst]:g}"
        raise InputError("the ceiling of losses must lie below the initial loss", received, "give the loss at the end")

    def rule(values: Floats) -> Floats:
        share = (values - floor) / (initial - floor)
        return np.asarray(1 - np.sign(share) * np.sqrt(np.abs(share)))

    value, error = by_rule(rule, loss, value_errors(measurements, share=False), measurements)
    origin = "the first of each curve" if np.isnan(given).all() else in_words(given[~np.isnan(given)])
    if np.isnan(given).any() and not np.isnan(given).all():
        origin += ", else the first of each curve"
    has_floor = bool(floor.any())
    ratio = "(loss - ceiling) / (loss_0 - ceiling)" if has_floor else "loss / loss_0"
    return Strengths(
        value=value,
        error=error,
        rule=f"strength = 1 - sqrt({ratio}), loss_0: {origin}"
        + (f", ceiling: {in_words(np.nan_to_num(bottom))}" if has_floor else "")
        + {"loss": "", "bits": "; losses in bits", "log_likelihood": "; loss = -log_likelihood"}[kind],
        findings=_rising(measurements, loss),
        measurements=replace(measurements, beside={**measurements.beside, "loss": loss}),
        measured_errors=bool(np.isfinite(error).any()),
        unexplained_floor=np.full(len(skills), np.nan),
        items=items(measurements),
        chance=np.full(len(skills), np.nan),
    )


def _rising(measurements: Measurements, loss: Floats) -> tuple[Finding, ...]:
    """Losses that rise from third to third of their curve, as scores do."""
    starts = np.flatnonzero(np.diff(measurements.curve, prepend=-1))
    ends = np.append(starts[1:], len(loss))
    rising = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if end - start >= 3:
            a, b, c = (part.mean() for part in np.array_split(loss[start:end], 3))
            if a < b < c and c > 1.2 * a:
                rising.append(measurements.curve_name(measurements.curve[start]))
    if not rising:
        return ()
    text = f"{len(rising)} of {len(starts)} rise all along: {some(rising)}: is it a score?"
    return (Finding("rising losses", len(rising), text),)
