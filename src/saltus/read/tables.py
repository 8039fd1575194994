"""Tables by column: the contract of every format with columns, and the one of named arrays.

A table tells its column names first. Only the columns that are asked for are then turned into numbers or labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats
from saltus.errors import InputError
from saltus.read.measurements import Labels


@dataclass(frozen=True)
class Columns:
    """Columns of equal length: ``numbers``, NaN where there is none, and ``labels``."""

    numbers: Mapping[str, Floats]
    labels: Mapping[str, Labels]


class Table(Protocol):
    """A table whose columns can be read by name."""

    @property
    def kind(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def names(self) -> Sequence[str]: ...
    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a number is none."""


@dataclass(frozen=True)
class ArrayTable:
    """Named one-dimensional arrays of one length."""

    path: Path
    arrays: Mapping[str, NDArray[np.generic]]
    kind: str

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.arrays)

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a column of numbers holds something else."""
        return Columns({name: self._floats(name) for name in numbers}, {name: self._labels(name) for name in labels})

    def _floats(self, name: str) -> Floats:
        column = self.arrays[name]
        if column.dtype.kind not in "iufb":
            raise InputError(f"column {name!r} must hold numbers", column[:1].tolist(), f"see {self.path.name}")
        return np.asarray(column, dtype=float)

    def _labels(self, name: str) -> Labels:
        known: dict[str, int] = {}
        column = self.arrays[name]
        cells = (known.setdefault(str(entry).strip(), len(known)) for entry in column.tolist())
        return Labels(np.fromiter(cells, dtype=np.int32, count=len(column)), tuple(known))
