"""Learning rates at steps from a table of their own: the schedule of a run, also of steps still to come."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from saltus.errors import InputError
from saltus.read.measurements import Selection
from saltus.read.readers import open_table
from saltus.read.roles import is_learning_rate, step_column_of
from saltus.theory.schedules import RateTable


def read_rates(path: Path) -> RateTable:
    """The columns of steps and of the learning rate of a table of any format that curves have.

    Raises:
        InputError: if it is no such table, or as `RateTable`.
    """
    table = open_table(path)
    axis = step_column_of(table, Selection()).name
    named = [name for name in table.names if name != axis and is_learning_rate(name) and table.holds_numbers(name)]
    if not named:
        rule = "a table of learning rates must have a column of that name"
        raise InputError(rule, list(table.names), "name the columns step and learning_rate")
    numbers = table.read([axis, named[0]], []).numbers
    known = np.isfinite(numbers[axis]) & np.isfinite(numbers[named[0]])
    steps, first = np.unique(numbers[axis][known], return_index=True)
    return RateTable(tuple(steps.tolist()), tuple(numbers[named[0]][known][first].tolist()))
