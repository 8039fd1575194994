"""What every format becomes first: one entry a measurement, in the order of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from saltus._types import Flags, Floats, Integers
from saltus.errors import InputError
from saltus.read.report import Finding

Codes = NDArray[np.int32]
Quantity = Literal["strength", "loss", "accuracy"]
QUANTITIES: tuple[Quantity, ...] = get_args(Quantity)


@dataclass(frozen=True)
class Labels:
    """A column of names: ``names[codes[i]]`` is the name of entry i."""

    codes: Codes
    names: tuple[str, ...]

    @classmethod
    def all_the_same(cls, size: int, name: str = "0") -> Labels:
        return cls(np.zeros(size, dtype=np.int32), (name,))


@dataclass(frozen=True)
class Selection:
    """What the caller said about the file; None leaves it to the file.

    Attributes:
        columns: patterns of names, in the order in which the skills are to count.
        step_column: name of the column of steps.
        quantity: what the values are.
    """

    columns: tuple[str, ...] | None = None
    step_column: str | None = None
    quantity: Quantity | None = None

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
                some = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
                raise InputError("columns must match names in the file", pattern, f"it has {some or 'none'}")
            chosen.update(dict.fromkeys(matching))
        return list(chosen)

    @property
    def value(self) -> Quantity:
        """What values are in a file that does not say it."""
        return self.quantity or "strength"


@dataclass(frozen=True)
class Measurements:
    """Measured values as a file has them; arrays of equal length, one entry a measurement.

    Attributes:
        layout: what the file was taken for, in words.
        resource: what ``position`` counts: "step", "data" or "parameters".
        step_column: the column that says so.
        quantity: what ``value`` is.
        run, skill: names.
        position: steps, samples or parameters.
        value: measured; NaN where the file has none.
        beside: further columns of the same entries: "loss" and "strength_error" (beside strength), "frequency".
        findings: what had to be said about the layout.
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

    def take(self, index: NDArray[np.intp] | Flags) -> Measurements:
        """The chosen entries, in the chosen order."""
        return replace(
            self,
            run=replace(self.run, codes=self.run.codes[index]),
            skill=replace(self.skill, codes=self.skill.codes[index]),
            position=self.position[index],
            value=self.value[index],
            beside={name: column[index] for name, column in self.beside.items()},
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
        return f"skill {self.skill.names[skill]}" + (
            f" of run {self.run.names[run]}" if len(self.run.names) > 1 else ""
        )
