"""Print a report: the answer and a table for people, one JSON object for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from saltus.present.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from saltus.present.report import Report

_LETTER = re.compile(r"[^\W\d_]")
_IN_A_FILE = 200  # width of tables in a pipe, in characters
_GAP = 2  # blanks between two columns
_LONGEST = 16  # longest word that a column makes room for; longer ones are folded


@dataclass(frozen=True)
class Fitted:
    """The part of a table that a terminal has room for.

    Attributes:
        table: its columns.
        widths: of each, in characters.
        left_out: headings of the columns without room.
    """

    table: Table
    widths: tuple[int, ...]
    left_out: tuple[str, ...] = ()


def show(report: Report, paths: Sequence[Path], *, as_json: bool) -> None:
    """Print a report on stdout: one JSON object, or the answer, a table and where the files are."""
    if as_json:
        print(report.summary_text, end="")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console()
    if not console.is_terminal:
        console.width = _IN_A_FILE
    for line in report.answer:
        _say(console, line)
    if report.answer:
        print()
    if report.title:
        _say(console, report.title)
    _print_table(console, fitted(report.table, console.width))
    for remark in report.remarks:
        _say(console, remark)
    for path in paths:
        link = Text(str(path), style=f"link {path.resolve().as_uri()}") if console.is_terminal else Text(str(path))
        console.print(Text("wrote ") + link, soft_wrap=True)


def fitted(table: Table, width: int) -> Fitted:
    """The table without the columns that a width has no room for; numbers are never broken, words at blanks."""
    columns = list(table.columns)
    while True:
        part = Table(columns, table.rows)
        cells = [[heading, *column] for heading, *column in zip(part.headings, *part.texts, strict=True)]
        least, room = [_least(*one) for one in cells], width - _GAP * (len(columns) - 1)
        spare = max(columns, key=lambda column: column.spare, default=None)
        if sum(least) <= room or spare is None or spare.spare == 0:
            break
        columns.remove(spare)
    widths = []
    for one, narrow in zip(cells, least, strict=True):
        more = min(max(max(map(_width, one)) - narrow, 0), max(room - sum(least), 0))
        room -= more
        widths.append(narrow + more)
    left_out = tuple(column.title for column in table.columns if column not in columns)
    return Fitted(part, tuple(widths), left_out)


def _least(heading: str, *cells: str) -> int:
    """Least width of a column: its numbers stay whole, words stand in two lines or so."""
    texts = [cell for cell in cells if _LETTER.search(cell)]
    words = [min(_width(word), _LONGEST) for text in (heading, *texts) for word in text.split()]
    halves = [min(_width(text) // 2 + 1, _LONGEST) for text in texts]
    return max([*words, *halves, *(_width(cell) for cell in cells if not _LETTER.search(cell)), 1])


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _print_table(console: Console, part: Fitted) -> None:
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=None, pad_edge=False)
    for heading, width in zip(part.table.headings, part.widths, strict=True):
        drawn.add_column(Text(heading), justify="right", width=width, overflow="fold")
    for row in part.table.texts:
        drawn.add_row(*map(Text, row))
    console.width = max(console.width, sum(part.widths) + _GAP * len(part.widths))
    console.print(drawn)
    if part.left_out:
        _say(console, f"(no room for {', '.join(part.left_out)})")


def _say(console: Console, line: str) -> None:
    """Print a line; on a terminal it is broken between words."""
    from rich.text import Text

    console.print(Text(line), soft_wrap=not console.is_terminal)
