"""Roles of columns by their names: counters of training, runs, skills, values, settings, bookkeeping.

A name counts in any case of letters, whatever parts its words; the last part behind ``/`` counts alone as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.measurements import Selection
from saltus.read.metric_names import metric_named, words_of
from saltus.read.tables import Table
from saltus.read.vocabulary import (
    BOOKKEEPING,
    BOOKKEEPING_ENDS,
    BOOKKEEPING_GROUPS,
    CHECKPOINTS,
    COUNTERS,
    DATA_SIZES,
    SETTINGS,
    SIZES,
    STEPS,
    UNITS,
    VALUES,
)
from saltus.resource import DATA, PARAMETERS, RESOURCES, STEP

_RATE = ("learning", "rate")
_PARTS_OF_RATES = ("group", "pg", "adam", "sgd", "step", "epoch")  # of an optimiser that has several rates
_KIND_OF = {name: kind for kind, names in COUNTERS.items() for name in names}


def plain(name: str) -> str:
    """A name's words, joined by ``_``."""
    return "_".join(words_of(name))


def is_among(name: str, known: Iterable[str]) -> bool:
    """Whether a name, or its last part behind ``/``, is one of the known ones."""
    return not {plain(name), plain(name.rsplit("/", 1)[-1])}.isdisjoint(known)


def kind_of_counter(name: str) -> int | None:
    """Kind of the counter that a column of that name is, or None; a unit at its end may follow (``params_B``)."""
    if " - " in name:
        return None
    if name in ("N", "D"):
        return SIZES if name == "N" else DATA_SIZES
    for candidate in (name, name.rsplit("/", 1)[-1]):
        words = words_of(candidate)
        for form in (words, words[:-1] if len(words) > 1 and words[-1] in UNITS else words):
            if (kind := _KIND_OF.get("_".join(form))) is not None:
                return kind
    return None


def is_bookkeeping(name: str) -> bool:
    """Whether loggers or pandas added the column: ``_runtime``, ``x - _step``, ``Wall time``, a nameless index."""
    last = name.rsplit(" - ", 1)[-1]
    normal = plain(last)
    return (
        last.startswith("_")
        or not normal
        or is_among(last, BOOKKEEPING)
        or normal.endswith(BOOKKEEPING_ENDS)
        or kind_of_counter(last) is not None
        or is_learning_rate(last)
        or (plain(re.split(r"[/.]", last)[0]) in BOOKKEEPING_GROUPS and metric_named(last).quantity is None)
    )


def is_learning_rate(name: str) -> bool:
    """Whether the column holds the learning rate: ``lr``, ``lr-Adam``, ``x/lr0``, ``optim/learning_rate_group0``."""
    words = words_of(name)
    ends = [
        i + 1 for i, word in enumerate(words) if re.fullmatch(r"lr\d*", word) or words[max(i - 1, 0) : i + 1] == _RATE
    ]
    return bool(ends) and all(word.startswith(_PARTS_OF_RATES) or word.isdecimal() for word in words[ends[0] :])


def is_setting(name: str) -> bool:
    """Whether a column of that name holds a setting of the run, such as its model or its width."""
    return is_among(name, SETTINGS) or kind_of_counter(name) in (SIZES, DATA_SIZES) or is_learning_rate(name)


def resource_counted_by(step_column: str) -> str:
    """Name of the resource that such a column counts: data, parameters or else steps."""
    name = step_column.casefold()
    if name in RESOURCES:
        return name
    return {SIZES: PARAMETERS.name, DATA_SIZES: DATA.name}.get(kind_of_counter(step_column) or 0, STEP.name)


def named_column(names: Sequence[str], argument: str, given: str) -> str:
    """The column that the user named; raise `InputError` if the file has none of that name."""
    if given not in names:
        raise InputError(f"{argument} must be a column of the file", given, f"it has {', '.join(names[:12])}")
    return given


