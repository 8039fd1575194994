"""Counters of steps in a log: those that start again in each epoch, and several names of one count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding

_UPDATES = {"step", "iter", "iteration", "update", "global_step", "num_updates"}


def in_one_count(
    columns: Mapping[str, Floats], counters: Sequence[str], totals: Mapping[str, float]
) -> tuple[dict[str, Floats], list[Finding]]:
    """The columns with steps that are counted through all epochs, and in one column.

    Args:
        columns: of a log, NaN where a line has none.
        counters: names of those that count steps or epochs.
        totals: the number that a counter goes up to, if the log says it.
    """
    found = dict(columns)
    findings = []
    steps = [name for name in counters if name != "epoch"]
    if "epoch" in found:
        for name in steps:
            findings += _count_through(found, name, totals.get(name))
    steps = [name for name in steps if name in _UPDATES]
    for name in steps[1:]:
        first, other = found[steps[0]], found[name]
        if not (np.isfinite(first) & np.isfinite(other)).any():
            found[steps[0]] = np.where(np.isfinite(first), first, other)
            del found[name]
            text = f"{name} and {steps[0]} are never in one line, and were taken for one count, {steps[0]}"
            findings.append(Finding("counters joined", int(np.isfinite(other).sum()), text))
    return found, findings


def _count_through(columns: dict[str, Floats], name: str, total: float | None) -> list[Finding]:
    """Count steps on where they start again in each epoch, and nowhere else."""
    step, epoch = columns[name], columns["epoch"]
    both = np.isfinite(step) & np.isfinite(epoch)
    falls, rises = np.diff(step[both]) < 0, np.diff(epoch[both]) > 0
    if not falls.any() or (falls & ~rises).any():
        return []
    low, high = float(step[both].min()), float(step[both].max())
    length = total or high + (low == 0)
    with np.errstate(over="ignore", invalid="ignore"):
        columns[name] = (epoch - epoch[both].min()) * length + step
    text = f"{name} starts again in each epoch: counted through all of them, {length:g} an epoch"
    return [Finding("steps of epochs", int(falls.sum()), text)]
