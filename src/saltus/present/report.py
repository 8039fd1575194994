"""Reports: the table, figures and data that a recipe or command gives, and their files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saltus.errors import InputError
from saltus.figures.style import house_style
from saltus.files import whole
from saltus.present.table import CSV_DIGITS, Table
from saltus.settings import json_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Report:
    """The outcome of one recipe or command.

    Attributes:
        title: one line above the table.
        table: the results; printed, and written as CSV.
        summary: data for JSON, with version, seeds and settings; numbers that are not finite become null.
        figures: by file stem; each is written as PNG and PDF.
        tables: data behind the results, by file stem; each is written as CSV.
        documents: further data for programs, by file stem; each is written as JSON.
        remarks: lines below the table.
        answer: lines above the title: the outcome in words.
        name: file stem of the table and the summary.
    """

    title: str
    table: Table
    summary: Mapping[str, Any]
    figures: Mapping[str, Figure] = field(default_factory=dict)
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    documents: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    answer: Sequence[str] = ()
    name: str = "summary"

    @property
    def summary_text(self) -> str:
        """The summary as one JSON object."""
        return json_text(self.summary)


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
    writers: dict[str, Callable[[Path], Any]] = {}
    for stem, figure in report.figures.items():
        # Without a creation date, equal figures are equal files.
        for form, about in (("png", {"Title": report.title}), ("pdf", {"Title": report.title, "CreationDate": None})):
            writers[f"{stem}.{form}"] = partial(figure.savefig, format=form, metadata=about)
    for stem, table in report.tables.items():
        writers[f"{stem}.csv"] = partial(table.to_csv, index=False, float_format=f"%{CSV_DIGITS}")
    for stem, data in report.documents.items():
        writers[f"{stem}.json"] = partial(_write_json, data)
    writers[f"{report.name}.csv"] = lambda path: path.write_bytes(report.table.csv.encode())
    writers[f"{report.name}.json"] = lambda path: path.write_bytes(report.summary_text.encode())
    with house_style():  # resolution and fonts are decided when a figure is saved
        for name, writer in writers.items():
            with whole(out / name) as temporary:
                writer(temporary)
    return [out / name for name in writers]


def _write_json(data: Mapping[str, Any], path: Path) -> None:
    path.write_bytes(json_text(data).encode())
