"""Several files as one set of measurements: each is a run, a skill, a size, a moment or a metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saltus.errors import InputError
from saltus.read.layouts import measurements_of
from saltus.read.measurements import Measurements, Selection
from saltus.read.readers import open_table


@dataclass(frozen=True)
class Grouping:
    """Choices of the caller about several files; None leaves a choice to their paths and contents.

    Attributes:
        run_from, skill_from: where the name of a file's run, or of its skill, is found.
    """

    run_from: str | None = None
    skill_from: str | None = None


def read_set(sources: Sequence[Path], selection: Selection, grouping: Grouping) -> Measurements:  # noqa: ARG001
    """The measurements in all the files.

    Raises:
        InputError: if a file cannot be read, or they do not belong together.
    """
    if len(sources) != 1:
        raise InputError("curves must be in one file", len(sources), "name one")
    return measurements_of(open_table(sources[0]), selection)
