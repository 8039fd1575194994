"""All formats that are read, each a row: whether a path is of that format, and how it opens as a table.

A new format is a file in ``formats/`` and a row here. Stores of runs are no such row: they hold labelled curves, which
need no conversion (`saltus.read.formats.stores`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from saltus.errors import InputError
from saltus.read.files import require_small_file
from saltus.read.formats.csv import CsvTable, is_csv_log
from saltus.read.formats.npz import open_npz
from saltus.read.formats.parquet import ParquetTable
from saltus.read.formats.tensorboard import is_event_file, open_events
from saltus.read.tables import Opener, Table

Detector = Callable[[Path], bool]


def ends_in(*endings: str) -> Detector:
    """Whether the name of a file ends so, in any case of letters."""
    return lambda path: path.suffix.lower() in endings


READERS: tuple[tuple[Detector, Opener], ...] = (
    (Path.is_dir, open_events),
    (is_event_file, open_events),
    (ends_in(".npz"), open_npz),
    (ends_in(".parquet", ".pq"), ParquetTable.open),
    (ends_in(".csv", ".tsv", ".txt"), CsvTable.open),
    (is_csv_log, CsvTable.open),
)


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
    rule = "a file of curves must end in .csv, .tsv, .parquet or .npz, or be an event file"
    raise InputError(rule, path.name, "rename or export it")
