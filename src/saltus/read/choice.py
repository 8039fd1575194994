"""Choice among metrics by their names: the skills' values, all of one quantity, and what stands beside them.

Of the metrics of one skill the held-out one is read, and an accuracy rather than a loss. A user's own choice goes
before all of this; only patterns leave out the training split and errors that they match by the way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, counted, some
from saltus.errors import InputError
from saltus.read.measurements import QUANTITIES, Quantity, Selection
from saltus.read.metric_names import Metric, metric_named

_PREFERRED = ("strength", "accuracy", "error_rate", None, "log_likelihood", "loss", "bits", "perplexity")
_UNIT = (-0.5, 1.5)  # strengths, with room for noise
_PERCENT = 150.0  # the same room above percentages
_ROUNDS = 3  # times that a choice is made anew
_SPLIT_RANK = {"validation": 0, "held-out": 0, "test": 1, None: 2, "train": 3}
_WORDS = {"error_rate": "error rate", "log_likelihood": "log-likelihood"}


@dataclass(frozen=True)
class Choice:
    """The metrics to read.

    Attributes:
        values: names of the skills' values, in the order in which they count.
        quantity: kind of all of them.
        guessed: whether their names alone say so.
        errors, losses: of some values, the name of the standard error and of the loss of the same skill.
        findings: remarks on the choice.
    """

    values: tuple[str, ...]
    quantity: Quantity
    guessed: bool
    errors: Mapping[str, str]
    losses: Mapping[str, str]
    findings: tuple[Finding, ...]


def choose(
    names: Sequence[str], selection: Selection, refused: Collection[str] = (), every: Sequence[str] | None = None
) -> Choice:
    """The metrics to read among these names.

    Args:
        names: of metrics, or what may be one.
        selection: choices of the user.
        refused: names that turned out to hold no values of a skill.
        every: names that ``selection.columns`` can choose from; by default ``names``.

    Raises:
        InputError: if a pattern matches nothing, the choice holds several quantities, or perplexities alone.
    """
    metrics = {name: metric_named(name) for name in dict.fromkeys([*names, *(every or ())])}
    left = [name for name in names if name not in refused]
    if selection.columns is not None:
        chosen = _matching(selection, names if every is None else every, metrics)
        kinds = {metrics[name].quantity for name in chosen}
        kind: str | None = next(iter(kinds)) if len(kinds) == 1 else None
        if len(kinds - {None}) > 1 and selection.quantity is None:
            several = {str(metrics[name].quantity): name for name in chosen if metrics[name].quantity}
            raise InputError("the chosen columns must hold one quantity", several, "choose fewer, or give quantity=")
    else:
        kind = _kind_of(left, metrics, selection)
        chosen = [name for name in left if metrics[name].quantity == kind and metrics[name].statistic == "value"]
    if not chosen:
        raise InputError("a table must hold values of skills", list(names), "name their columns with columns=")
    if kind == "perplexity" and selection.quantity is None:
        advice = "give its logarithm as a loss, or choose others with columns="
        raise InputError("a perplexity must be given as a loss", chosen[0], advice)
    fixed = set(selection.columns or ()) & set(chosen)
    values = _held_out(chosen, fixed, metrics)
    findings = [*_splits(chosen, values, metrics)]
    if selection.columns is None:
        findings += _other_quantities(left, kind, metrics)
    named: Quantity = next((known for known in QUANTITIES if known == kind), "strength")
    return Choice(
        tuple(values),
        quantity := selection.quantity or named,
        selection.quantity is None and kind is not None,
        dict(_companions(values, names, metrics, "error", None)),
        dict(_companions(values, names, metrics, "value", "loss")) if quantity in ("strength", "accuracy") else {},
        tuple(findings),
    )


def settle(
    names: Sequence[str],
    selection: Selection,
    values_of: Callable[[Choice], Mapping[str, Floats]],
    every: Sequence[str] | None = None,
) -> Choice:
    """The metrics to read, chosen anew where those chosen by their names turn out to hold no values of skills.

    Columns without any value give way to others, and so do names that say nothing, with values that no strength has,
    beside metrics that are known by their names.

    Args:
        names, selection, every: as for `choose`.
        values_of: reads the values of a choice, by name.
    """
    refused: list[str] = []
    choice = choose(names, selection, refused, every)
    for _ in range(_ROUNDS):
        values = values_of(choice)
        idle = [] if selection.columns is not None else _idle(choice, values, names)
        if not any(metric_named(name).statistic == "value" for name in {*names} - {*refused, *idle}) or not idle:
            return choice
        again = choose(names, selection, [*refused, *idle], every)
        if not set(again.values) - set(choice.values) and not any(np.isfinite(values[name]).any() for name in idle):
            return choice  # a skill that was not measured is one all the same
        refused += idle
        text = f"{some(refused)}: empty, or no strengths; others were read"
        choice = replace(again, findings=(Finding("columns without values", len(refused), text), *again.findings))
    values_of(choice)
    return choice


def _idle(choice: Choice, values: Mapping[str, Floats], names: Sequence[str]) -> list[str]:
    idle = [name for name in choice.values if not np.isfinite(values[name]).any()]
    unnamed = [name for name in choice.values if metric_named(name).quantity is None]
    if unnamed and {metric_named(name).quantity for name in names} - {None, "perplexity"}:
        together = np.concatenate([values[name] for name in unnamed])
        together = together[np.isfinite(together)]
        if together.size and (together.min() < _UNIT[0] or together.max() > _UNIT[1]):
            idle += unnamed
    elif len(unnamed) > 1:
        beyond = [name for name in unnamed if (np.abs(values[name]) > _PERCENT).any()]
        if any((values[name] >= _UNIT[0]).all() and (values[name] <= _UNIT[1]).all() for name in unnamed):
            idle += beyond
    return idle


def _matching(selection: Selection, every: Sequence[str], metrics: Mapping[str, Metric]) -> list[str]:
    """The chosen names, without errors of values that a pattern matches beside the values."""
    chosen = selection.choose(every)
    exact = set(selection.columns or ())
    values = [name for name in chosen if name in exact or metrics[name].statistic == "value"]
    return values or chosen


def _kind_of(names: Iterable[str], metrics: Mapping[str, Metric], selection: Selection) -> str | None:
    """The quantity that the metrics to read are named after; None for names that say nothing."""
    kinds = {metrics[name].quantity for name in names if metrics[name].statistic == "value"}
    if selection.quantity is not None and kinds & {selection.quantity, None}:
        return selection.quantity if selection.quantity in kinds else None
    return next((kind for kind in _PREFERRED if kind in kinds), None)


def _held_out(chosen: Sequence[str], fixed: set[str], metrics: Mapping[str, Metric]) -> list[str]:
    """The names without measurements of the training split, and of one skill only the best, in their order."""
    if not any(metrics[name].held_out for name in chosen):
        return _best_of_each(chosen, fixed, metrics)
    kept = [
        name for name in chosen if name in fixed or metrics[name].held_out or not _is_of_training(name, chosen, metrics)
    ]
    return _best_of_each(kept, fixed, metrics)


def _is_of_training(name: str, chosen: Sequence[str], metrics: Mapping[str, Metric]) -> bool:
    """Whether a metric beside held-out ones is of the training split: it says so, or is a held-out one's namesake."""
    metric = metrics[name]
    namesakes = [other for other in chosen if metrics[other].held_out and metrics[other].skill == metric.skill]
    if metric.quantity is None:
        return bool(namesakes) and (metric.split == "train" or metrics[namesakes[0]].split == "validation")
    return metric.split == "train" or bool(namesakes) or not metric.skill


