"""Comma-separated text, read by column in one bounded pass."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.files import MAX_COLUMNS, require_numbers
from saltus.read.measurements import Codes, Labels
from saltus.read.numbers import NumberColumn, forms_found, is_missing, is_number, mostly_numbers
from saltus.read.tables import FIRST_CELLS, Columns

_MAX_LINE = 2**20  # characters
_CELLS_AT_ONCE = 100_000  # cells of the file held as text, a bound on memory
_COMMENT = ("#", "%")
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class CsvTable:
    """UTF-8 text with a header line; cells parted by comma, semicolon or tab, and without line breaks in them.

    Lines that begin with ``#`` or ``%`` above the header, or with ``#`` below it, are comments. Where the first other
    line holds a number, the comment above it is the header, as NumPy writes it.
    """

    path: Path
    names: tuple[str, ...]
    delimiter: str
    first_row: int
    kind: str = "CSV"
    settings: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()

    @classmethod
    def open(cls, path: Path) -> CsvTable:
        """The table, of which only the header is read.

        Raises:
            InputError: if the text is not UTF-8, or has too many columns.
        """
        with _text_of(path) as file:
            number, header = _header(_lines(file, path))
        delimiter = max(_DELIMITERS, key=header.count)
        with _text_of(path):
            names = tuple(name.strip() for name in _cells(header, delimiter))
        if len(names) > MAX_COLUMNS:
            raise InputError(f"a table must have at most {MAX_COLUMNS:,} columns", len(names), "export fewer")
        return cls(path, names, delimiter, number)

    def holds_numbers(self, name: str) -> bool:
        """Whether at least half of the cells that are not missing are numbers, in the first rows that have one."""
        return name in self._of_numbers

    def first_cells(self, name: str) -> list[str]:
        """The column's cells in the first rows."""
        place = self.names.index(name)
        return [row[place].strip() for row in self._first_rows]

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a cell is no number, or a row has more or fewer cells."""
        columns = [NumberColumn(name, self.path.name, self.delimiter != ",") for name in numbers]
        code_parts: dict[str, list[Codes]] = {name: [] for name in labels}
        codes: dict[str, dict[str, int]] = {name: {} for name in labels}
        at_once = max(1, _CELLS_AT_ONCE // max(1, len(self.names)))
        n_rows = 0
        left_out = _LeftOut()
        with _text_of(self.path) as file:
            rows = self._rows(file, left_out)
            while chunk := list(islice(rows, at_once)):
                n_rows += len(chunk)
                require_numbers(n_rows * (len(numbers) + len(labels)), self.path)
                lines, cells = zip(*chunk, strict=True)
                for column in columns:
                    place = self.names.index(column.name)
                    column.add([row[place] for row in cells], lines)
                for name, known in codes.items():
                    place = self.names.index(name)
                    coded = (known.setdefault(row[place].strip(), len(known)) for row in cells)
                    code_parts[name].append(np.fromiter(coded, dtype=np.int32, count=len(cells)))
        no_codes = np.empty(0, dtype=np.int32)
        errors = {column.name: column.errors() for column in columns}
        return Columns(
            {column.name: column.whole() for column in columns},
            {
                name: Labels(np.concatenate([no_codes, *parts]), tuple(codes[name]))
                for name, parts in code_parts.items()
            },
            {name: given for name, given in errors.items() if given is not None},
            (*left_out.findings(), *forms_found(columns)),
        )

    @cached_property
    def _of_numbers(self) -> frozenset[str]:
        late = self._late_text
        places = {name: place for place, name in reversed([*enumerate(self.names)]) if place not in late}
        return frozenset(
            name for name, place in places.items() if mostly_numbers(row[place] for row in self._first_rows)
        )

    @cached_property
    def _first_rows(self) -> list[list[str]]:
        n_rows = min(FIRST_CELLS, max(20, _CELLS_AT_ONCE // (5 * max(1, len(self.names)))))
        with _text_of(self.path) as file:
            return [row for _, row in islice(self._rows(file, _LeftOut()), n_rows)]

    @cached_property
    def _late_text(self) -> frozenset[int]:
        """Columns without a value in the first rows whose first value is text: it takes a pass over the whole file."""
        first = self._first_rows
        open_ones = [i for i in range(len(self.names)) if all(is_missing(row[i]) for row in first)]
        late = set()
        if not open_ones or len(first) < 20:
            return frozenset()
        with _text_of(self.path) as file:
            for _, row in self._rows(file, _LeftOut()):
                for i in [i for i in open_ones if row[i] and not is_missing(row[i])]:
                    open_ones.remove(i)
                    if not is_number(row[i]):
                        late.add(i)
                if not open_ones:
                    break
        return frozenset(late)

    def _rows(self, file: TextIO, left_out: _LeftOut) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of every row below the header."""
        width = len(self.names)
        header = list(self.names)
        lines = _lines(file, self.path)
        for line, row in enumerate(csv.reader(lines, delimiter=self.delimiter, strict=True), 1):
            if line < self.first_row or not row:
                left_out.comments += bool(row) and row[0].startswith(_COMMENT)
                continue
            if row[0].startswith("#") and (len(row) != width or row[0].startswith("# ")):
                left_out.comments += 1
                continue
            if len(row) != width:
                if len(row) < width and next(lines, None) is None and _ends_within_a_line(self.path):
                    left_out.torn = True
                    return
                advice = f"see line {line} of {self.path.name}"
                raise InputError(f"every row must have {width} cells, as the header", len(row), advice)
            if row[0] == header[0] and [cell.strip() for cell in row] == header:
                left_out.headers += 1
                continue
            yield line, row