@dataclass(frozen=True)
class StepColumn:
    """The column that counts training, and what is to say about the choice.

    Attributes:
        name: its name.
        findings: remarks.
        epoch, first, length: where its steps start again in each epoch, the column of epochs, the first of them, and
            the number of steps of one.
    """

    name: str
    findings: tuple[Finding, ...] = ()
    epoch: str | None = None
    first: float = 0.0
    length: float = 0.0

    @property
    def columns(self) -> list[str]:
        """Columns that are needed to tell the position of a row."""
        return [self.name, *([self.epoch] if self.epoch else [])]

    def position(self, numbers: Mapping[str, Floats]) -> Floats:
        """Position of each row, by its numbers in these columns."""
        step = numbers[self.name]
        if self.epoch is None:
            return step
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray((numbers[self.epoch] - self.first) * self.length + step)


def step_column_of(table: Table, selection: Selection) -> StepColumn:
    """The column of steps: the one that was given, or else the truest clock among those with such a name.

    Raises:
        InputError: if there is none, or two columns count updates and disagree.
    """
    names = list(dict.fromkeys(table.names))
    if selection.step_column is not None:
        return StepColumn(named_column(names, "step_column", selection.step_column))
    kinds = {name: kind for name in names if (kind := kind_of_counter(name)) is not None}
    counting = [name for name in kinds if table.holds_numbers(name)] or list(kinds)
    if not counting:
        wanted = "curves must have one column of steps, named step, data or parameters"
        raise InputError(wanted, names, "name the right one with step_column=")
    best = min(kinds[name] for name in counting)
    first = [name for name in counting if kinds[name] == best]
    first = [name for name in first if name.casefold() in STEPS] or _singular(first)
    cells = table.first_cells(first[0])
    still = len(cells) > 1 and len(set(cells)) == 1  # one checkpoint of several models, for example
    if len(counting) > len(first) and (best > CHECKPOINTS or still):
        chosen = _most_varied(table, counting, kinds)
    else:
        chosen = _agreed(table, first)
    others = [name for name in counting if name != chosen]
    if not others:
        return StepColumn(chosen)
    text = f"steps are counted by {chosen!r}; {', '.join(map(repr, others))} would count too: choose with step_column="
    return StepColumn(chosen, (Finding("several counters", len(others), text),))


def _singular(names: Sequence[str]) -> list[str]:
    """The names without those that may tell a length: ``steps`` beside ``iteration``, ``batch`` beside both."""
    return [name for name in names if not plain(name).endswith("s") and plain(name) != "batch"] or list(names)


def _agreed(table: Table, counting: Sequence[str]) -> str:
    """The first of several columns that count the same thing in the same numbers."""
    if len(counting) > 1:
        columns = table.read(counting, []).numbers
        first = columns[counting[0]]
        for name in counting[1:]:
            both = np.isfinite(first) & np.isfinite(columns[name])
            if (first[both] != columns[name][both]).any() or not both.any():
                wanted = "curves must have one column of steps, named step, data or parameters"
                raise InputError(wanted, list(counting), "name the right one with step_column=")
    return counting[0]


def _most_varied(table: Table, counting: Sequence[str], kinds: dict[str, int]) -> str:
    """The clock among tokens, sizes and their like, or a size if it takes more values than the clock."""
    columns = table.read(counting, []).numbers
    n_values = {name: len(np.unique(column[np.isfinite(column)])) for name, column in columns.items()}
    varying = [name for name in counting if n_values[name] > 1] or list(counting)
    clocks = [name for name in varying if kinds[name] not in (SIZES, DATA_SIZES)]
    sizes = [name for name in varying if name not in clocks]
    if clocks:
        clock = min(clocks, key=lambda name: kinds[name])
        if not sizes or n_values[clock] >= max(n_values[name] for name in sizes):
            return clock
    return max(sizes, key=lambda name: n_values[name])


def first_with(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """The columns of such a role, in the order of preference of the ``known`` names."""
    found = [name for name in names if is_among(name, known)]

    def place(name: str) -> int:
        return min(known.index(form) for form in (plain(name), plain(name.rsplit("/", 1)[-1])) if form in known)

    return sorted(found, key=place)


def is_generic_value(name: str) -> bool:
    """Whether a column of that name can hold the values of many skills, one a row."""
    metric = metric_named(name)
    named = metric.quantity not in (None, "perplexity") and not metric.skill
    return metric.statistic == "value" and (named or is_among(name, VALUES))