def _best_of_each(names: Sequence[str], fixed: set[str], metrics: Mapping[str, Metric]) -> list[str]:
    """The names, of several measures of one skill only the best."""
    best: dict[tuple[str, ...], str] = {}
    for name in names:
        metric = metrics[name]
        if metric.quantity is None or name in fixed:
            continue
        other = best.get(metric.skill)
        if other is None or _place(metric) < _place(metrics[other]):
            best[metric.skill] = name
    kept = set(best.values())
    return [name for name in names if name in kept or name in fixed or metrics[name].quantity is None]


def _place(metric: Metric) -> tuple[int, int]:
    return _SPLIT_RANK[metric.split], metric.rank


def _splits(chosen: Sequence[str], values: Sequence[str], metrics: Mapping[str, Metric]) -> Iterable[Finding]:
    dropped = [name for name in chosen if name not in values]
    if not dropped:
        return
    held_out = {metrics[name].split for name in values} - {None, "train"}
    n_training = sum(not metrics[name].held_out for name in dropped) if held_out else 0
    if n_training:
        of_training = [name for name in dropped if not metrics[name].held_out]
        text = f"{some(of_training)} of the training split left out beside {some(values)}, which is held out"
        yield Finding("training split", n_training, text)
    others = [name for name in dropped if not held_out or metrics[name].held_out]
    if others:
        text = f"of one skill only one was read, and left out {some(others)}: columns= chooses"
        yield Finding("several measures", len(others), text)


def _other_quantities(names: Sequence[str], kind: str | None, metrics: Mapping[str, Metric]) -> Iterable[Finding]:
    """A remark on metrics of other quantities that were left out."""
    others = [name for name in names if metrics[name].quantity != kind and metrics[name].statistic == "value"]
    if others and kind is not None:
        text = f"{word_for(kind)} was read; left out {some(others)}: columns= or quantity= chooses"
        yield Finding("several quantities", len(others), text)
    elif others:
        text = f"{counted(len(others), 'column')} left out beside names that say no quantity: {some(others)}"
        yield Finding("several quantities", len(others), text)


def _companions(
    values: Sequence[str], names: Sequence[str], metrics: Mapping[str, Metric], statistic: str, quantity: str | None
) -> Iterable[tuple[str, str]]:
    """Value and its companion of the same skill and split: its error, or its loss."""
    found: dict[tuple[object, ...], str] = {}
    for name in names:
        metric = metrics[name]
        if metric.statistic == statistic and (quantity is None or metric.quantity == quantity):
            rank = metric.rank if quantity is None else 0
            found.setdefault((metric.skill, metric.split, metric.quantity, rank), name)
    for value in values:
        metric = metrics[value]
        key = (metric.skill, metric.split, quantity or metric.quantity, metric.rank if quantity is None else 0)
        if key in found and found[key] != value:
            yield value, found[key]


def quantity_by_name(choice: Choice) -> list[Finding]:
    """A remark that a name told the quantity, unless it is the quantity's own."""
    if not choice.guessed or choice.values[0].casefold() in ("strength", "loss", "accuracy"):
        return []
    text = f"{word_for(choice.quantity)}, as {choice.values[0]!r} says: quantity= says otherwise"
    return [Finding("quantity by name", len(choice.values), text)]


def word_for(quantity: str) -> str:
    """The quantity as a word in a sentence."""
    return _WORDS.get(quantity, quantity)
