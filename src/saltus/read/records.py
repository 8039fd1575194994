"""Records, such as lines of a log, as a table: each key a column, NaN or an empty label where a record lacks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from saltus.curves.report import Finding, counted, some
from saltus.errors import InputError
from saltus.read.files import MAX_COLUMNS, require_numbers
from saltus.read.growing_column import GrowingColumn, readable, shown
from saltus.read.measurements import Labels
from saltus.read.tables import ArrayTable

_AT_ONCE = 1000  # records that are looked at together
_MAX_DEPTH = 16  # records within each other
_MAX_NAME = 500  # characters of a column's name, its dots included
_MAX_TEXTS = 1_000_000  # different texts of all columns together, a bound on memory


@dataclass(frozen=True)
class RecordTable(ArrayTable):
    """Columns of records.

    Attributes:
        texts: of columns of numbers that were written as text (``"007"``), their labels.
    """

    texts: Mapping[str, Labels] = field(default_factory=dict)

    def renamed(self, names: Mapping[str, str]) -> RecordTable:
        """The table with other names of its columns."""
        arrays = {names[name]: column for name, column in self.arrays.items()}
        return replace(self, arrays=arrays, texts={names[name]: labels for name, labels in self.texts.items()})

    def _labels(self, name: str) -> Labels:
        column = self.arrays[name]
        if name in self.texts or isinstance(column, Labels):
            return self.texts.get(name) or super()._labels(name)
        return Labels.of(map(shown, column.tolist()))


def table_of_records(
    records: Iterable[Mapping[str, Any]],
    path: Path,
    kind: str,
    settings: Mapping[str, Any] | None = None,
    findings: Sequence[Finding] = (),
) -> RecordTable:
    """The records as a table, one row each, in bounded memory.

    Nested records are columns with dotted names; a list of one entry is that entry; other lists and empty values are
    left out. A column that holds a text anywhere is one of labels, unless all its texts are plain numbers.

    Raises:
        InputError: if there are more than `MAX_COLUMNS` columns, or more cells than `files.MAX_NUMBERS`.
    """
    rows = Records(path)
    remaining = iter(records)
    while batch := list(islice(remaining, _AT_ONCE)):
        rows.add(batch)
    return rows.table(kind, settings, findings)


class Records:
    """Records as they come, kept by column."""

    def __init__(self, path: Path) -> None:
        self.n_rows = 0
        self._path = path
        self._columns: dict[str, GrowingColumn] = {}
        self._lists: dict[str, None] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns so far."""
        return tuple(self._columns)

    @property
    def n_cells(self) -> int:
        """Cells that the records take as a table."""
        return self.n_rows * len(self._columns)

    def add(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Add these records, one row each; raise `InputError` beyond the bounds of a table."""
        for names, same in groupby(batch, key=tuple):
            self._add_alike(names, list(same))
            require_numbers(max(self.n_cells, self.n_rows), self._path)
        if sum(len(column.known) for column in self._columns.values()) > _MAX_TEXTS:
            rule = f"a table must hold at most {_MAX_TEXTS:,} different texts"
            raise InputError(rule, self._path.name, "export fewer columns of text")

    def _add_alike(self, names: tuple[str, ...], batch: Sequence[Mapping[str, Any]]) -> None:
        """Add records of the same keys, column by column as far as they hold plain numbers."""
        start = self.n_rows
        if _may_meet(names):
            for row, record in enumerate(batch, start):
                for name in names:
                    self._put_alike(name, row, [record[name]])
        else:
            for name in names:
                self._put_alike(name, start, [record[name] for record in batch])
        self.n_rows += len(batch)

    def _put_alike(self, name: str, start: int, values: list[Any], depth: int = 0) -> None:
        """Put the entries of one name from a row on, and those of records of the same keys key by key."""
        if name in self._columns and self._columns[name].extend(start, values):
            return
        keys = _keys_of_all(values) if depth < _MAX_DEPTH and len(name) <= _MAX_NAME else None
        if keys is not None and not _may_meet(keys):
            for key in keys:
                self._put_alike(f"{name}.{key}", start, [value[key] for value in values], depth + 1)
            return
        for row, value in enumerate(values, start):
            for dotted, cell in self._cells(name, value, depth):
                self._column(dotted).put(row, cell)

    def _column(self, name: str) -> GrowingColumn:
        column = self._columns.get(name)
        if column is None:
            if len(self._columns) == MAX_COLUMNS:
                rule = f"a table must have at most {MAX_COLUMNS:,} columns"
                raise InputError(rule, self._path.name, "log fewer names")
            require_numbers(self.n_rows * (len(self._columns) + 1), self._path)
            column = self._columns[name] = GrowingColumn()
        return column

    def _cells(self, name: str, value: Any, depth: int = 0) -> Iterator[tuple[str, float | str]]:
        """Cells of one entry of a record, with dotted names."""
        if isinstance(value, (float, int)):  # bool among them
            try:
                yield readable(name), float(value)
            except OverflowError:
                yield readable(name), float("inf")
        elif isinstance(value, str):
            yield readable(name), value
        elif isinstance(value, Mapping):
            if depth == _MAX_DEPTH or len(name) > _MAX_NAME:
                rule = f"records must be at most {_MAX_DEPTH} deep, with names of at most {_MAX_NAME} characters"
                raise InputError(rule, readable(name[:20]), f"see {self._path.name}")
            for key, inner in value.items():
                yield from self._cells(f"{name}.{key}", inner, depth + 1)
        elif isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list):
            yield from self._cells(name, value[0], depth)
        elif isinstance(value, list) and len(self._lists) < MAX_COLUMNS:
            self._lists[readable(name)] = None

    def table(
        self, kind: str, settings: Mapping[str, Any] | None = None, findings: Sequence[Finding] = ()
    ) -> RecordTable:
        """The records so far as a table."""
        arrays: dict[str, Any] = {}
        texts: dict[str, Labels] = {}
        free = []
        for name, column in self._columns.items():
            column.pad(self.n_rows)
            if column.is_free:
                free.append(name)
            elif (numbers := column.whole_numbers()) is None:
                arrays[name] = column.labels()
            else:
                arrays[name] = numbers
                if column.codes is not None:
                    texts[name] = column.labels()
        said = list(findings)
        if free:
            text = f"{counted(len(free), 'column')} of long or ever different texts, not read: {some(free)}"
            said.append(Finding("free text", len(free), text))
        if lists := [name for name in self._lists if name not in self._columns]:
            said.append(Finding("lists left out", len(lists), f"{counted(len(lists), 'list')} in rows: {some(lists)}"))
        return RecordTable(self._path, arrays, kind, {} if settings is None else settings, said, texts)


def _keys_of_all(values: Sequence[Any]) -> tuple[str, ...] | None:
    """The keys that all values have, if they are records of the same keys."""
    if type(values[0]) is not dict:
        return None
    keys = tuple(values[0])
    return keys if all(type(value) is dict and tuple(value) == keys for value in values) else None


@lru_cache(maxsize=100)
def _may_meet(names: tuple[str, ...]) -> bool:
    """Whether entries of these names may belong to one column, of which the last in a row counts."""
    dotted = [name for name in names if "." in name]
    starts = {name[:i] for name in dotted for i, char in enumerate(name) if char == "."}
    return not starts.isdisjoint(names) or not "".join(names).isprintable()
