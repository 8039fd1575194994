"""Strengths from accuracies and error rates: chance, ceiling, and answers of several tokens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.report import Finding, some
from saltus.errors import InputError
from saltus.read.chance import Floor, floors
from saltus.read.measurements import Measurements
from saltus.read.percent import as_shares
from saltus.read.scale import Scale, best_accuracy, by_skill, in_words, share_of_answers, tokens_of
from saltus.read.strengths import Strengths, by_rule, name_of, unexplained
from saltus.read.value_errors import items, value_errors

_VISIBLE = 4.0  # noise widths above 0 from which an answer of several tokens is seen at all: a root hides no outlier


def from_accuracy(measurements: Measurements, scale: Scale) -> Strengths:
    """Strengths of measured accuracies or error rates; for the rule see `saltus.read.convert`."""
    skills, codes = measurements.skill.names, measurements.skill.codes
    measurements, percentages = as_shares(measurements)
    error_rate = measurements.quantity == "error_rate"
    accuracy = 1 - measurements.value if error_rate else measurements.value
    error = value_errors(replace(measurements, value=accuracy), share=True)
    tokens = by_skill("tokens_per_answer", scale.tokens_per_answer, skills, tokens_of)
    given = by_skill("chance", scale.chance, skills, share_of_answers)
    top = by_skill("ceiling", scale.ceiling, skills, best_accuracy)
    single = ~(tokens > 1)
    starts: list[Floor | None] = [None] * len(skills)
    if np.isnan(given).any() or not single.all():
        starts = floors(measurements, accuracy, error)
    guessed = np.array([0.0 if one is None or not single[k] else one.chance for k, one in enumerate(starts)])
    estimated = np.isnan(given) & (guessed > 0)
    invisible: tuple[Finding, ...] = ()
    if not single.all():
        accuracy, error, invisible = _seen(measurements, accuracy, error, ~single[codes], starts)
    chance = np.where(np.isnan(given), guessed, given)
    root, best = 1 / np.where(single, 1.0, tokens), np.where(np.isnan(top), 1.0, top)
    if (best <= chance).any():
        k = int((best <= chance).argmax())
        received = f"{best[k]:g} for {name_of(measurements, k)}, with chance {chance[k]:g}"
        raise InputError("ceiling must lie above chance", received, "give the accuracy of a learned skill")

    def rule(values: Floats) -> Floats:
        per_token = np.where(single[codes], values, np.maximum(values, 0.0) ** root[codes])
        return np.asarray((per_token - chance[codes]) / (best[codes] - chance[codes]))

    value, error = by_rule(rule, accuracy, error, measurements)
    name = "accuracy" if single.all() else "accuracy^(1/t)"
    scaled = "1 - chance" if np.isnan(top).all() else "ceiling - chance"
    return Strengths(
        value=value,
        error=error,
        rule=f"strength = ({name} - chance) / ({scaled}), chance: {_origin(measurements, given, guessed, starts)}"
        + ("" if np.isnan(top).all() else f", ceiling: {in_words(np.where(np.isnan(top), 1.0, top))}")
        + ("" if single.all() else f", tokens t: {in_words(np.where(single, 1.0, tokens))}")
        + ("; accuracy = 1 - error_rate" if error_rate else ""),
        findings=(*percentages, *invisible, *_estimates(measurements, estimated, guessed, starts)),
        measurements=measurements,
        measured_errors=bool(np.isfinite(error).any()),
        unexplained_floor=np.where(np.isnan(given) & single, unexplained(starts), np.nan),
        items=items(measurements),
        chance=np.where(single & np.isnan(top), chance, np.nan),
        scale_error=_scale_error(starts, estimated, guessed, best),
    )


def _scale_error(starts: list[Floor | None], estimated: Flags, chance: Floats, best: Floats) -> Floats:
    """Standard error of R/S at one half by that of an estimated chance; a chance of few answers is exact."""
    of_chance = [0.0 if one is None or one.is_of_answers else one.error for one in starts]
    return np.asarray(np.where(estimated, 0.5 * np.array(of_chance) / (best - chance), 0.0))


def _seen(
    measurements: Measurements, accuracy: Floats, error: Floats, several: Flags, starts: list[Floor | None]
) -> tuple[Floats, Floats, tuple[Finding, ...]]:
    """Accuracies of answers of several tokens, 0 where they are within noise of it, with a standard error each.

    A root lifts noise about 0 to half the strength of a skill. Noise that nobody told is that of the flat start.
    """
    noise = np.array([np.nan if one is None else one.noise for one in starts], dtype=float)[measurements.skill.codes]
    error = np.where(several & np.isnan(error), noise, error)
    hidden = several & (accuracy < _VISIBLE * np.nan_to_num(np.fmin(noise, error))) & (accuracy != 0)
    if not hidden.any():
        return accuracy, error, ()
    n_hidden = int(hidden.sum())
    text = (
        f"{n_hidden} of {int(several.sum())} accuracies of answers of several tokens are within noise of 0: taken as 0"
    )
    return np.where(hidden, 0.0, accuracy), error, (Finding("invisible answers", n_hidden, text),)


def _origin(measurements: Measurements, given: Floats, guessed: Floats, starts: list[Floor | None]) -> str:
    """The chance levels in words: given ones, then those found in the curves."""
    if not np.isnan(given).any():
        return in_words(given)
    parts = [f"{given[k]:.3g} of {name_of(measurements, k)}" for k in np.flatnonzero(~np.isnan(given)).tolist()]
    found = np.isnan(given) & (guessed > 0)
    parts += [_estimate(measurements, k, guessed[k], starts) for k in np.flatnonzero(found).tolist()]
    if not parts:
        return "0"
    rest = ["0 of the others"] if (np.isnan(given) & ~found).any() else []
    return ", ".join([some(parts), *rest])


def _estimate(measurements: Measurements, k: int, level: float, starts: list[Floor | None]) -> str:
    floor = starts[k]
    runs = "" if len(measurements.run.names) == 1 else " of all runs"
    n = 0 if floor is None else floor.n
    return f"{level:.3g} of {name_of(measurements, k)}, estimated from its first {n} measurements{runs}"


def _estimates(
    measurements: Measurements, estimated: Flags, guessed: Floats, starts: list[Floor | None]
) -> tuple[Finding, ...]:
    chosen = np.flatnonzero(estimated)
    if not chosen.size:
        return ()
    text = f"{some([_estimate(measurements, k, guessed[k], starts) for k in chosen.tolist()])}: give chance= to set it"
    return (Finding("chance estimated", chosen.size, text),)
