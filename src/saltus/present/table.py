"""Typed tables: rows hold values, columns say how a value looks; text is made for the terminal alone."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Value = str | bool | int | float | None
Row = Mapping[str, Any]

DASH = "–"
CSV_DIGITS = ".9g"  # format of numbers that are not whole, in every CSV file


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: the field of a row that holds the value, and the heading in CSV.
        heading: the heading on the terminal; ``name`` by default.
        form: format of its numbers for `saltus.curves.axis.amount_text`, or a function that gives it for a row.
        missing: text for numbers that are not finite; None, a cell without meaning, is always a dash.
        value: function that derives the value from a row that has no such field.
        parts: headings in CSV of a cell that holds a tuple of values, such as the ends of an interval.
        between: text between the values of such a cell.
        instead: field of a row whose text, where it has one, stands on the terminal in the place of the value.
        spare: rank by which a narrow terminal leaves columns out, the highest first; 0 for never.
    """

    name: str
    heading: str = ""
    form: str | Callable[[Row], str] = ""
    missing: str = DASH
    value: Callable[[Row], Value | tuple[Value, ...]] | None = None
    parts: tuple[str, ...] = ()
    between: str = f" {DASH} "
    instead: str = ""
    spare: int = 0

    @property
    def title(self) -> str:
        """The heading on the terminal."""
        return self.heading or self.name

    @property
    def names(self) -> tuple[str, ...]:
        """The headings in CSV."""
        return self.parts or (self.name,)

    def values(self, row: Row) -> tuple[Value, ...]:
        """The values of the row's cell, one for each of `names`."""
        found: Any = row[self.name] if self.value is None else self.value(row)
        return tuple(found) if self.parts and found is not None else (found,) * len(self.names)

    def text(self, row: Row) -> str:
        """The cell on the terminal."""
        if self.instead and row.get(self.instead) is not None:
            return str(row[self.instead])
        values, form = self.values(row), self.form if isinstance(self.form, str) else self.form(row)
        if all(value is None for value in values):
            return DASH
        return self.between.join(_text(value, form, self.missing) for value in values)


@dataclass(frozen=True)
class Table:
    """Columns, and rows from which they take their values."""

    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()

    @property
    def headings(self) -> list[str]:
        """The headings on the terminal."""
        return [column.title for column in self.columns]

    @property
    def texts(self) -> list[list[str]]:
        """The cells on the terminal, row by row."""
        return [[column.text(row) for column in self.columns] for row in self.rows]

    @property
    def csv(self) -> str:
        """The values as comma-separated text with one header line; None and NaN are empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(name for column in self.columns for name in column.names)
        for row in self.rows:
            writer.writerow(_plain(value) for column in self.columns for value in column.values(row))
        return text.getvalue()


def _text(value: Value, form: str, missing: str) -> str:
    if value is None:
        return DASH
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return missing
    if isinstance(value, bool):
        return "yes" if value else "no"
    from saltus.curves.axis import amount_text  # brings NumPy, which help has no need for

    return amount_text(value, form)


def _plain(value: Value) -> str:
    if value is None or value != value:  # NaN alone differs from itself
        return ""
    return format(value, CSV_DIGITS) if isinstance(value, float) else str(value)
