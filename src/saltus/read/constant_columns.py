"""A table with further columns that hold one value each, as the name of its file tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from saltus.curves.report import Finding
from saltus.read.measurements import Labels
from saltus.read.tables import Columns, TableOver


@dataclass(frozen=True)
class WithConstants(TableOver):
    """A table, and columns of numbers or names in front of its own, which they replace where they have one name."""

    constants: Mapping[str, float | str]

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.constants, *(name for name in self.table.names if name not in self.constants))

    @property
    def findings(self) -> Sequence[Finding]:
        return self.table.findings

    def holds_numbers(self, name: str) -> bool:
        """Whether the column can be read as numbers."""
        constant = self.constants.get(name)
        return self.table.holds_numbers(name) if constant is None else not isinstance(constant, str)

    def first_cells(self, name: str) -> Sequence[str]:
        """The column's cells in the first rows, as text."""
        constant = self.constants.get(name)
        return self.table.first_cells(name) if constant is None else [_text(constant)]

    def read(self, numbers: Sequence[str], labels: Sequence[str]) -> Columns:
        """Read these columns; raise `InputError` where a cell is no number."""
        own_numbers = [name for name in numbers if name not in self.constants]
        own_labels = [name for name in labels if name not in self.constants]
        if not own_numbers and not own_labels:
            own_labels = list(self.table.names[:1])
        columns = self.table.read(own_numbers, own_labels)
        sizes = [len(column) for column in columns.numbers.values()] + [len(c.codes) for c in columns.labels.values()]
        size = sizes[0] if sizes else 0
        return replace(
            columns,
            numbers={
                name: np.full(size, float(self.constants[name])) if name in self.constants else columns.numbers[name]
                for name in numbers
            },
            labels={
                name: Labels.all_the_same(size, _text(self.constants[name]))
                if name in self.constants
                else columns.labels[name]
                for name in labels
            },
        )


def _text(constant: float | str) -> str:
    return constant if isinstance(constant, str) else f"{constant:g}"
