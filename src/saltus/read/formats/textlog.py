"""Logs of programs as text: the pairs of name and number in their lines, each line a row."""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import TextIO

import numpy as np

from saltus._types import Floats, Integers
from saltus.curves.report import Finding, counted, some
from saltus.errors import InputError
from saltus.read.beside import beside_finding, settings_beside
from saltus.read.files import MAX_BYTES, MAX_COLUMNS, require_numbers
from saltus.read.formats.counters import in_one_count
from saltus.read.formats.pairs import MARK, NUMBER, Pair, Shape, shape_of
from saltus.read.tables import ArrayTable
from saltus.read.text import first_bytes, open_bytes, suffix_of

_ENDINGS = (".log", ".txt", ".out", ".err", "")
_BLOCK = 2**18  # characters that are read at once
_MAX_LINE = 2**16  # characters of a line that are looked at
_LONGEST_SHAPE = 20_000  # characters
_MAX_KNOWN = 2**24  # characters of all shapes that are known
_MAX_PAIRS = 100_000  # pairs of all shapes, an orderly log has some dozens
_SNIFFED = 2**20  # characters that tell whether a file is a log
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def is_text_log(path: Path) -> bool:
    """Whether a text file holds measurements in pairs, as far as its beginning tells."""
    if suffix_of(path) not in _ENDINGS or not path.is_file():
        return False
    lines = _Lines()
    try:
        with _text_of(path) as file:
            lines.take(file, path, _SNIFFED)
    except InputError:
        return False
    return lines.are_measured


def open_text_log(path: Path) -> ArrayTable:
    """The measurements in a log, a row for each line that holds some.

    A line that counts no steps belongs to the last one that does, such as a heading.

    Raises:
        InputError: if nothing is measured at a step, or too much.
    """
    lines = _Lines()
    torn: list[Finding] = []
    text = f"{path.name} ends within what is packed: read up to there"
    with _text_of(path, lambda: torn.append(Finding("unfinished files", 1, text))) as file:
        lines.take(file, path)
    if not lines.are_measured:
        rule = "a log must have lines of steps and measurements, e.g. 'step: 100 loss: 2.5'"
        raise InputError(rule, f"{path.name}: none in {counted(lines.n_lines, 'line')}", "export it as CSV or JSON")
    told = settings_beside(path)
    columns, counters = lines.columns(path)
    columns, findings = in_one_count(columns, counters, lines.totals())
    n_rows = len(next(iter(columns.values())))
    if n_passed := lines.n_lines - n_rows:
        text = f"{n_passed} of {counted(lines.n_lines, 'line')} hold no measurement"
        findings.append(Finding("lines passed over", n_passed, text))
    if names := lines.left_out():
        text = f"{counted(len(names), 'name')} of times, memory or speeds: {some(names)}"
        findings.append(Finding("columns left out", len(names), text))
    return ArrayTable(path, columns, "text log", told, [*torn, *findings, *beside_finding(told)])


@contextmanager
def _text_of(path: Path, on_tear: Callable[[], None] = lambda: None) -> Iterator[TextIO]:
    """The text of a log in UTF-8, or in UTF-16 if its first bytes say so (PowerShell); other bytes are replaced."""
    is_wide = first_bytes(path, 2) in (b"\xff\xfe", b"\xfe\xff")
    with open_bytes(path, on_tear) as file:
        yield io.TextIOWrapper(file, encoding="utf-16" if is_wide else "utf-8-sig", errors="replace")


@dataclass(frozen=True)
class _Group:
    """All lines of one shape: their places in the file, and their numbers that matter, line by line."""

    shape: Shape
    chosen: Callable[[Sequence[str]], Iterable[str]]
    lines: array[int] = field(default_factory=lambda: array("q"))
    numbers: array[float] = field(default_factory=lambda: array("d"))

    @classmethod
    def of(cls, shape: Shape) -> _Group:
        return cls(shape, itemgetter(*(2 * place + 1 for place in shape.places)))

    def values(self) -> tuple[Integers, dict[Pair, Floats]]:
        """Lines, and the values of every pair in them; unfinished progress bars are left out."""
        places = self.shape.places
        number = dict(zip(places, np.array(self.numbers).reshape(-1, len(places)).T, strict=False))
        lines = np.array(self.lines, dtype=np.int64)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            values = {pair: _value(pair, number, len(lines)) for pair in self.shape.pairs}
        if self.shape.progress is None:
            return lines, values
        done, of = self.shape.progress
        full = number[done] == (100.0 if of is None else number[of])
        return lines[full], {pair: column[full] for pair, column in values.items()}


def _value(pair: Pair, number: Mapping[int, Floats], size: int) -> Floats:
    if pair.place is None:
        return np.full(size, np.nan)
    value = pair.scale * number[pair.place]
    if pair.denominator is not None:
        value = value / number[pair.denominator]
    if pair.part is not None:
        value = value + number[pair.part] / number[pair.part + 1]
    return np.asarray(value)