@dataclass
class _LeftOut:
    """Lines that are no rows of the table."""

    comments: int = 0
    headers: int = 0
    torn: bool = False

    def findings(self) -> Iterator[Finding]:
        """A finding for each kind that was met."""
        if self.comments:
            yield Finding("comment lines", self.comments, f"{counted(self.comments, 'line')} with # or %, left out")
        if self.headers:
            text = f"the header stands {counted(self.headers, 'time')} more between the rows: a log that was continued?"
            yield Finding("repeated headers", self.headers, text)
        if self.torn:
            yield Finding("torn last line", 1, "the file ends within a row, which was left out: is it being written?")


def is_csv(path: Path) -> bool:
    """Whether the first lines of a text file are a header and rows of as many cells, most of them numbers."""
    try:
        with _text_of(path) as file:
            lines = _lines(file, path)
            _, header = _header(lines)
            delimiter = max(_DELIMITERS, key=header.count)
            width = len(_cells(header, delimiter))
            rows = [_cells(line, delimiter) for line in islice(lines, 5) if line.strip()]
    except InputError:
        return False
    cells = [cell.strip() for row in rows for cell in row]
    numbers = sum(is_number(cell) or is_missing(cell) for cell in cells)
    return width > 1 and bool(rows) and all(len(row) == width for row in rows) and 2 * numbers >= len(cells)


def _header(lines: Iterator[str]) -> tuple[int, str]:
    """Number of the first row's line, and the header: the first line that is no comment, or the comment above it."""
    comment = ""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        if line.startswith(_COMMENT):
            comment = line.lstrip("".join(_COMMENT)).strip()
            continue
        delimiter = max(_DELIMITERS, key=line.count)
        named, cells = comment.split(delimiter), line.split(delimiter)
        if comment and len(named) == len(cells) and any(map(is_number, cells)) and not any(map(is_number, named)):
            return number, comment
        return number + 1, line
    return 1, ""


def _cells(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter, strict=True), [])


def _ends_within_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) not in b"\r\n"


@contextmanager
def _text_of(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise InputError("a table must be UTF-8 text", path.name, "save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise InputError("a table must be well-formed CSV", path.name, f"{error}: export it again") from error
    except OSError as error:
        raise InputError("a table must be readable", path.name, f"{error.strerror}") from error


def _lines(file: TextIO, path: Path) -> Iterator[str]:
    """Lines of bounded length that each hold whole cells; anything else could take memory without end."""
    number = 0
    while line := file.readline(_MAX_LINE):
        number += 1
        if len(line) == _MAX_LINE:
            rule = f"a line must be shorter than {_MAX_LINE:,} characters"
            raise InputError(rule, line[:20], f"see line {number} of {path.name}")
        if line.count('"') % 2:
            if not line.startswith(_COMMENT):
                advice = f"close the quotes in line {number} of {path.name}"
                raise InputError("a quoted cell must end in its line", line.rstrip(), advice)
            line = line.replace('"', "")
        if "\0" in line:
            raise InputError("a table must be text", line[:20], f"save {path.name} as CSV in UTF-8")
        yield line
