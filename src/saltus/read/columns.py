"""Columns of losses and amounts from files of any format: every oddity is either an error that names it or counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.measurements import Labels
from saltus.read.sets import tables_of
from saltus.read.sources import AnyPath, find_sources
from saltus.read.tables import Columns, Table

if TYPE_CHECKING:
    import pandas as pd

_VALUES = ("value", "values", "metric_value", "score")  # names of the numbers of a table with one metric a row


@dataclass(frozen=True)
class LossRows:
    """Rows that a law can be fitted to.

    Attributes:
        table: the columns asked for; amounts are above 0, and so is every number that was to be.
        n_blank: rows left out because a cell was blank or NaN.
        n_zero: rows left out because an amount was 0, where a law says nothing.
        findings: remarks on the files.
    """

    table: pd.DataFrame
    n_blank: int
    n_zero: int
    findings: tuple[Finding, ...]


def read_columns(
    path: AnyPath | Sequence[AnyPath],
    amounts: Sequence[str],
    positive: Sequence[str] = (),
    *,
    others: Sequence[str] = (),
    label: str | None = None,
) -> LossRows:
    """The named columns of a file in any format that curves are read from, or of several files below each other.

    Of a table with one metric a row (columns such as ``step, metric, value``), names of metrics count as columns. So
    do numbers in which the paths of several files differ: ``parameters`` for ``70m.csv`` and ``1b.csv``, ``d`` for
    ``d=96.csv`` and ``d=128.csv``.

    Args:
        path: file or folder, or several, or a pattern.
        amounts: columns of finite numbers of at least 0.
        positive: columns of finite numbers above 0.
        others: columns of finite numbers.
        label: a column taken as text; ``"file"`` is the name of each row's file, where the files have no such column.

    Raises:
        InputError: if a file is no table, lacks a column, or holds numbers out of range.
    """
    import pandas as pd

    numbers = list(dict.fromkeys([*amounts, *positive, *others]))
    labels = [] if label is None else [label]
    tables = tables_of(find_sources(path), [*numbers, *labels])
    parts = [_frame(table, numbers, labels) for table in tables]
    table = pd.concat(parts, ignore_index=True) if len(parts) > 1 else parts[0]
    complete = table.notna().all(axis=1).to_numpy()
    for name in numbers:
        lowest = 0.0 if name in amounts or name in positive else -np.inf
        _require(table[name].to_numpy(), name, lowest, allowed=name not in positive)
    none = complete & (table[list(amounts)] == 0).any(axis=1).to_numpy() if amounts else np.zeros(len(table), bool)
    kept = table[complete & ~none].reset_index(drop=True)
    source = ", ".join(table.path.name for table in tables)
    if not len(kept):
        wanted = " and ".join(map(repr, table.columns))
        raise InputError("the file must have rows with numbers", source, f"no row has a value of {wanted}")
    findings = tuple(finding for table in tables for finding in table.findings)
    return LossRows(kept, int((~complete).sum()), int(none.sum()), findings)


def _frame(table: Table, numbers: Sequence[str], labels: Sequence[str]) -> pd.DataFrame:
    missing = [name for name in (*numbers, *labels) if name not in table.names]
    if missing:
        frame = _one_metric_a_row(table, [name for name in missing if name in numbers], numbers, labels)
        return frame[[*numbers, *labels]]
    return _joined(table.read(numbers, labels), numbers, labels)


def _joined(columns: Columns, numbers: Sequence[str], labels: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    texts = {name: _texts(columns.labels[name]) for name in labels}
    return pd.DataFrame({**{name: columns.numbers[name] for name in numbers}, **texts})


def _texts(labels: Labels) -> pd.Series[str]:
    import pandas as pd

    names = [name or None for name in labels.names]
    return pd.Series([names[code] for code in labels.codes.tolist()], dtype="object")


def _one_metric_a_row(
    table: Table, metrics: Sequence[str], numbers: Sequence[str], labels: Sequence[str]
) -> pd.DataFrame:
    """The columns of a table in which some of them are metrics, one value a row; rows that agree elsewhere are one."""
    kept = [name for name in (*numbers, *labels) if name in table.names]
    free = [name for name in table.names if name not in kept]
    texts = [name for name in free if not table.holds_numbers(name)]
    of_metric = [name for name in texts if set(metrics) <= set(table.read([], [name]).labels[name].names)]
    of_numbers = [name for name in free if name not in texts]
    values = [name for name in of_numbers if name.lower() in _VALUES] or (of_numbers if len(of_numbers) == 1 else [])
    if not metrics or not of_metric or not values:
        missing = next(name for name in (*numbers, *labels) if name not in table.names)
        rule = f"the file must have the column {missing!r}"
        raise InputError(rule, table.path.name, f"it has {_listed(table.names)}")
    metric, value = of_metric[0], values[0]
    keys = [name for name in table.names if name not in (metric, value)]
    as_numbers = [name for name in keys if name in numbers]
    as_texts = [name for name in keys if name not in as_numbers]
    frame = _joined(table.read([*as_numbers, value], [*as_texts, metric]), [*as_numbers, value], [*as_texts, metric])
    frame = frame[frame[metric].isin(metrics)]
    if len(metrics) == 1:
        return frame.rename(columns={value: metrics[0]})
    # Rows may differ in text such as a time of day: only numbers and labels that are asked for make them one.
    group = [*(name for name in keys if name in kept), metric]
    if len(group) == 1:
        rule = "rows of one metric each must share a column that joins them"
        raise InputError(rule, table.path.name, "name one of its columns, e.g. as x=")
    return frame.groupby(group, dropna=False, sort=False)[value].last().unstack(metric).reset_index()


def _require(values: np.ndarray, name: str, lowest: float, *, allowed: bool) -> None:
    """Raise `InputError` unless numbers are finite and above ``lowest``, or if that is allowed, at it."""
    wrong = ~np.isnan(values) & ~(np.isfinite(values) & ((values >= lowest) if allowed else (values > lowest)))
    if wrong.any():
        row = int(wrong.argmax())
        at_least = "" if lowest < 0 else " of at least 0" if allowed else " greater than 0"
        advice = f"see row {row + 1} below the header"
        if not allowed and np.isfinite(values[row]):
            advice += "; of a score, give quantity="
        raise InputError(f"every {name!r} must be a finite number{at_least}", float(values[row]), advice)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:40]) for name in names[:12] if name) or "none"
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "")
