"""All formats that are read, each a row: whether a path is of that format, and how it opens as a table.

A new format is a file in ``formats/`` and a row here. Stores of runs are no such row: they hold labelled curves, which
need no conversion (`saltus.read.formats.stores`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from saltus.read.files import require_small_file
from saltus.read.formats.csv import CsvTable, is_csv_log
from saltus.read.formats.databases import open_database
from saltus.read.formats.json import is_json, open_json
from saltus.read.formats.jsonl import is_json_lines, open_json_lines
from saltus.read.formats.lightning import is_version_folder, open_version
from saltus.read.formats.mlflow import is_mlflow_folder, open_mlflow
from saltus.read.formats.npz import open_npz
from saltus.read.formats.parquet import ParquetTable
from saltus.read.formats.sqlite import is_sqlite
from saltus.read.formats.tensorboard import is_event_file, open_events
from saltus.read.formats.textlog import is_text_log, open_text_log
from saltus.read.formats.trainer import is_trainer_folder, open_trainer_folder
from saltus.read.formats.wandb import refuse_wandb
from saltus.read.refusals import refusal_of
from saltus.read.tables import Opener, Table
from saltus.read.text import suffix_of

Detector = Callable[[Path], bool]


def ends_in(*endings: str) -> Detector:
    """Whether the name of a file ends so, in any case of letters."""
    return lambda path: suffix_of(path) in endings


READERS: tuple[tuple[Detector, Opener], ...] = (
    (is_mlflow_folder, open_mlflow),
    (is_version_folder, open_version),
    (is_trainer_folder, open_trainer_folder),
    (Path.is_dir, open_events),
    (is_event_file, open_events),
    (is_sqlite, open_database),
    (ends_in(".wandb"), refuse_wandb),
    (ends_in(".npz"), open_npz),
    (ends_in(".parquet", ".pq"), ParquetTable.open),
    (is_json_lines, open_json_lines),
    (is_json, open_json),
    (is_text_log, open_text_log),
    (ends_in(".csv", ".tsv", ".txt"), CsvTable.open),
    (is_csv_log, CsvTable.open),
    (ends_in(".log", ".out", ".err"), open_text_log),
)


_ANY_FOLDER = [takes for takes, _ in READERS].index(Path.is_dir)


def is_one_table(folder: Path) -> bool:
    """Whether a folder is a table of a format other than event files: by the rows in front of all folders."""
    return any(takes(folder) for takes, _ in READERS[:_ANY_FOLDER])


def is_table_file(path: Path) -> bool:
    """Whether a file may be a table, by its name or its first bytes."""
    return any(takes(path) for takes, _ in READERS[_ANY_FOLDER + 1 :])


def open_table(path: Path) -> Table:
    """The table in a file or folder, by the first row of `READERS` that takes the path.

    Raises:
        InputError: if none does, or the file is not as the format demands.
    """
    if not path.is_dir():
        require_small_file(path)
    for takes, opened in READERS:
        if takes(path):
            return opened(path)
    raise refusal_of(path)
