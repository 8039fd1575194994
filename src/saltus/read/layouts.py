"""The ways in which tables hold curves: a value a row, a column a skill, and as exported by Weights & Biases."""

from __future__ import annotations

from saltus.read.frames import frame_of
from saltus.read.long import read_long, skill_columns
from saltus.read.measurements import Measurements, Selection
from saltus.read.named_steps import with_steps
from saltus.read.panel import is_panel, read_panel
from saltus.read.tables import Table
from saltus.read.wide import read_wide


def measurements_of(table: Table, selection: Selection) -> Measurements:
    """The measurements in a table: long if a column names skills and another holds their values.

    Raises:
        InputError: if no column counts steps or holds values, or a chosen one is not there, or there twice.
    """
    frame = frame_of(with_steps(table, selection), selection)
    if skills := skill_columns(frame):
        return read_long(frame, skills)
    return read_panel(frame) if is_panel(frame) else read_wide(frame)
