"""Tables by column: the one form that every format is opened as, and its simplest kind, named arrays.

A table tells its column names first, and of each whether it holds numbers. Only the columns that are asked for are then
turned into numbers or labels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats
from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.measurements import Labels


@dataclass(frozen=True)
class Columns:
    """Columns of equal length: ``numbers``, NaN where there is none, and ``labels``."""

    numbers: Mapping[str, Floats]
    labels: Mapping[str, Labels]


class Table(Protocol):
    """A table whose columns can be read by name.

    Attributes:
        kind: name of its format in reports, e.g. "CSV".
        path: the file or folder.
        names: of the columns, in the order of the file.
        settings: of the training, as far as the file or its neighbours tell: ``optimizer``, ``learning_rate``,
            ``schedule``, ``batch_size``, ...; plain data.
        findings: remarks on the file itself, e.g. that it ends within a record.
    """

    @property
    def kind(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def names(self) -> Sequence[str]: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def findings(self) -> Sequence[Finding]: ...
    def holds_numbers(self, name: str) -> bool:
        """Whether the column can be read as numbers, as far as can be told without reading it all."""

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a cell is no number."""


Opener = Callable[[Path], Table]


@dataclass(frozen=True)
class ArrayTable:
    """Named one-dimensional arrays, or labels, of one length."""

    path: Path
    arrays: Mapping[str, NDArray[np.generic] | Labels]
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    findings: Sequence[Finding] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.arrays)

    def holds_numbers(self, name: str) -> bool:
        """Whether the column is an array of numbers."""
        column = self.arrays[name]
        return not isinstance(column, Labels) and column.dtype.kind in "iufb"

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a column of numbers holds something else."""
        return Columns({name: self._floats(name) for name in numbers}, {name: self._labels(name) for name in labels})

    def _floats(self, name: str) -> Floats:
        column = self.arrays[name]
        if isinstance(column, Labels) or column.dtype.kind not in "iufb":
            first = list(column.names[:1]) if isinstance(column, Labels) else column[:1].tolist()
            raise InputError(f"column {name!r} must hold numbers", first, f"see {self.path.name}")
        return np.asarray(column, dtype=float)

    def _labels(self, name: str) -> Labels:
        column = self.arrays[name]
        return column if isinstance(column, Labels) else Labels.of(column.tolist())
