"""Print a report: a table for people, one JSON object for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saltus.present.report import Report


def show(report: Report, paths: Sequence[Path], *, as_json: bool) -> None:
    """Print a report on stdout: one JSON object, or a table and where the files are."""
    if as_json:
        print(report.summary_text, end="")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title_justify="left", box=None, pad_edge=False)
    for heading in report.table.headings:
        table.add_column(Text(heading), justify="right")
    for row in report.table.texts:
        table.add_row(*map(Text, row))
    console = Console()
    if not console.is_terminal:
        console.width = 200  # a pipe has no width, and wrapped columns are of no use in a file
    if len(report.title) <= console.measure(table).maximum:
        table.title = Text(report.title) if report.title else None
    else:  # above the table it would be wrapped to its width
        print(report.title)
    console.print(table)
    for remark in report.remarks:
        print(remark)
    if paths:
        print("wrote " + ", ".join(map(str, paths)))
