"""Steps that start again in each epoch, beside a column of epochs: counted through all of them, or left for epochs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from saltus._types import Flags
from saltus.curves.report import Finding
from saltus.read.roles import StepColumn, kind_of_counter, plain
from saltus.read.tables import ArrayTable, Table
from saltus.read.vocabulary import EPOCHS, UPDATES


def through_epochs(table: Table, steps: StepColumn, keep: Flags | None = None) -> StepColumn:
    """The steps, or what counts in its place where its steps start again in each epoch.

    Args:
        table, steps: a table and its column of steps, chosen by its name.
        keep: rows that will be read, by default all.
    """
    epochs = [name for name in table.names if kind_of_counter(name) == EPOCHS and plain(name).startswith("epoch")]
    if kind_of_counter(steps.name) != UPDATES or len(epochs) != 1 or not table.holds_numbers(epochs[0]):
        return steps
    if not isinstance(table, ArrayTable) and not _falls_early(table, steps.name):
        return steps  # a file is read once more only if there is need
    numbers = table.read([steps.name, epochs[0]], []).numbers
    step, epoch = numbers[steps.name], numbers[epochs[0]]
    both = np.isfinite(step) & np.isfinite(epoch)
    both &= True if keep is None else keep
    step, epoch = step[both], epoch[both]
    change, rise = np.diff(step), np.diff(epoch)
    if not change.size or (rise < 0).any() or (epoch != np.floor(epoch)).any():
        return steps
    if (rise > 0).all() and (change <= 0).all():
        text = (
            f"{steps.name!r} does not count on where {epochs[0]!r} does, which was taken: step_column= says otherwise"
        )
        return StepColumn(epochs[0], (Finding("steps of epochs", len(step), text),))
    if not (change < 0).any() or ((change < 0) != (rise > 0)).any():
        return steps
    length = float(step.max()) + (step.min() == 0)
    text = f"{steps.name!r} starts again in each epoch: counted through all of them, {length:g} an epoch"
    said = Finding("steps of epochs", int((change < 0).sum()), text)
    return replace(steps, findings=(*steps.findings, said), epoch=epochs[0], first=float(epoch[0]), length=length)


def _falls_early(table: Table, column: str) -> bool:
    try:
        cells = [float(cell) for cell in table.first_cells(column) if cell]
    except ValueError:
        return True
    return any(after <= before for before, after in pairwise(cells))
