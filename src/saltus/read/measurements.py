"""Measurements as every format gives them: one entry each, in the order of the file."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from saltus._types import Flags, Floats, Integers
from saltus.curves.names import named
from saltus.curves.report import Finding, some
from saltus.errors import InputError

Codes = NDArray[np.int32]
Quantity = Literal["strength", "loss", "accuracy", "error_rate", "log_likelihood", "bits"]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


@dataclass(frozen=True)
class Labels:
    """A column of names: ``names[codes[i]]`` is the name of entry i."""

    codes: Codes
    names: tuple[str, ...]

    @classmethod
    def all_the_same(cls, size: int, name: str = "0") -> Labels:
        return cls(np.zeros(size, dtype=np.int32), (name,))

    @classmethod
    def of(cls, entries: Iterable[object]) -> Labels:
        """Labels of entries, each by its text without blanks around it; names in the order of their first entry."""
        known: dict[str, int] = {}
        codes = array("i", (known.setdefault(str(entry).strip(), len(known)) for entry in entries))
        return cls(np.array(codes, dtype=np.int32), tuple(known))


@dataclass(frozen=True)
class Selection:
    """Choices of the caller about the file; None leaves a choice to the file.

    Attributes:
        columns: patterns of names, in the order in which the skills are to count.
        step_column: name of the column of steps.
        quantity: kind of the values.
        skill, run, value, error, n: names of the columns that hold the name of the skill, the name of the run, the
            value, its standard error, and the number of items that it is a mean of.
    """

    columns: tuple[str, ...] | None = None
    step_column: str | None = None
    quantity: Quantity | None = None
    skill: str | None = None
    run: str | None = None
    value: str | None = None
    error: str | None = None
    n: str | None = None

    def choose(self, names: Sequence[str]) -> list[str]:
        """The names that match a pattern, pattern by pattern; all of them if there are no patterns.

        Raises:
            InputError: if a pattern matches nothing.
        """
        if self.columns is None:
            return list(names)
        chosen: dict[str, None] = {}
        for pattern in self.columns:
            matching = [name for name in names if name == pattern or fnmatchcase(name, pattern)]
            if not matching:
                raise InputError("columns must match names in the file", pattern, f"it has {some(names, 4) or 'none'}")
            chosen.update(dict.fromkeys(matching))
        return list(chosen)

    @property
    def kind_of_values(self) -> Quantity:
        """Kind of the values in a file that does not say it."""
        return self.quantity or "strength"


@dataclass(frozen=True)
class Measurements:
    """Measured values as a file has them; arrays of equal length, one entry a measurement.

    Attributes:
        layout: name of the recognised layout, e.g. "wide CSV".
        resource: name of the resource that ``position`` counts: "step", "data" or "parameters".
        step_column: name of the column of positions.
        quantity: kind of ``value``.
        run, skill: name of the run and the skill of each entry.
        position: steps, samples or parameters.
        value: measured; NaN where the file has none.
        beside: further columns of the same entries: "loss" and "strength_error" (beside strength), "frequency",
            "value_error" (standard error of ``value``, in its unit), "n" (items that it is a mean of),
            "learning_rate" (of the optimiser at that step), "unexplained_floor" (of the skill; 0 for none),
            "scale_error" (of the skill, likewise).
        findings: remarks on the layout.
        settings: of the training, as far as the file or its neighbours tell (`saltus.read.tables.Table`).
        further: columns of names or small numbers that no role was found for, and that may part one curve from
            another (model, size, split, ...): by the column's name, a label of each entry.
        axis: name of the positions in an earlier log, which the file tells; empty for that of ``step_column``.
        value_column: name of the column of values, where skills have rows; else empty.
    """

    layout: str
    resource: str
    step_column: str
    quantity: Quantity
    run: Labels
    skill: Labels
    position: Floats
    value: Floats
    beside: Mapping[str, Floats]
    findings: tuple[Finding, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    further: Mapping[str, Labels] = field(default_factory=dict)
    axis: str = ""
    value_column: str = ""

    def take(self, index: NDArray[np.intp] | Flags) -> Measurements:
        """The chosen entries, in the chosen order."""
        return replace(
            self,
            run=replace(self.run, codes=self.run.codes[index]),
            skill=replace(self.skill, codes=self.skill.codes[index]),
            position=self.position[index],
            value=self.value[index],
            beside={name: column[index] for name, column in self.beside.items()},
            further={name: replace(labels, codes=labels.codes[index]) for name, labels in self.further.items()},
        )

    def choose(self, selection: Selection) -> Measurements:
        """Only the chosen skills, which then count in the order of the choice."""
        if selection.columns is None:
            return self
        chosen = selection.choose(self.skill.names)
        codes = np.full(len(self.skill.names), -1, dtype=np.int32)
        codes[[self.skill.names.index(name) for name in chosen]] = np.arange(len(chosen))
        part = self.take(codes[self.skill.codes] >= 0)
        return replace(part, skill=Labels(codes[part.skill.codes], tuple(chosen)))

    @property
    def curve(self) -> Integers:
        """A number for each pair of run and skill."""
        return self.run.codes.astype(np.int64) * len(self.skill.names) + self.skill.codes

    def curve_name(self, curve: int) -> str:
        """The skill, and the run if there are several."""
        run, skill = divmod(int(curve), len(self.skill.names))
        of_run = f" of run {self.run.names[run]}" if len(self.run.names) > 1 else ""
        return f"{named(self.skill.names[skill])}{of_run}"
