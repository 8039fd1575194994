"""Choice among metrics by their names: the skills' values, all of one quantity, and what stands beside them.

Of the metrics of one skill the held-out one is read. Where skills have both accuracies and losses the losses are read,
if they have come far enough to date a skill. A user's own choice goes before all of this; only patterns leave out the
training split and errors that they match by the way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from saltus.curves.report import Finding, counted, some
from saltus.errors import InputError
from saltus.read.measurements import QUANTITIES, Quantity, Selection
from saltus.read.metric_names import Metric, metric_named

_PREFERRED = ("strength", "accuracy", "error_rate", None, "log_likelihood", "loss", "bits", "perplexity")
SHARES: tuple[Quantity, ...] = ("accuracy", "error_rate")
_LOSSES = ("log_likelihood", "loss")  # bits of texts do not come near 0
FEWEST_SKILLS = 2  # with a loss each, at least: a single loss is one of everything
_WHY_LOSSES = (
    "accuracy crosses half long before the strength does where a network starts small, so that it calibrates nothing; "
    "quantity='accuracy' reads the accuracies"
)
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
        instead_of: quantity of the values that were left out since these are losses of the same skills; else None.
    """

    values: tuple[str, ...]
    quantity: Quantity
    guessed: bool
    errors: Mapping[str, str]
    losses: Mapping[str, str]
    findings: tuple[Finding, ...]
    instead_of: Quantity | None = None


def choose(
    names: Sequence[str],
    selection: Selection,
    refused: Collection[str] = (),
    every: Sequence[str] | None = None,
    *,
    prefer_losses: bool = True,
) -> Choice:
    """The metrics to read among these names.

    Args:
        names: of metrics, or what may be one.
        selection: choices of the user.
        refused: names that turned out to hold no values of a skill.
        every: names that ``selection.columns`` can choose from; by default ``names``.
        prefer_losses: whether losses of skills go before accuracies of the same skills.

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
    instead_of: Quantity | None = None
    if prefer_losses and selection.columns is None and selection.quantity is None and kind in SHARES:
        losses = _losses_of(values, left, metrics)
        if losses:
            findings.append(losses_preferred(len(losses)))
            instead_of = "accuracy" if kind == "accuracy" else "error_rate"
            values, kind = losses, metrics[losses[0]].quantity
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
        instead_of,
    )


def _losses_of(values: Sequence[str], names: Sequence[str], metrics: Mapping[str, Metric]) -> list[str]:
    """Losses of the same skills on the same data as these values, in their order; none unless each skill has one."""
    wanted = [(metrics[name].skill, metrics[name].split) for name in values if metrics[name].skill]
    if len(wanted) < FEWEST_SKILLS:
        return []
    for kind in _LOSSES:
        found: dict[tuple[object, ...], str] = {}
        for name in sorted(names, key=lambda name: metrics[name].rank):
            metric = metrics[name]
            if metric.quantity == kind and metric.statistic == "value":
                found.setdefault((metric.skill, metric.split), name)
        if all(key in found for key in wanted):
            return [found[key] for key in wanted]
    return []


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


def losses_preferred(n_skills: int) -> Finding:
    """The remark that losses of so many skills were read in place of accuracies."""
    return Finding("losses preferred", n_skills, f"losses of {n_skills} skills were read: {_WHY_LOSSES}")


def losses_too_high(names: Sequence[str]) -> Finding:
    """The remark that losses of skills date none of them yet, so that accuracies were read."""
    text = f"{some(names)} nowhere come down to half strength: accuracies were read; quantity='loss' reads losses"
    return Finding("losses too high", len(names), text)


def errors_by_column(names: Iterable[str]) -> list[Finding]:
    """A remark on the columns that were taken for standard errors by their names."""
    found = list(dict.fromkeys(names))
    if not found:
        return []
    text = f"{some(found)}: standard errors of the values, by their names: error= chooses another column"
    return [Finding("errors by column", len(found), text)]


def word_for(quantity: str) -> str:
    """The quantity as a word in a sentence."""
    return _WORDS.get(quantity, quantity)
