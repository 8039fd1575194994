"""Wide tables: one column a skill, one row a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, some
from saltus.errors import InputError
from saltus.read.choice import Choice, errors_by_column, quantity_by_name
from saltus.read.frames import Frame, Rows, beside_of, left_out, rows_of
from saltus.read.measurements import Labels, Measurements
from saltus.read.metric_names import metric_named
from saltus.read.roles import is_bookkeeping, is_setting, named_column, resource_counted_by
from saltus.read.settle import settle

_NEARLY = 0.9  # share of rows


def read_wide(frame: Frame) -> Measurements:
    """The measurements in columns of a table.

    Raises:
        InputError: if there is no column of values, or a chosen one holds something else.
    """
    table, selection = frame.table, frame.selection
    every = [name for name in table.names if name not in {frame.steps.name, *frame.runs}]
    candidates = candidates_of(frame)
    if selection.value is not None:
        candidates = [named_column(table.names, "value", selection.value)]
    texts = [name for name in every if not table.holds_numbers(name) and not is_bookkeeping(name)]
    if not candidates and selection.columns is None:
        if texts and not is_setting(texts[0]):
            table.read([texts[0]], [])  # says what is wrong with it
        raise InputError("a wide table must have one column a skill", list(table.names), "give the columns of skills")
    read: list[Rows] = []

    def values_of(choice: Choice) -> Mapping[str, Floats]:
        read.append(rows_of(frame, _numbers(choice, frame)))
        return read[-1].columns.numbers

    choice = settle(candidates, selection, values_of, every)
    if selection.columns is None and (training := measured_while_training(choice.values, read[-1])):
        choice = settle([name for name in candidates if name not in training], selection, values_of, every)
        text = f"{some(training)} stand in every row with a learning rate, unlike {some(choice.values)}"
        said = Finding("training rows", len(training), f"{text}, which evaluations have: columns= chooses")
        choice = replace(choice, findings=(said, *choice.findings))
    return _laid_out(frame, choice, read[-1])


def measured_while_training(names: Sequence[str], rows: Rows) -> list[str]:
    """The metrics in nearly every row that has a learning rate and in few others, where some are measured elsewhere.

    Programs log what a batch of training gives beside the rate, and what evaluations give rarely, or in other rows.
    """
    n_rated = int(rows.rated.sum())
    training, others = [], []
    for name in names:
        known = np.isfinite(rows.columns.numbers[name])
        n_known, n_both = int(known.sum()), int((known & rows.rated).sum())
        if n_both and metric_named(name).split in (None, "train") and n_both >= _NEARLY * max(n_known, n_rated):
            training.append(name)
        elif n_known:
            others.append(n_both <= max(n_rated, n_known) / 2)
    return training if others and all(others) else []


def candidates_of(frame: Frame) -> list[str]:
    """Columns of numbers that may hold values of skills."""
    table = frame.table
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


def _laid_out(frame: Frame, choice: Choice, rows: Rows) -> Measurements:
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
        beside["value_error"] = np.concatenate(
            [columns.numbers[errors[name]] if name in errors else columns.errors.get(name, nothing) for name in values]
        )
    if choice.losses:
        beside["loss"] = stacked([choice.losses.get(name) for name in values])
    read = {*rows.used, *values, *errors.values(), *choice.losses.values()}
    return Measurements(
        layout=f"wide {frame.table.kind}",
        resource=resource_counted_by(frame.steps.name),
        step_column=frame.steps.name,
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
            *quantity_by_name(choice),
            *(errors_by_column(errors.values()) if frame.selection.error is None else ()),
            *choice.findings,
        ),
        settings={**frame.table.settings, **rows.settings},
        further={name: repeated(column, n_values) for name, column in rows.further.items()},
    )


def repeated(labels: Labels, times: int) -> Labels:
    """The labels, one row of them after the other."""
    return Labels(np.tile(labels.codes, times), labels.names)
