"""What commands share: a table for people, one JSON object for programs, a choice by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from saltus.errors import InputError

if TYPE_CHECKING:
    from saltus.report import Report

T = TypeVar("T")


def show(report: Report, paths: Sequence[Path], *, as_json: bool) -> None:
    """Print a report on stdout: one JSON object, or a table and where the files are."""
    if as_json:
        print(report.summary_text, end="")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(report.title), title_justify="left", box=None, pad_edge=False)
    for column in report.columns:
        table.add_column(Text(column), justify="right")
    for row in report.rows:
        table.add_row(*map(Text, row))
    console = Console()
    if not console.is_terminal:
        console.width = 200  # a pipe has no width; wrapped columns would be of no use in a file
    console.print(table)
    for remark in report.remarks:
        print(remark)
    if paths:
        print("wrote " + ", ".join(map(str, paths)))


def chosen(what: str, name: str, choices: Mapping[str, T]) -> T:
    """The choice of that name.

    Raises:
        InputError: if there is none; the message lists those that there are.
    """
    if name not in choices:
        raise InputError(f"{what} must be one of {', '.join(choices)}", name, "choose one of them")
    return choices[name]
