"""A choice among metrics that holds once their values are seen: columns without values give way to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, some
from saltus.read.choice import Choice, choose, losses_too_high
from saltus.read.loss_kinds import reaches_half
from saltus.read.measurements import Selection
from saltus.read.metric_names import metric_named

_UNIT = (-0.5, 1.5)  # strengths, with room for noise
_PERCENT = 150.0  # the same room above percentages
_ROUNDS = 3  # times that a choice is made anew


def settle(
    names: Sequence[str],
    selection: Selection,
    values_of: Callable[[Choice], Mapping[str, Floats]],
    every: Sequence[str] | None = None,
) -> Choice:
    """The metrics to read, chosen anew where those chosen by their names turn out to hold no values of skills.

    Columns without any value give way to others, and so do names that say nothing, with values that no strength has,
    beside metrics that are known by their names. Losses that nowhere come down to half strength date nothing yet:
    accuracies beside them are read then.

    Args:
        names, selection, every: as for `choose`.
        values_of: reads the values of a choice, by name.
    """
    choice = _settled(names, selection, values_of, every, prefer_losses=True)
    if choice.instead_of is None:
        return choice
    losses = values_of(choice)
    if any(reaches_half(losses[name], choice.quantity, name) for name in choice.values):
        return choice
    again = _settled(names, selection, values_of, every, prefer_losses=False)
    return replace(again, findings=(losses_too_high(choice.values), *again.findings))


def _settled(
    names: Sequence[str],
    selection: Selection,
    values_of: Callable[[Choice], Mapping[str, Floats]],
    every: Sequence[str] | None,
    *,
    prefer_losses: bool,
) -> Choice:
    refused: list[str] = []
    choice = choose(names, selection, refused, every, prefer_losses=prefer_losses)
    for _ in range(_ROUNDS):
        values = values_of(choice)
        idle = [] if selection.columns is not None else _idle(choice, values, names)
        if not any(metric_named(name).statistic == "value" for name in {*names} - {*refused, *idle}) or not idle:
            return choice
        again = choose(names, selection, [*refused, *idle], every, prefer_losses=prefer_losses)
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
