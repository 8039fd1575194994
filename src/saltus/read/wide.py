"""Wide tables: one column a skill, one row a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.choice import Choice, choose, word_for
from saltus.read.frames import Frame, Rows, beside_of, left_out, require_single, rows_of
from saltus.read.measurements import Labels, Measurements, Quantity
from saltus.read.metric_names import metric_named
from saltus.read.roles import is_bookkeeping, is_setting, named_column, resource_counted_by

_UNIT = (-0.5, 1.5)  # strengths, with room for noise
_ROUNDS = 3  # times that a choice is made anew because columns turn out to hold nothing


def read_wide(frame: Frame) -> Measurements:
    """The measurements in columns of a table.

    Raises:
        InputError: if there is no column of values, or a chosen one holds something else.
    """
    table, selection = frame.table, frame.selection
    every = [name for name in table.names if name not in {frame.axis.column, *frame.runs}]
    candidates = candidates_of(frame)
    if selection.value is not None:
        candidates = [named_column(table.names, "value", selection.value)]
    texts = [name for name in every if not table.holds_numbers(name) and not is_bookkeeping(name)]
    if not candidates and selection.columns is None:
        if texts and not is_setting(texts[0]):
            table.read([texts[0]], [])  # says what is wrong with it
        raise InputError("a wide table must have one column a skill", list(table.names), "give the columns of skills")
    refused: list[str] = []
    choice = choose(candidates, selection, refused, every)
    for _ in range(_ROUNDS):
        rows = rows_of(frame, _numbers(choice, frame))
        idle = [] if selection.columns is not None else _idle(choice, rows, candidates)
        again = choose(candidates, selection, [*refused, *idle], every) if idle else choice
        if not set(again.values) - set(choice.values):
            break
        refused += idle
        choice = again
    return _laid_out(frame, choice, rows, [*_quantity_said(choice), *_idle_said(refused)])


def candidates_of(frame: Frame) -> list[str]:
    """Columns of numbers that may hold values of skills."""
    table = frame.table
    require_single(table.names, [])
    return [
        name
        for name in table.names
        if name not in frame.taken and not is_bookkeeping(name) and not is_setting(name) and table.holds_numbers(name)
    ]


def _numbers(choice: Choice, frame: Frame) -> list[str]:
    error = frame.selection.error
    if error is not None:
        named_column(frame.table.names, "error", error)
        if len(choice.values) != 1:
            raise InputError("error must belong to one column of values", list(choice.values[:4]), "give value=")
    return [*choice.values, *_errors(choice, frame).values(), *choice.losses.values()]


def _errors(choice: Choice, frame: Frame) -> dict[str, str]:
    if frame.selection.error is not None:
        return {choice.values[0]: frame.selection.error}
    return dict(choice.errors)


def _idle(choice: Choice, rows: Rows, candidates: Sequence[str]) -> list[str]:
    """Chosen columns without a value, or beyond all strengths beside columns that are losses by name."""
    numbers = rows.columns.numbers
    idle = [name for name in choice.values if not np.isfinite(numbers[name]).any()]
    unnamed = [name for name in choice.values if metric_named(name).quantity is None]
    others = {metric_named(name).quantity for name in candidates} - {None, "perplexity"}
    if unnamed and others:
        values = np.concatenate([numbers[name] for name in unnamed])
        values = values[np.isfinite(values)]
        if values.size and (values.min() < _UNIT[0] or values.max() > _UNIT[1]):
            idle += unnamed
    return idle


def _idle_said(refused: Sequence[str]) -> list[Finding]:
    if not refused:
        return []
    text = f"{', '.join(refused[:3])}{', ...' if len(refused) > 3 else ''}: empty, or no strengths; others were read"
    return [Finding("columns without values", len(refused), text)]


def _quantity_said(choice: Choice) -> list[Finding]:
    if not choice.guessed or choice.values[0].casefold() in ("strength", "loss", "accuracy"):
        return []
    return [quantity_by_name(choice.quantity, choice.values[0], len(choice.values))]


def quantity_by_name(quantity: Quantity, name: str, count: int) -> Finding:
    """A remark that names told the quantity."""
    return Finding("quantity by name", count, f"{word_for(quantity)}, as {name!r} says: quantity= says otherwise")


def _laid_out(frame: Frame, choice: Choice, rows: Rows, findings: Sequence[Finding]) -> Measurements:
    """One entry for each row and chosen column, column by column."""
    columns, values = rows.columns, choice.values
    n_rows, n_values = len(rows.position), len(values)
    errors = _errors(choice, frame)

    def stacked(names: Sequence[str | None]) -> Floats:
        nothing = np.full(n_rows, np.nan)
        return np.concatenate([nothing if name is None else columns.numbers[name] for name in names])

    beside = {role: np.tile(column, n_values) for role, column in beside_of(frame, rows).items()}
    if errors or any(name in columns.errors for name in values):
        nothing = np.full(n_rows, np.nan)
        beside["strength_error" if choice.quantity == "strength" else "value_error"] = np.concatenate(
            [columns.numbers[errors[name]] if name in errors else columns.errors.get(name, nothing) for name in values]
        )
    if choice.losses:
        beside["loss"] = stacked([choice.losses.get(name) for name in values])
    read = {*rows.used, *values, *errors.values(), *choice.losses.values()}
    return Measurements(
        layout=f"wide {frame.table.kind}",
        resource=resource_counted_by(frame.axis.column),
        step_column=frame.axis.column,
        quantity=choice.quantity,
        run=repeated(rows.run, n_values),
        skill=Labels(np.repeat(np.arange(n_values, dtype=np.int32), n_rows), tuple(values)),
        position=np.tile(rows.position, n_values),
        value=stacked(values),
        beside=beside,
        findings=(
            *frame.table.findings,
            *rows.findings,
            *left_out(frame.table.names, read),
            *findings,
            *choice.findings,
        ),
        settings=frame.table.settings,
        further={name: repeated(column, n_values) for name, column in rows.further.items()},
    )


def repeated(labels: Labels, times: int) -> Labels:
    """The labels, one row of them after the other."""
    return Labels(np.tile(labels.codes, times), labels.names)
