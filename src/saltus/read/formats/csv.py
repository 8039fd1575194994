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
from saltus.read.text import open_text

_MAX_LINE = 2**20  # characters
_CELLS_AT_ONCE = 100_000  # cells of the file held as text, a bound on memory
_COMMENT = ("#", "%")
_DELIMITERS = ",;\t"
_LOGS = (".log", ".out", "")


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
        n_rows = 0
        left_out = _LeftOut()
        with _text_of(self.path) as file:
            for lines, rows in self._chunks(file, left_out):
                n_rows += len(rows)
                require_numbers(n_rows * (len(numbers) + len(labels)), self.path)
                cells = list(zip(*rows, strict=True))
                for column in columns:
                    column.add(cells[self.names.index(column.name)], lines)
                for name, known in codes.items():
                    texts = [cell.strip() for cell in cells[self.names.index(name)]]
                    for text in dict.fromkeys(texts):
                        known.setdefault(text, len(known))
                    coded = map(known.__getitem__, texts)
                    code_parts[name].append(np.fromiter(coded, dtype=np.int32, count=len(texts)))
        no_codes = np.empty(0, dtype=np.int32)
        errors = {column.name: column.errors() for column in columns}
        whole = {column.name: column.whole() for column in columns}
        if any(column.forms["decimal comma"] for column in columns):
            # A point in such a file parts thousands (1.000), or nothing is sure.
            for name in [column.name for column in columns if column.points]:
                advice = f"export {self.path.name} without separators of thousands"
                raise InputError("a table with decimal commas must have no decimal points", name, advice)
        return Columns(
            whole,
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
            return next(self._chunks(file, _LeftOut(), n_rows), ((), []))[1]

    @cached_property
    def _late_text(self) -> frozenset[int]:
        """Columns without a value in the first rows whose first value is text: it takes a pass over the whole file."""
        first = self._first_rows
        open_ones = [i for i in range(len(self.names)) if all(is_missing(row[i]) for row in first)]
        late = set()
        if not open_ones or len(first) < 20:
            return frozenset()
        with _text_of(self.path) as file:
            for _, rows in self._chunks(file, _LeftOut()):
                for i in list(open_ones):
                    value = next((row[i] for row in rows if row[i] and not is_missing(row[i])), None)
                    if value is not None:
                        open_ones.remove(i)
                        late.update([] if is_number(value) else [i])
                if not open_ones:
                    break
        return frozenset(late)

    def _chunks(
        self, file: TextIO, left_out: _LeftOut, at_once: int | None = None
    ) -> Iterator[tuple[Sequence[int], list[list[str]]]]:
        """Line numbers and cells of the rows below the header, some at once."""
        at_once = at_once or max(1, _CELLS_AT_ONCE // max(1, len(self.names)))
        texts = _lines(file, self.path, left_out)
        for text in islice(texts, self.first_row - 1):
            left_out.comments += text.startswith(_COMMENT)
        reader = csv.reader(texts, delimiter=self.delimiter, strict=True)
        line, ahead = self.first_row, next(reader, None)
        while ahead is not None:
            rows = [ahead, *islice(reader, at_once - 1)]
            ahead = next(reader, None)
            lines: Sequence[int] = range(line, line + len(rows))
            line += len(rows)
            if not self._are_plain(rows):
                found = list(self._filtered(rows, lines, left_out, ahead is None))
                lines, rows = [number for number, _ in found], [row for _, row in found]
            if rows:
                yield lines, rows

    def _are_plain(self, rows: list[list[str]]) -> bool:
        if not self.names or {*map(len, rows)} != {len(self.names)}:
            return False
        first = [row[0] for row in rows]
        return self.names[0] not in first and "\n#" not in "\n" + "\n".join(first)

    def _filtered(
        self, rows: list[list[str]], lines: Sequence[int], left_out: _LeftOut, to_the_end: bool
    ) -> Iterator[tuple[int, list[str]]]:
        """The rows without comments, repeated headers and a row that the end of the file tears."""
        width, header = len(self.names), list(self.names)
        for line, row in zip(lines, rows, strict=True):
            if not row:
                continue
            if row[0].startswith("#") and (len(row) != width or row[0].startswith("# ")):
                left_out.comments += 1
            elif [cell.strip() for cell in row] == header:
                left_out.headers += 1
            elif len(row) == width:
                yield line, row
            elif len(row) < width and line == lines[-1] and to_the_end and left_out.open_end:
                left_out.torn = True
            else:
                advice = f"see line {line} of {self.path.name}"
                raise InputError(f"every row must have {width} cells, as the header", len(row), advice)


@dataclass
class _LeftOut:
    """Lines that are no rows of the table."""

    comments: int = 0
    headers: int = 0
    torn: bool = False
    open_end: bool = False

    def findings(self) -> Iterator[Finding]:
        """A finding for each kind that was met."""
        if self.comments:
            yield Finding("comment lines", self.comments, f"{counted(self.comments, 'line')} with # or %, left out")
        if self.headers:
            text = f"the header stands {counted(self.headers, 'time')} more between the rows: a log that was continued?"
            yield Finding("repeated headers", self.headers, text)
        if self.torn:
            yield Finding("torn last line", 1, "the file ends within a row, which was left out: is it being written?")


def is_csv_log(path: Path) -> bool:
    """Whether a ``.log`` file begins with a header and rows of as many cells, most of them numbers, as Keras writes."""
    if path.suffix.lower() not in _LOGS:
        return False
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


@contextmanager
def _text_of(path: Path) -> Iterator[TextIO]:
    try:
        with open_text(path) as file:
            yield file
    except csv.Error as error:
        raise InputError("a table must be well-formed CSV", path.name, f"{error}: export it again") from error


def _lines(file: TextIO, path: Path, left_out: _LeftOut | None = None) -> Iterator[str]:
    """Lines of bounded length that each hold whole cells; anything else could take memory without end."""
    number = 0
    last = "\n"
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
        last = line
        yield line
    if left_out is not None:
        left_out.open_end = last[-1] not in "\r\n"
