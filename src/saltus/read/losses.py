"""Strengths from losses, in any unit, and from log-likelihoods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, some
from saltus.errors import InputError
from saltus.read.chance import curves_in, floors_of_curves
from saltus.read.loss_kinds import (
    LOSS_KINDS,
    LossKind,
    kind_by_start,
    kind_named,
    kind_of_settings,
    slope_at_half,
    strength_of_loss,
    unit_of,
)
from saltus.read.measurements import Measurements
from saltus.read.scale import Scale, by_skill, in_words, initial_loss_of, lowest_loss
from saltus.read.strengths import Strengths, by_rule, name_of
from saltus.read.value_errors import items, value_errors

_STEADY = 0.05  # largest noise of a flat start, in that of its level, whose mean is the loss at strength 0
_STARTS = 4  # measurements of such a start, at least
_WORDS: dict[LossKind, str] = {"cross_entropy": "cross-entropies", "squared": "squared errors"}


def from_loss(measurements: Measurements, scale: Scale) -> Strengths:
    """Strengths of measured losses; for the rule see `saltus.read.convert`."""
    skills, codes, quantity = measurements.skill.names, measurements.skill.codes, measurements.quantity
    loss = -measurements.value if quantity == "log_likelihood" else measurements.value
    if (lowest := float(loss.min())) < 0:
        negated = quantity == "log_likelihood"
        must = "log-likelihoods must be at most 0" if negated else "losses must be at least 0"
        raise InputError(must, -lowest if negated else lowest, "choose other columns, or another quantity")
    given = by_skill("initial_loss", scale.initial_loss, skills, initial_loss_of)
    bottom = by_skill("ceiling", scale.ceiling, skills, lowest_loss)
    error = value_errors(measurements, share=False)
    start, start_error, n_flat = _starts(measurements, loss, error)
    initial = np.where(np.isnan(given)[codes], start, given[codes])
    floor = np.nan_to_num(bottom)[codes]
    if (lowest := float(initial.min())) == 0:
        raise InputError("the first loss of a curve must be greater than 0", lowest, "give initial_loss=")
    if (initial <= floor).any():
        worst = int((initial <= floor).argmax())
        received = f"{floor[worst]:g} for {name_of(measurements, codes[worst])}, which starts at {initial[worst]:g}"
        raise InputError("the ceiling of losses must lie below the initial loss", received, "give the loss at the end")
    kind, guessed = _kind(measurements, scale, initial)
    unit = unit_of(quantity)
    value, error = by_rule(
        lambda values: strength_of_loss(values, initial, floor, kind, unit), loss, error, measurements
    )
    estimated = np.isnan(given)[codes] & (start_error > 0)
    slope = np.where(estimated, slope_at_half(initial, floor, kind, unit), 0.0)
    of_scale = np.minimum(slope, 1 / np.where(estimated, start_error, 1.0)) * start_error  # R/S is known to 1 or better
    has_floor = bool(floor.any())
    return Strengths(
        value=value,
        error=error,
        rule=f"{_rule(kind, quantity == 'bits', has_floor)}, loss_0: {_origin(given, n_flat)}"
        + (f", ceiling: {in_words(np.nan_to_num(bottom))}" if has_floor else "")
        + {"loss": "", "bits": "; losses in bits", "log_likelihood": "; loss = -log_likelihood"}[quantity],
        findings=(*guessed, *_rising(measurements, loss)),
        measurements=replace(measurements, beside={**measurements.beside, "loss": loss}),
        measured_errors=bool(np.isfinite(error).any()),
        unexplained_floor=np.full(len(skills), np.nan),
        items=items(measurements),
        chance=np.full(len(skills), np.nan),
        scale_error=_by_skill(of_scale, measurements),
    )


def _kind(measurements: Measurements, scale: Scale, initial: Floats) -> tuple[LossKind, tuple[Finding, ...]]:
    """The kind of losses: as the caller, their names, the settings or, with a remark, their start says."""
    if scale.loss_kind is not None:
        if scale.loss_kind not in LOSS_KINDS:
            raise InputError(f"loss_kind must be one of {', '.join(LOSS_KINDS)}", scale.loss_kind, "choose one of them")
        return scale.loss_kind, ()
    if measurements.quantity != "loss":
        return "cross_entropy", ()
    named = {kind_named(name) for name in (*measurements.skill.names, measurements.value_column)} - {None}
    if len(named) > 1:
        raise InputError("losses must be of one kind", sorted(map(str, named)), "choose columns=, or give loss_kind=")
    told = next(iter(named), None) or kind_of_settings(measurements.settings)
    if told is not None:
        return told, ()
    kind = kind_by_start(initial)
    other = next(one for one in LOSS_KINDS if one != kind)
    text = f"taken for {_WORDS[kind]}, as losses that start at {in_words(initial)}: loss_kind={other!r} says otherwise"
    return kind, (Finding("kind of losses", len(measurements.skill.names), text),)


def _starts(measurements: Measurements, loss: Floats, error: Floats) -> tuple[Floats, Floats, int]:
    """Loss at strength 0 of the curve of each entry and its standard error; also how many curves start flat.

    The mean of a flat start tells it better than the first measurement, which counts where there is none.
    """
    start, of_start, n_flat = np.empty_like(loss), np.zeros_like(loss), 0
    size = np.ones_like(loss)
    for entries in curves_in(measurements):
        size[entries] = loss[entries.start] or 1.0
    with np.errstate(over="ignore"):
        falling, of_falling = -loss / size, error / size  # a loss falls from its start as a score rises
    for entries, flat in floors_of_curves(measurements, falling, of_falling):
        unit, level = size[entries.start], loss[entries.start]
        steady = flat is not None and flat.n >= _STARTS and flat.noise <= _STEADY
        if flat is not None and steady:
            start[entries], of_start[entries] = -flat.level * unit, flat.error * unit
            n_flat += 1
        else:
            start[entries], of_start[entries] = level, np.nan_to_num(error[entries.start])
    return start, of_start, n_flat


def _by_skill(error: Floats, measurements: Measurements) -> Floats:
    """Error of each skill's mean over runs, of errors that every entry of a curve shares; shape ``(n_skills,)``."""
    _, first = np.unique(measurements.curve, return_index=True)
    codes, n_skills = measurements.skill.codes[first], len(measurements.skill.names)
    total = np.bincount(codes, error[first] ** 2, n_skills)
    return np.asarray(np.sqrt(total) / np.maximum(np.bincount(codes, minlength=n_skills), 1))


def _rule(kind: LossKind, in_bits: bool, has_floor: bool) -> str:
    if kind == "squared":
        return "strength = 1 - sqrt(" + ("(loss - ceiling) / (loss_0 - ceiling))" if has_floor else "loss / loss_0)")
    right = "2^-{}" if in_bits else "exp(-{})"
    best = right.format("ceiling") if has_floor else "1"
    guessed = right.format("loss_0")
    return f"strength = ({right.format('loss')} - {guessed}) / ({best} - {guessed})"


def _origin(given: Floats, n_flat: int) -> str:
    first = "the flat start of each curve, or its first" if n_flat else "the first of each curve"
    if np.isnan(given).all():
        return first
    return in_words(given[~np.isnan(given)]) + (f", else {first}" if np.isnan(given).any() else "")


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
