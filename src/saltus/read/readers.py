"""All formats that are read as measurements, each a row: whether a path is of that format, and its reader.

A new format is a file in ``formats/`` and a row here. Stores of runs are no such row: they hold labelled curves, which
need no conversion (`saltus.read.formats.stores`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from saltus.errors import InputError
from saltus.read.files import require_small_file
from saltus.read.formats.csv import read_csv
from saltus.read.formats.npz import read_npz
from saltus.read.formats.parquet import read_parquet
from saltus.read.formats.tensorboard import is_event_file, read_events
from saltus.read.measurements import Measurements, Selection

Detector = Callable[[Path], bool]
Reader = Callable[[Path, Selection], Measurements]


def ends_in(*endings: str) -> Detector:
    """Whether the name of a file ends so, in any case of letters."""
    return lambda path: path.suffix.lower() in endings


READERS: tuple[tuple[Detector, Reader], ...] = (
    (Path.is_dir, read_events),
    (is_event_file, read_events),
    (ends_in(".npz"), read_npz),
    (ends_in(".parquet", ".pq"), read_parquet),
    (ends_in(".csv", ".tsv", ".txt"), read_csv),
)


def read_measurements(path: Path, selection: Selection) -> Measurements:
    """The measurements in a file or folder, by the first reader that takes its name.

    Raises:
        InputError: if no reader does, or the file is not as the format demands.
    """
    if not path.is_dir():
        require_small_file(path)
    for takes, read in READERS:
        if takes(path):
            return read(path, selection)
    rule = "a file of curves must end in .csv, .tsv, .parquet or .npz, or be an event file"
    raise InputError(rule, path.name, "rename or export it")
