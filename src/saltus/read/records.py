"""Records, such as lines of a log, as a table: each key a column, NaN or an empty label where a record lacks it."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.files import MAX_COLUMNS, require_numbers
from saltus.read.measurements import Labels
from saltus.read.tables import ArrayTable

_ABSENT = float("nan")


def table_of_records(
    records: Iterable[Mapping[str, Any]],
    path: Path,
    kind: str,
    settings: Mapping[str, Any] | None = None,
    findings: Sequence[Finding] = (),
) -> ArrayTable:
    """The records as a table, one row each, in bounded memory.

    Nested records are columns with dotted names; lists and empty values are left out. A column that holds a text
    anywhere is one of labels.

    Raises:
        InputError: if there are more than `MAX_COLUMNS` columns, or more cells than `files.MAX_NUMBERS`.
    """
    columns: dict[str, _Column] = {}
    n_rows = n_cells = 0
    for record in records:
        for name, value in _flat(record):
            column = columns.get(name)
            if column is None:
                if len(columns) == MAX_COLUMNS:
                    raise InputError(f"a table must have at most {MAX_COLUMNS:,} columns", path.name, "log fewer names")
                column = columns[name] = _Column()
            column.put(n_rows, value)
            n_cells += 1
        n_rows += 1
        if not n_rows % 1000:
            require_numbers(n_cells, path)
    require_numbers(n_rows * len(columns), path)
    arrays = {name: column.whole(n_rows) for name, column in columns.items()}
    return ArrayTable(path, arrays, kind, {} if settings is None else settings, findings)


class _Column:
    """One column as it grows: numbers, with the texts among them beside."""

    def __init__(self) -> None:
        self.numbers = array("d")
        self.texts: dict[int, str] = {}

    def put(self, row: int, value: float | str) -> None:
        missing = row - len(self.numbers)
        if missing < 0:  # a record with one name twice: its last value counts
            del self.numbers[row:]
            self.texts.pop(row, None)
        elif missing:
            self.numbers.extend([_ABSENT] * missing)
        if isinstance(value, str):
            self.texts[row] = value
            value = _ABSENT
        self.numbers.append(value)

    def whole(self, n_rows: int) -> np.ndarray[Any, Any] | Labels:
        self.numbers.extend([_ABSENT] * (n_rows - len(self.numbers)))
        numbers = np.frombuffer(self.numbers, dtype=float) if n_rows else np.empty(0)
        if not self.texts:
            return numbers
        cells = ("" if number != number else f"{number:g}" for number in self.numbers)
        return Labels.of(self.texts.get(row, cell) for row, cell in enumerate(cells))


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, float | str]]:
    for key, value in record.items():
        name = prefix + key
        if isinstance(value, (float, int)):  # bool among them
            try:
                yield name, float(value)
            except OverflowError:
                yield name, float("inf")
        elif isinstance(value, str):
            yield name, value
        elif isinstance(value, Mapping):
            yield from _flat(value, name + ".")