class _Lines:
    """The lines of a log, grouped by their shapes."""

    def __init__(self) -> None:
        self.n_lines = 0
        self._groups: dict[Shape, _Group] = {}
        self._known: dict[str, _Group | None] = {}
        self._n_known = self._n_pairs = 0

    def take(self, file: TextIO, path: Path, at_most: int = MAX_BYTES) -> None:
        """Add the lines of a file up to some number of characters; raise `InputError` if they hold too many numbers."""
        split, known = NUMBER.split, self._known
        left = at_most
        while left > 0 and (block := file.readlines(_BLOCK)):
            left -= sum(map(len, block))
            for place, line in enumerate(map(_plain, block) if _is_odd(block) else block, self.n_lines):
                parts = split(line)
                if len(parts) == 1:
                    continue
                text = MARK.join(parts[::2])
                try:
                    group = known[text]
                except KeyError:
                    group = self._learn(text, path)
                if group is not None:
                    group.lines.append(place)
                    group.numbers.extend(map(float, group.chosen(parts)))
            self.n_lines += len(block)
            require_numbers(sum(len(group.lines) * len(group.shape.pairs) for group in self._groups.values()), path)

    def _learn(self, text: str, path: Path) -> _Group | None:
        """The group of lines with a new shape; None if they hold nothing."""
        shape = shape_of(text) if len(text) <= _LONGEST_SHAPE else Shape(())
        group = self._groups.get(shape)
        if group is None and shape.pairs:
            group = self._groups[shape] = _Group.of(shape)
            self._n_pairs += len(shape.pairs)
            if self._n_pairs > _MAX_PAIRS:
                rule = f"the lines of a log must be of few kinds, with at most {_MAX_PAIRS:,} pairs"
                raise InputError(rule, f"{path.name}: {len(self._groups):,} kinds", "export it as CSV or JSON")
        self._n_known += len(text)
        if self._n_known < _MAX_KNOWN:
            self._known[text] = group
        return group

    @property
    def are_measured(self) -> bool:
        """Whether there are steps and measurements."""
        shapes = self._groups
        return any(pair.is_counter for s in shapes for pair in s.pairs) and any(s.is_measured for s in shapes)

    def left_out(self) -> list[str]:
        return list(dict.fromkeys(name for shape in self._groups for name in shape.left_out))

    def totals(self) -> dict[str, float]:
        """The number up to which each counter counts, where the lines say it."""
        found: dict[str, float] = {}
        for shape, group in self._groups.items():
            for pair in shape.pairs:
                if pair.total is not None and group.numbers:
                    numbers = group.numbers[shape.places.index(pair.total) :: len(shape.places)]
                    found[pair.name] = max(*numbers, found.get(pair.name, 0.0))
        return found

    def columns(self, path: Path) -> tuple[dict[str, Floats], list[str]]:
        """Columns, counters first, over all lines that are measured behind the first step; and the counters' names."""
        parts = [(shape, *group.values()) for shape, group in self._groups.items()]
        kept = {pair.name: pair for shape in self._groups for pair in shape.pairs}
        if len(kept) > MAX_COLUMNS:
            raise InputError(f"a table must have at most {MAX_COLUMNS:,} columns", path.name, "log fewer names")
        is_row = np.zeros(self.n_lines, dtype=bool)
        for _, lines, _ in parts:
            is_row[lines] = True
        row_of = np.cumsum(is_row) - 1
        n_rows = int(is_row.sum())
        require_numbers(n_rows * len(kept), path)
        found = {name: np.full(n_rows, np.nan) for name in kept}
        is_measured, is_within = np.zeros((2, n_rows), dtype=bool)
        for shape, lines, values in parts:
            rows = row_of[lines]
            is_measured[rows] = shape.is_measured
            for pair, column in values.items():
                found[pair.name][rows] = column
                is_within[rows] |= pair.part is not None
        if is_within.any() and 1 <= found["epoch"][is_within].min() < 2:  # the first epoch is 1: none is over in it
            found["epoch"][is_within] -= 1
        counters = [pair.name for pair in kept.values() if pair.is_counter]
        counts = np.array([np.isfinite(found[name]) for name in counters]).any(axis=0)
        last = np.maximum.accumulate(np.where(counts, np.arange(n_rows), -1))
        chosen = is_measured & (last >= 0)
        ordered = [*counters, *(name for name in kept if name not in counters)]
        return {name: found[name][last[chosen] if name in counters else chosen] for name in ordered}, counters


def _is_odd(block: Sequence[str]) -> bool:
    return max(map(len, block)) > _MAX_LINE or any(MARK in line or "\x1b" in line for line in block)


def _plain(line: str) -> str:
    """The beginning of a line, without codes of terminals and the marks of numbers."""
    return _ESCAPES.sub("", line[:_MAX_LINE]).replace(MARK, " ")
