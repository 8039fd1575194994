"""What long work gives: a table to read, figures to look at, files to reuse; and how they are written."""

from __future__ import annotations

import csv
import io
import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from saltus.errors import InputError
from saltus.figures.style import house_style
from saltus.settings import json_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Report:
    """The outcome of one recipe or command.

    Attributes:
        title: one line above the table.
        columns, rows: the table, as text ready to print; written as CSV too.
        summary: data for JSON, with version, seeds and settings; numbers that are not finite become null.
        figures: by file stem; each is written as PNG and PDF.
        tables: by file stem; each is written as CSV.
        remarks: lines below the table.
        name: file stem of the table and the summary.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    summary: Mapping[str, Any]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    name: str = "summary"

    @property
    def summary_text(self) -> str:
        """The summary as one JSON object."""
        return json_text(self.summary)


def cell(value: float, form: str, missing: str = "not yet") -> str:
    """A number for a table, or ``missing`` if it is not finite."""
    return format(value, form) if math.isfinite(value) else missing


def yes_no(value: bool | None) -> str:
    """A verdict for a table; a dash where there is none."""
    return {True: "yes", False: "no", None: "–"}[value]


def prepare_folder(out: Path) -> Path:
    """Create the output folder if need be and make sure that it can be written to, before any work is done."""
    advice = "choose another folder with --out"
    if out.exists() and not out.is_dir():
        raise InputError("the output folder must be a folder", str(out), "it is a file: " + advice)
    try:
        out.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        raise InputError("the output folder must be writable", str(out), f"{error.strerror}: {advice}") from error
    return out


def write(report: Report, out: Path) -> list[Path]:
    """Write everything into ``out``; each file appears whole or not at all. Returns the paths."""
    writers: dict[str, Callable[[IO[bytes]], Any]] = {}
    for stem, figure in report.figures.items():
        # Without a creation date, equal figures are equal files.
        for form, about in (("png", {"Title": report.title}), ("pdf", {"Title": report.title, "CreationDate": None})):
            writers[f"{stem}.{form}"] = partial(figure.savefig, format=form, metadata=about)
    for stem, table in report.tables.items():
        writers[f"{stem}.csv"] = partial(table.to_csv, index=False, float_format="%.9g")
    writers[f"{report.name}.csv"] = lambda file: file.write(_csv_text([report.columns, *report.rows]).encode())
    writers[f"{report.name}.json"] = lambda file: file.write(report.summary_text.encode())
    with house_style():  # resolution and fonts are decided when a figure is saved
        return [_write_whole(out / name, writer) for name, writer in writers.items()]


def _csv_text(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _write_whole(path: Path, writer: Callable[[IO[bytes]], Any]) -> Path:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            writer(file)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path
