"""From measured values to strength, by a rule that has a name.

| measured | rule |
|---|---|
| strength | as given |
| loss | strength = 1 - sqrt((loss - ceiling) / (loss_0 - ceiling)), the inverse of L_k = (S - R_k)^2 / 2 \
(``Nam et al. 2024, Eq. 10``) |
| bits | the same: their unit cancels |
| log_likelihood | the same, with loss = -log_likelihood |
| accuracy | strength = (accuracy - chance) / (ceiling - chance) |
| error_rate | the same, with accuracy = 1 - error_rate |

The ceiling is the value of a learned skill: 0 for losses, 1 for accuracies. If t tokens must all be right for an answer
to count, accuracy^(1/t) takes the place of accuracy; chance and ceiling are then those of a token.

Standard errors go the same way, as half the distance of what a standard error more and less become.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.names import named
from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.chance import Floor, floors
from saltus.read.measurements import Measurements, Quantity
from saltus.read.percent import as_shares
from saltus.read.scale import (
    Scale,
    best_accuracy,
    by_skill,
    in_words,
    initial_loss_of,
    lowest_loss,
    share_of_answers,
    tokens_of,
)
from saltus.read.value_errors import items, value_errors

Rule = Callable[[Floats], Floats]

SHARES: tuple[Quantity, ...] = ("accuracy", "error_rate")
LOSSES: tuple[Quantity, ...] = ("loss", "bits", "log_likelihood")
_BELONGS = {
    "initial_loss": LOSSES,
    "chance": SHARES,
    "ceiling": (*SHARES, *LOSSES),
    "tokens_per_answer": SHARES,
}
_VISIBLE = 4.0  # noise widths above 0 from which an answer of several tokens is seen at all: a root hides no outlier


@dataclass(frozen=True)
class Strengths:
    """Strengths of measurements, one each, and how they came to be.

    Attributes:
        value: R/S.
        error: its standard error; NaN where it is not known.
        rule: the conversion in words.
        findings: remarks on the conversion.
        measurements: the converted ones, with values in their unit: shares, where the file has percentages.
        measured_errors: whether ``error`` is an error of measurement that the file tells, by itself or by numbers of
            items.
        unexplained_floor: level at which each skill starts, where nobody gave it and it is above 0.1; else NaN. Shape
            ``(n_skills,)``.
        items: number of items (questions) behind each value of a skill; NaN where it is not known. Same shape.
    """

    value: Floats
    error: Floats
    rule: str
    findings: tuple[Finding, ...]
    measurements: Measurements
    measured_errors: bool
    unexplained_floor: Floats
    items: Floats


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
        return _from_accuracy(measurements, scale)
    if measurements.quantity in LOSSES:
        return _from_loss(measurements, scale)
    return _as_given(measurements)


def _as_given(measurements: Measurements) -> Strengths:
    error = value_errors(measurements, share=False)
    beside = measurements.beside.get("strength_error")
    if beside is not None:
        error = np.where(np.isnan(error), beside, error)
    starts = floors(measurements, measurements.value, error)
    unexplained = _unexplained([one if one is not None and one.rises else None for one in starts])
    return Strengths(
        value=measurements.value,
        error=error,
        rule="strength as given",
        findings=_floor_found(measurements, unexplained),
        measurements=measurements,
        measured_errors="value_error" in measurements.beside,
        unexplained_floor=unexplained,
        items=items(measurements),
    )


def _floor_found(measurements: Measurements, levels: Floats) -> tuple[Finding, ...]:
    high = np.flatnonzero(np.isfinite(levels))
    if not high.size:
        return ()
    some = _some([f"{_name(measurements, k)} at {levels[k]:.3g}" for k in high.tolist()])
    text = f"{some}, before any rise: if these are accuracies, say quantity='accuracy' and chance="
    return (Finding("unexplained floor", high.size, text),)


def _from_loss(measurements: Measurements, scale: Scale) -> Strengths:
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
        raise InputError("the first loss of a curve must be greater than 0", lowest, "give initial_loss")
    if (initial <= floor).any():
        worst = int((initial <= floor).argmax())
        received = f"{floor[worst]:g} for {_name(measurements, codes[worst])}, which starts at {initial[worst]:g}"
        raise InputError("the ceiling of losses must lie below the initial loss", received, "give the loss at the end")

    def rule(values: Floats) -> Floats:
        share = (values - floor) / (initial - floor)
        return np.asarray(1 - np.sign(share) * np.sqrt(np.abs(share)))

    value, error = _by_rule(rule, loss, value_errors(measurements, share=False), measurements)
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
    text = f"{len(rising)} of {len(starts)} rise all along: {_some(rising)}: is it a score?"
    return (Finding("rising losses", len(rising), text),)


def _from_accuracy(measurements: Measurements, scale: Scale) -> Strengths:
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
        received = f"{best[k]:g} for {_name(measurements, k)}, with chance {chance[k]:g}"
        raise InputError("ceiling must lie above chance", received, "give the accuracy of a learned skill")

    def rule(values: Floats) -> Floats:
        per_token = np.where(single[codes], values, np.maximum(values, 0.0) ** root[codes])
        return np.asarray((per_token - chance[codes]) / (best[codes] - chance[codes]))

    value, error = _by_rule(rule, accuracy, error, measurements)
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
        unexplained_floor=np.where(np.isnan(given) & single, _unexplained(starts), np.nan),
        items=items(measurements),
    )


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
    parts = [f"{given[k]:.3g} of {_name(measurements, k)}" for k in np.flatnonzero(~np.isnan(given)).tolist()]
    found = np.isnan(given) & (guessed > 0)
    parts += [_estimate(measurements, k, guessed[k], starts) for k in np.flatnonzero(found).tolist()]
    if not parts:
        return "0"
    rest = ["0 of the others"] if (np.isnan(given) & ~found).any() else []
    return ", ".join([_some(parts), *rest])


def _estimate(measurements: Measurements, k: int, level: float, starts: list[Floor | None]) -> str:
    floor = starts[k]
    runs = "" if len(measurements.run.names) == 1 else " of all runs"
    n = 0 if floor is None else floor.n
    return f"{level:.3g} of {_name(measurements, k)}, estimated from its first {n} measurements{runs}"


def _estimates(
    measurements: Measurements, estimated: Flags, guessed: Floats, starts: list[Floor | None]
) -> tuple[Finding, ...]:
    chosen = np.flatnonzero(estimated)
    if not chosen.size:
        return ()
    text = f"{_some([_estimate(measurements, k, guessed[k], starts) for k in chosen.tolist()])}: give chance= to set it"
    return (Finding("chance estimated", chosen.size, text),)


def _by_rule(rule: Rule, value: Floats, error: Floats, measurements: Measurements) -> tuple[Floats, Floats]:
    """Strengths and their standard errors; raises `InputError` where a strength is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        strength = rule(value)
        of_strength = np.abs(rule(value + error) - rule(value - error)) / 2
    if not np.isfinite(strength).all():
        worst = float(measurements.value[~np.isfinite(strength)][0])
        raise InputError(f"a {measurements.quantity} must convert to a finite strength", worst, "check the column")
    return strength, np.where(np.isfinite(of_strength), of_strength, np.nan)


def _unexplained(starts: list[Floor | None]) -> Floats:
    return np.array([np.nan if one is None else one.unexplained for one in starts], dtype=float)


def _name(measurements: Measurements, k: int) -> str:
    return named(measurements.skill.names[k])


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:3]) + (", ..." if len(texts) > 3 else "")
