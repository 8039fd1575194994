"""Tables by column: the one form that every format is opened as, and its simplest kind, named arrays.

A table tells its column names first, and of each whether it holds numbers. Only the columns that are asked for are then
turned into numbers or labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats
from saltus.curves.report import Finding
from saltus.read.measurements import Labels
from saltus.read.numbers import NumberColumn, forms_found, mostly_numbers

FIRST_CELLS = 1000
"""Rows at the start of a table that tell what its columns hold."""


@dataclass(frozen=True)
class Columns:
    """Columns of equal length.

    Attributes:
        numbers: NaN where there is none.
        labels: of text, or of numbers that are names.
        errors: of the numbers whose cells give a standard error (``0.5 ± 0.1``); NaN where one does not.
        findings: remarks on the cells, e.g. that they hold signs of percent.
    """

    numbers: Mapping[str, Floats]
    labels: Mapping[str, Labels]
    errors: Mapping[str, Floats] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


class Table(Protocol):
    """A table whose columns can be read by name.

    Attributes:
        kind: name of its format in reports, e.g. "CSV".
        path: the file or folder.
        names: of the columns, in the order of the file.
        settings: of the training, as far as the file or its neighbours tell: ``optimizer``, ``learning_rate``,
            ``schedule``, ``batch_size``, ...; plain data.
        findings: remarks on the file itself, e.g. that it ends within a record.
    """

    @property
    def kind(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def names(self) -> Sequence[str]: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def findings(self) -> Sequence[Finding]: ...
    def holds_numbers(self, name: str) -> bool:
        """Whether the column can be read as numbers, as far as can be told without reading it all."""

    def first_cells(self, name: str) -> Sequence[str]:
        """The column's cells in the first rows (at most `FIRST_CELLS`), as text."""

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a cell is no number."""


@dataclass(frozen=True)
class TableOver:
    """The share of a table that it has from another one, whose columns it gives in its own way."""

    table: Table

    @property
    def kind(self) -> str:
        return self.table.kind

    @property
    def path(self) -> Path:
        return self.table.path

    @property
    def settings(self) -> Mapping[str, Any]:
        return self.table.settings


Opener = Callable[[Path], Table]


def numbers_of_labels(columns: Mapping[str, Labels], file: str) -> Columns:
    """Columns of text as numbers, each distinct text read once; raise `InputError` where one is none."""
    readers = {name: NumberColumn(name, file) for name in columns}
    numbers, errors = {}, {}
    for name, labels in columns.items():
        readers[name].add(labels.names)
        numbers[name] = readers[name].whole()[labels.codes]
        if (given := readers[name].errors()) is not None:
            errors[name] = given[labels.codes]
    return Columns(numbers, {}, errors, tuple(forms_found(readers.values())))


@dataclass(frozen=True)
class ArrayTable:
    """Named one-dimensional arrays, or labels, of one length."""

    path: Path
    arrays: Mapping[str, NDArray[np.generic] | Labels]
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.arrays)

    def holds_numbers(self, name: str) -> bool:
        """Whether the column is an array of numbers, or of text that can be read as numbers."""
        column = self.arrays[name]
        return self._is_plain(name) or mostly_numbers(
            column.names if isinstance(column, Labels) else map(str, column[:FIRST_CELLS].tolist())
        )

    def first_cells(self, name: str) -> list[str]:
        """The first entries, as text."""
        column = self.arrays[name]
        if isinstance(column, Labels):
            return [column.names[code] for code in column.codes[:FIRST_CELLS]]
        return [str(cell) for cell in column[:FIRST_CELLS].tolist()]

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a column of numbers holds something else."""
        texts = {name: self._labels(name) for name in numbers if not self._is_plain(name)}
        from_text = numbers_of_labels(texts, self.path.name)
        floats = {
            name: from_text.numbers[name] if name in texts else np.asarray(self.arrays[name], dtype=float)
            for name in numbers
        }
        return Columns(floats, {name: self._labels(name) for name in labels}, from_text.errors, from_text.findings)

    def _is_plain(self, name: str) -> bool:
        column = self.arrays[name]
        return not isinstance(column, Labels) and column.dtype.kind in "iufb"

    def _labels(self, name: str) -> Labels:
        column = self.arrays[name]
        return column if isinstance(column, Labels) else Labels.of(column.tolist())
