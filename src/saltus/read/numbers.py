"""Cells of text as numbers, as people write them: ``70M``, ``22%``, ``1,234``, ``0,5``, ``0.5 ± 0.1``.

A column's commas are read alike: as decimal commas if one of them can be nothing else, as separators of thousands if
one of them can be nothing else; where neither is so, as the file's delimiter suggests.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, some
from saltus.errors import InputError

MISSING = frozenset({"", "na", "n/a", "#n/a", "<na>", "nat", "null", "none", "-", "--"})
"""Cells, in lower case, that hold no value; ``nan`` is a number to Python."""
SUFFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}
"""Factor for each letter, in lower case, that may follow a number."""
_LOOKED_AT = 50  # cells of a piece in which a decimal point is looked for
_MAX_CELL = 64  # characters of the longest number that is not Python's own
_SPACES = " '’\u00a0\u2009\u202f"
_DIGITS = rf"[+-]?(?:\d[\d.,{_SPACES}]*|[.,]\d+)(?:[eE][+-]?\d+)?"
_CELL = re.compile(rf"({_DIGITS})\s*([%kKmMbBgGtT]?)(?:\s*(?:±|\+/-|\+-)\s*({_DIGITS})\s*([%kKmMbBgGtT]?))?")
_SPACED = re.compile(rf"([+-]?\d{{1,3}})((?:[{_SPACES}]\d{{3}})+)(?!\d)")
_ONE_GROUP = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:,\d{3}){2,}|(?:,\d{3})+\.\d*)")
_POINTED_GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:\.\d{3}){2,}|(?:\.\d{3})+,\d*)")
_SURE = r"[+-]?(?:\d+(?:,(?:\d{1,2}|\d{4,}))?|0,\d{3})"  # no thousands
_DECIMAL_COMMAS = re.compile(rf"{_SURE}(?:\n{_SURE})*")
_DECIMAL = re.compile(r"[+-]?\d*,\d*(?:[eE][+-]?\d+)?")


def is_number(cell: str) -> bool:
    """Whether a cell can be read as a number."""
    try:
        float(cell)
    except ValueError:
        return _parsed(cell.strip()) is not None
    return True


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().lower() in MISSING


def mostly_numbers(cells: Iterable[str]) -> bool:
    """Whether at least half of the cells that are not missing are numbers; also where all are missing."""
    present = [cell for cell in cells if not is_missing(cell)]
    return 2 * sum(map(is_number, present)) >= len(present)


@dataclass(frozen=True)
class _Number:
    """One cell: its value, its error or NaN, its forms, and whether its only comma can be read in two ways."""

    value: float
    error: float
    forms: tuple[str, ...]
    ambiguous: bool = False


class NumberColumn:
    """Cells of one column, taken in pieces, as numbers; NaN where a cell is missing.

    Args:
        name: of the column.
        file: name of the file, for errors.
        comma_is_decimal: reading of a comma that can be either, e.g. in ``1,234``.

    Attributes:
        forms: how many cells were of each unusual form.
        points: whether a cell has a decimal point.
    """

    def __init__(self, name: str, file: str, comma_is_decimal: bool = False) -> None:
        self.name = name
        self.forms: Counter[str] = Counter()
        self._file = file
        self._comma_is_decimal = comma_is_decimal
        self._parts: list[Floats] = []
        self._size = 0
        self._ambiguous = array("q")
        self._with_error = array("q")
        self._errors = array("d")
        self.points = False

    def add(self, cells: Sequence[str], lines: Sequence[int] = ()) -> None:
        """Take the next cells; ``lines`` are theirs in the file.

        Raises:
            InputError: if a cell is no number.
        """
        for attempt in (self._plain, self._with_gaps, self._in_percent, self._with_decimal_commas):
            try:
                numbers = attempt(cells)
            except ValueError:
                continue
            break
        else:
            numbers = np.fromiter(self._one_by_one(cells, lines), dtype=float, count=len(cells))
        self._parts.append(numbers)
        self._size += len(cells)

    def _plain(self, cells: Sequence[str]) -> Floats:
        numbers = np.fromiter(map(float, cells), dtype=float, count=len(cells))
        self.points |= any("." in cell for cell in cells[:_LOOKED_AT])
        return numbers

    def _with_gaps(self, cells: Sequence[str]) -> Floats:
        return np.fromiter((float(cell or "nan") for cell in cells), dtype=float, count=len(cells))

    def _in_percent(self, cells: Sequence[str]) -> Floats:
        if not all(cell.endswith("%") for cell in cells):
            raise ValueError
        numbers = np.fromiter((float(cell[:-1]) for cell in cells), dtype=float, count=len(cells))
        self.forms["percent"] += len(cells)
        return numbers / 100

    def _with_decimal_commas(self, cells: Sequence[str]) -> Floats:
        text = "\n".join(cells)
        if _DECIMAL_COMMAS.fullmatch(text) is None:
            raise ValueError
        numbers = np.fromiter(map(float, text.replace(",", ".").split("\n")), dtype=float, count=len(cells))
        self.forms["decimal comma"] += text.count(",")
        return numbers

    def whole(self) -> Floats:
        """All numbers.

        Raises:
            InputError: if commas, or commas and points, contradict each other.
        """
        values = np.concatenate([np.empty(0), *self._parts])
        decimal, grouped = self.forms["decimal comma"], self.forms["commas of thousands"]
        if decimal and (grouped or self.points):
            other = "separators of thousands" if grouped else "decimal points"
            rule = f"column {self.name!r} must use its commas in one way"
            raise InputError(rule, f"decimal commas beside {other}", f"export {self._file} again")
        if len(self._ambiguous):
            if decimal or (self._comma_is_decimal and not grouped and not self.points):
                values[np.array(self._ambiguous)] /= 1000
                self.forms["decimal comma"] += len(self._ambiguous)
            else:
                self.forms["thousands separator"] += len(self._ambiguous)
        return values

    def errors(self) -> Floats | None:
        """Standard errors given in the cells (``0.5 ± 0.1``), NaN where there is none; None if there is none at all."""
        if not self._with_error:
            return None
        errors = np.full(self._size, np.nan)
        errors[np.array(self._with_error)] = np.array(self._errors)
        return errors

    def _one_by_one(self, cells: Sequence[str], lines: Sequence[int]) -> Iterator[float]:
        for i, cell in enumerate(cells):
            try:
                value = float(cell)
                self.points |= "." in cell
            except ValueError:
                value = self._unusual(cell, i, lines)
            yield value

    def _unusual(self, cell: str, i: int, lines: Sequence[int]) -> float:
        if is_missing(cell):
            return float("nan")
        number = _parsed(cell.strip())
        if number is None:
            place = f"line {lines[i]} of {self._file}" if lines else self._file
            raise InputError(f"column {self.name!r} must hold numbers", cell.strip(), f"see {place}")
        self.forms.update(number.forms)
        if number.ambiguous:
            self._ambiguous.append(self._size + i)
        if number.error == number.error:
            self._with_error.append(self._size + i)
            self._errors.append(number.error)
        return number.value


def forms_found(columns: Iterable[NumberColumn]) -> Iterator[Finding]:
    """One finding for each unusual form of numbers, over all columns."""
    columns = list(columns)

    def met(form: str) -> tuple[int, str]:
        names = [column.name for column in columns if column.forms[form]]
        return sum(column.forms[form] for column in columns), some(names)

    count, names = met("percent")
    if count:
        text = f"{count} cells in percent were read as hundredths (22% as 0.22): {names}"
        yield Finding("percent signs", count, text)
    count, names = met("suffix")
    if count:
        text = f"{count} cells with a suffix were read in full (k, M, B or G, T are 1e3, 1e6, 1e9, 1e12): {names}"
        yield Finding("number suffixes", count, text)
    count, names = met("thousands separator")
    if count:
        text = f"{count} cells were read with separators of thousands (1,234 as 1234): {names}"
        yield Finding("thousands separators", count, text)
    count, names = met("decimal comma")
    if count:
        yield Finding("decimal commas", count, f"{count} cells were read with decimal commas (0,5 as 0.5): {names}")
    count, names = met("error")
    if count:
        text = f"{count} cells give a standard error behind ±, which was kept: {names}"
        yield Finding("errors in cells", count, text)


def _parsed(text: str) -> _Number | None:
    """A number in one of the forms that Python does not know, or None."""
    match = _CELL.fullmatch(text) if len(text) <= _MAX_CELL else None
    if match is None:
        return None
    first, unit, second, unit_of_error = match.groups()
    value = _plain(first)
    error = None if second is None else _plain(second)
    if value is None or (second is not None and error is None):
        return None
    unit, unit_of_error = unit or unit_of_error or "", unit_of_error or unit or ""
    forms = [*value.forms, *(error.forms if error else ())]
    if unit:
        forms.append("percent" if unit == "%" else "suffix")
    if error is None:
        return _Number(_scaled(value.value, unit), float("nan"), tuple(forms), value.ambiguous)
    if value.ambiguous or error.ambiguous:  # a value and its error with commas are decimal ones
        return None
    forms.append("error")
    return _Number(_scaled(value.value, unit), abs(_scaled(error.value, unit_of_error)), tuple(forms))


def _scaled(value: float, unit: str) -> float:
    # Division keeps 22% at 0.22, which a product with 0.01 would miss.
    return value / 100 if unit == "%" else value * SUFFIXES[unit.lower()]


def _plain(text: str) -> _Number | None:
    """A number without a unit, whose digits may be parted by blanks, commas or points."""
    text = text.strip()
    spaced = _SPACED.match(text)
    forms: tuple[str, ...] = ()
    if spaced:
        text = spaced[1] + re.sub(rf"[{_SPACES}]", "", spaced[2]) + text[spaced.end() :]
        forms = ("thousands separator",)
    nothing = float("nan")
    if _ONE_GROUP.fullmatch(text) and not spaced:
        return _Number(float(text.replace(",", "")), nothing, forms, ambiguous=True)
    if _GROUPS.fullmatch(text):
        return _Number(float(text.replace(",", "")), nothing, (*forms, "thousands separator", "commas of thousands"))
    if _POINTED_GROUPS.fullmatch(text):
        plain = text.replace(".", "").replace(",", ".")
        return _Number(float(plain), nothing, (*forms, "thousands separator", "decimal comma"))
    if _DECIMAL.fullmatch(text):
        text, forms = text.replace(",", "."), (*forms, "decimal comma")
    try:
        return _Number(float(text), nothing, forms)
    except ValueError:
        return None
