"""Comma-separated text, read by column in one bounded pass."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.files import MAX_COLUMNS, require_numbers
from saltus.read.measurements import Codes, Labels
from saltus.read.tables import Columns

_MAX_LINE = 2**20  # characters
_CELLS_AT_ONCE = 100_000  # cells of the file held as text, a bound on memory
_SNIFFED_ROWS = 1000
_MISSING = {"", "na", "n/a", "null", "none", "-"}


@dataclass(frozen=True)
class CsvTable:
    """UTF-8 text with a header line; cells parted by comma, semicolon or tab, and without line breaks in them."""

    path: Path
    names: tuple[str, ...]
    delimiter: str
    kind: str = "CSV"
    settings: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()

    @classmethod
    def open(cls, path: Path) -> CsvTable:
        with _text_of(path) as file:
            header = next(_lines(file, path), "")
            delimiter = max(",;\t", key=header.count)
            names = tuple(name.strip() for name in next(csv.reader([header], delimiter=delimiter, strict=True), []))
        if len(names) > MAX_COLUMNS:
            raise InputError(f"a table must have at most {MAX_COLUMNS:,} columns", len(names), "export fewer")
        return cls(path, names, delimiter)

    def holds_numbers(self, name: str) -> bool:
        """Whether every cell of the column is a number or missing, in the first rows."""
        place = self.names.index(name)
        with _text_of(self.path) as file:
            cells = [row[place].strip() for _, row in islice(self._rows(file), _SNIFFED_ROWS)]
        return all(cell.lower() in _MISSING or _is_number(cell) for cell in cells)

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a cell is no number, or a row has more or fewer cells."""
        number_parts: dict[str, list[Floats]] = {name: [] for name in numbers}
        code_parts: dict[str, list[Codes]] = {name: [] for name in labels}
        codes: dict[str, dict[str, int]] = {name: {} for name in labels}
        at_once = max(1, _CELLS_AT_ONCE // max(1, len(self.names)))
        n_rows = 0
        with _text_of(self.path) as file:
            rows = self._rows(file)
            while chunk := list(islice(rows, at_once)):
                n_rows += len(chunk)
                require_numbers(n_rows * (len(numbers) + len(labels)), self.path)
                for name, parts in number_parts.items():
                    parts.append(self._floats(chunk, name))
                for name, known in codes.items():
                    place = self.names.index(name)
                    cells = (known.setdefault(row[place].strip(), len(known)) for _, row in chunk)
                    code_parts[name].append(np.fromiter(cells, dtype=np.int32, count=len(chunk)))
        nothing, no_codes = np.empty(0), np.empty(0, dtype=np.int32)
        return Columns(
            {name: np.concatenate([nothing, *parts]) for name, parts in number_parts.items()},
            {
                name: Labels(np.concatenate([no_codes, *parts]), tuple(codes[name]))
                for name, parts in code_parts.items()
            },
        )

    def _rows(self, file: TextIO) -> Iterator[tuple[int, list[str]]]:
        """Line number and cells of every row below the header."""
        width = len(self.names)
        for line, row in enumerate(csv.reader(_lines(file, self.path), delimiter=self.delimiter, strict=True), 1):
            if line == 1 or not row:
                continue
            if len(row) != width:
                advice = f"see line {line} of {self.path.name}"
                raise InputError(f"every row must have {width} cells, as the header", len(row), advice)
            yield line, row

    def _floats(self, chunk: list[tuple[int, list[str]]], name: str) -> Floats:
        place = self.names.index(name)
        try:
            return np.fromiter((float(row[place]) for _, row in chunk), dtype=float, count=len(chunk))
        except ValueError:
            return np.array([self._number(row[place], name, line) for line, row in chunk])

    def _number(self, cell: str, name: str, line: int) -> float:
        if cell.strip().lower() in _MISSING:
            return np.nan
        try:
            return float(cell)
        except ValueError:
            advice = f"see line {line} of {self.path.name}"
            raise InputError(f"column {name!r} must hold numbers", cell, advice) from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


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
            raise InputError(
                "a quoted cell must end in its line", line.rstrip(), f"close the quotes in line {number} of {path.name}"
            )
        if "\0" in line:
            raise InputError("a table must be text", line[:20], f"save {path.name} as CSV in UTF-8")
        yield line
