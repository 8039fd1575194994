"""One column of a table of records as it grows, and the texts in it."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np

from saltus._types import Floats
from saltus.read.measurements import Labels

_ABSENT = float("nan")
_MAX_TEXT = 200  # characters of a label
_MAX_LABELS = 100_000  # different texts of a column: with more it holds no names


class GrowingColumn:
    """One column as it grows: numbers, with codes of the texts among them beside."""

    def __init__(self) -> None:
        self.numbers = array("d")
        self.codes: array[int] | None = None
        """For each row the place of its text among the known ones, -1 where there is none."""
        self.known: dict[str, int] = {}
        self.is_free = False
        """Whether it holds texts that are no labels, and is not kept."""
        self._are_numbers = False

    def extend(self, row: int, values: list[Any]) -> bool:
        """Put these values from a row on, if all are plain numbers and the rows have none yet; else do nothing."""
        if self.codes is not None or self.is_free or len(self.numbers) > row:
            return False
        self.pad(row)
        try:
            self.numbers.extend(values)
        except (TypeError, OverflowError):
            del self.numbers[row:]
            return False
        return True

    def put(self, row: int, value: float | str) -> None:
        if self.is_free:
            return
        if len(self.numbers) > row:  # a record with one name twice: its last value counts
            del self.numbers[row:]
            if self.codes is not None:
                del self.codes[row:]
        self.pad(row)
        if isinstance(value, str):
            self._put_text(value)
            return
        self.numbers.append(value)
        if self.codes is not None:
            self.codes.append(-1)

    def _put_text(self, text: str) -> None:
        if self._are_numbers or len(self.known) > _MAX_LABELS:
            self._put_number(text)
            return
        if len(text) > _MAX_TEXT:
            self._give_up()
            return
        if self.codes is None:
            self.codes = array("i", [-1]) * len(self.numbers)
        self.codes.append(self.known.setdefault(readable(text).strip(), len(self.known)))
        self.numbers.append(_ABSENT)

    def _put_number(self, text: str) -> None:
        """Put a text where there are too many to keep: as a number, if all of them are numbers."""
        try:
            if not self._are_numbers:
                self.numbers = array("d", self._from_texts().tobytes())
                self.codes, self.known, self._are_numbers = None, {}, True
            self.numbers.append(_plain_number(text.strip()))
        except ValueError:
            self._give_up()

    def _give_up(self) -> None:
        self.is_free = True
        self.numbers, self.codes, self.known = array("d"), None, {}

    def pad(self, n_rows: int) -> None:
        """Fill the rows that have no value."""
        missing = n_rows - len(self.numbers)
        if missing > 0 and not self.is_free:
            self.numbers.extend(array("d", [_ABSENT]) * missing)
            if self.codes is not None:
                self.codes.extend(array("i", [-1]) * missing)

    def whole_numbers(self) -> Floats | None:
        """The column as numbers; None if a text is no plain number."""
        try:
            return self._from_texts()
        except ValueError:
            return None

    def _from_texts(self) -> Floats:
        """The numbers, those in texts among them; raise `ValueError` if a text is none."""
        numbers = np.array(self.numbers, dtype=float)
        if self.codes is None:
            return numbers
        values = np.array([_plain_number(text) for text in self.known])
        codes = np.array(self.codes)
        return np.where(codes < 0, numbers, values[codes])

    def labels(self) -> Labels:
        """The column as labels, numbers among them by their shortest text."""
        known = dict(self.known)
        codes = np.array(self.codes, dtype=np.int32)
        bare = np.flatnonzero(codes < 0)
        numbers = np.array(self.numbers, dtype=float)[bare]
        codes[bare] = [known.setdefault(shown(number), len(known)) for number in numbers.tolist()]
        return Labels(codes, tuple(known))


def readable(text: str) -> str:
    """A text with a mark in the place of what cannot be shown, such as breaks of lines and halves of characters."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in text)


def _plain_number(text: str) -> float:
    if "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text) if text else _ABSENT


def shown(number: float) -> str:
    if number != number:
        return ""
    return str(int(number)) if abs(number) < 2**53 and number == int(number) else repr(number)
