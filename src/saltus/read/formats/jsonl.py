"""JSON lines: one object a line, flat or nested, as programs write them while they train."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.beside import beside_finding, settings_beside
from saltus.read.dotted import without_groups
from saltus.read.files import require_numbers
from saltus.read.growing_column import readable
from saltus.read.records import Records, RecordTable
from saltus.read.text import first_bytes, open_bytes, suffix_of

_ENDINGS = (".jsonl", ".ndjson", ".jsonlines", ".ldjson")
_MAX_LINE = 2**20  # bytes
_AT_ONCE = 1000  # lines that are decoded together
_MOST_BROKEN = 0.1  # share of the lines, above which the file is none of JSON lines
_START = re.compile(rb"\s*\{\s*([\"'][^\n]|\})")
_BOM = b"\xef\xbb\xbf"


def is_json_lines(path: Path) -> bool:
    """Whether a file is one of JSON lines: by its name, or because its first line is an object and another follows."""
    if not path.is_file():
        return False
    if suffix_of(path) in _ENDINGS:
        return True
    if not _START.match(first_bytes(path)):
        return False
    first, _, rest = first_bytes(path, _MAX_LINE).lstrip().partition(b"\n")
    return _record(first) is not None and rest.lstrip()[:1] == b"{"


def open_json_lines(path: Path) -> RecordTable:
    """The objects of a file, each line a row; a torn last line, and few broken ones, are left out and said.

    Raises:
        InputError: if no line is an object, many are none, or the table is beyond the bounds.
    """
    rows = Records(path)
    lines = _Lines(path)
    torn: list[bool] = []
    with open_bytes(path, lambda: torn.append(True)) as file:
        for batch in lines.records(file):
            rows.add(batch)
            require_numbers(lines.n_lines, path)
            if lines.n_broken > max(_AT_ONCE, _MOST_BROKEN * lines.n_lines):
                break
    broken, last = lines.broken, lines.n_lines
    at_end = bool(broken) and broken[-1] == last
    n_within = lines.n_broken - at_end
    if not rows.n_rows or n_within > _MOST_BROKEN * last:
        line = f"line {broken[0]}" if broken else "no line"
        advice = 'write one object a line, such as {"step": 1, "loss": 2.5}'
        raise InputError("a file of JSON lines must hold an object in each", f"{path.name}: {line}", advice)
    findings = []
    if at_end or torn:
        text = f"{path.name} ends within a line: read up to there"
        findings.append(Finding("unfinished files", 1, text))
    if n_within:
        text = f"{counted(n_within, 'line')} that are no JSON objects, left out: the first is line {broken[0]}"
        findings.append(Finding("broken lines", n_within, text))
    told = settings_beside(path)
    table = rows.table("JSON lines", told, [*findings, *beside_finding(told)])
    return table.renamed(without_groups(table.names))


class _Lines:
    """Lines of a file as objects, with a count of those that are none."""

    def __init__(self, path: Path) -> None:
        self.n_lines = self.n_broken = 0
        self.broken: list[int] = []
        """Numbers of the first broken line and of the last."""
        self._path = path

    def records(self, file: BinaryIO) -> Iterator[list[dict[str, Any]]]:
        remaining = self._bounded(file)
        while lines := list(islice(remaining, _AT_ONCE)):
            full = [line for line in lines if line]
            try:
                found = json.loads("[" + b",".join(full).decode() + "]")
            except (ValueError, RecursionError):
                found = []
            if len(found) != len(full) or not all(type(record) is dict for record in found):
                found = list(self._singly(lines))
            self.n_lines += len(lines)
            yield found

    def _singly(self, lines: list[bytes]) -> Iterator[dict[str, Any]]:
        for number, line in enumerate(lines, self.n_lines + 1):
            record = _record(line)
            if record is not None:
                yield record
            elif line.strip():
                self.n_broken += 1
                self.broken = [*self.broken[:1], number]

    def _bounded(self, file: BinaryIO) -> Iterator[bytes]:
        number = 0
        while line := file.readline(_MAX_LINE):
            number += 1
            if len(line) == _MAX_LINE:
                rule = f"a line must be shorter than {_MAX_LINE:,} bytes"
                raise InputError(
                    rule, readable(line[:20].decode(errors="replace")), f"see line {number} of {self._path.name}"
                )
            yield line.removeprefix(_BOM) if number == 1 else line.strip()


def _record(line: bytes) -> dict[str, Any] | None:
    """The object in a line; as Python writes it, too, with single quotes."""
    try:
        text = line.decode()
        if text.lstrip()[:2] == "{'":
            text = text.replace("'", '"').replace(": nan", ": NaN").replace(": None", ": null")
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None
