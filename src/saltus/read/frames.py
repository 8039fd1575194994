"""The frame of every layout: the columns beside the values, their roles, and the rows that count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.report import Finding, counted, some
from saltus.errors import InputError
from saltus.read.beside import number_or_text, settings_in
from saltus.read.epochs import through_epochs
from saltus.read.measurements import Labels, Selection
from saltus.read.metric_names import split_named
from saltus.read.roles import (
    StepColumn,
    first_with,
    is_bookkeeping,
    is_learning_rate,
    is_setting,
    kind_of_counter,
    named_column,
    step_column_of,
)
from saltus.read.tables import Columns, Table
from saltus.read.vocabulary import RUNS, SIZES_OF_SAMPLES, SPLITS

_MOST_LABELS = 50  # distinct names of a column that may part curves
_SPLIT_ORDER = ("validation", "held-out", "test", "train")


@dataclass(frozen=True)
class Frame:
    """A table with the roles of the columns that hold no values.

    Attributes:
        table, selection: as given.
        steps: the column that counts them.
        runs: columns that name the run together.
        split: column that names the split of a row, or None.
        rate: column of the learning rate, or None.
        n: column of the number of items, or None.
    """

    table: Table
    selection: Selection
    steps: StepColumn
    runs: tuple[str, ...]
    split: str | None
    rate: str | None
    n: str | None

    @property
    def taken(self) -> set[str]:
        """Columns that have a role and hold no values of skills."""
        return {*self.steps.columns, *self.runs, *(name for name in (self.split, self.rate, self.n) if name)}

    @property
    def further(self) -> list[str]:
        """Columns of text or settings that may part one curve from another."""
        table = self.table
        found = []
        for name in dict.fromkeys(table.names):
            numbers = table.holds_numbers(name)
            is_rate = is_learning_rate(name)
            if name in self.taken - {self.rate} or (numbers and not is_setting(name)):
                continue
            if is_bookkeeping(name) and not is_rate and not is_setting(name):
                continue
            cells = table.first_cells(name)
            if cells and len(set(cells)) <= min(_MOST_LABELS, max(1, 2 * len(cells) // 3)):
                found.append(name)
        return found


def frame_of(table: Table, selection: Selection) -> Frame:
    """The roles of a table's columns, without those that hold values.

    Raises:
        InputError: if no column counts steps, or the user named a column that is not there.
    """
    steps = step_column_of(table, selection)
    names = [name for name in dict.fromkeys(table.names) if name != steps.name]
    given = selection.run
    runs = first_with(names, RUNS) if given is None else [named_column(table.names, "run", given)]
    splits = [name for name in first_with(names, SPLITS) if _names_splits(table, name)]
    rates = [name for name in names if is_learning_rate(name) and " - " not in name and table.holds_numbers(name)]
    numbers = [name for name in first_with(names, SIZES_OF_SAMPLES) if table.holds_numbers(name)]
    if selection.n is not None:
        numbers = [named_column(table.names, "n", selection.n)]
    chosen = set(selection.columns or ()) | {selection.value, selection.error, selection.skill}
    first = {
        kind: next((name for name in found if name not in chosen), None)
        for kind, found in (("split", splits), ("rate", rates), ("n", numbers))
    }
    if selection.step_column is None and not any(len({*table.first_cells(name)} - {"", "nan"}) > 1 for name in runs):
        kept = None
        if first["split"] is not None:
            kept, _ = _held_out_rows(table.read([], [first["split"]]).labels[first["split"]], first["split"])
        steps = through_epochs(table, steps, kept)
    return Frame(table, selection, steps, tuple(runs), first["split"], first["rate"], first["n"])


def _names_splits(table: Table, name: str) -> bool:
    cells = {cell for cell in table.first_cells(name) if cell}
    return bool(cells) and all(split_named(cell) is not None for cell in cells)


@dataclass(frozen=True)
class Rows:
    """The rows of a table that count, with the labels that all their values share.

    Attributes:
        columns: numbers of these rows.
        position: steps.
        run: name of the run of each row.
        rated: rows that tell their learning rate themselves.
        used: columns that were needed for all this.
        further: labels that may part curves.
        settings: of the training, in columns that hold one value (`saltus.read.beside.settings_in`).
        findings: what was said on the way.
    """

    columns: Columns
    position: Floats
    run: Labels
    rated: Flags
    used: frozenset[str]
    further: Mapping[str, Labels]
    settings: Mapping[str, Any]
    findings: tuple[Finding, ...]


def rows_of(frame: Frame, numbers: Sequence[str], labels: Sequence[str] = ()) -> Rows:
    """The rows with these columns of numbers and labels, of the held-out split where a column tells splits.

    Raises:
        InputError: if a cell is no number, or a column is there twice.
    """
    table = frame.table
    beside = [name for name in (frame.rate, frame.n) if name]
    wanted = list(dict.fromkeys([*frame.steps.columns, *numbers, *beside]))
    names = list(dict.fromkeys([*labels, *frame.runs, *([frame.split] if frame.split else [])]))
    require_single(table.names, [*wanted, *names])
    further = [name for name in frame.further if name not in names and name not in numbers]
    try:
        columns = table.read(wanted, [*names, *further])
    except InputError:
        if not further:
            raise
        columns = table.read(wanted, names)  # perhaps the file is small enough without them
    size = len(columns.numbers[frame.steps.name])
    parting = {name: column for name, column in columns.labels.items() if name not in names}
    findings = [*frame.steps.findings, *columns.findings]
    run, naming = _run_labels([columns.labels[name] for name in frame.runs], frame, size)
    if naming not in ([], ["run"]):
        text = f"{counted(len(run.names), 'run')} by column {' and '.join(map(repr, naming))}: run= chooses another"
        findings.append(Finding("runs by column", len(run.names), text))
    keep = np.ones(size, dtype=bool)
    if frame.split is not None:
        keep, said = _held_out_rows(columns.labels[frame.split], frame.split)
        findings += said
    if not keep.all():
        columns, run = _chosen(columns, keep), replace(run, codes=run.codes[keep])
        parting = {name: replace(column, codes=column.codes[keep]) for name, column in parting.items()}
    position = frame.steps.position(columns.numbers)
    rated = np.zeros(len(position), dtype=bool)
    if frame.rate is not None:
        rated = np.isfinite(columns.numbers[frame.rate])
        columns, said = _with_rates(columns, frame.rate, position, run)
        findings += said
    constant = {name: number_or_text(column.names[0]) for name, column in parting.items() if len(column.names) == 1}
    told = settings_in(constant)
    parting = {name: column for name, column in parting.items() if 1 < len(column.names) <= _MOST_LABELS}
    telling = {name for name, value in constant.items() if settings_in({name: value})}
    used = (frame.taken - set(frame.runs)) | {*naming} | telling
    return Rows(columns, position, run, rated, frozenset(used), parting, told, tuple(findings))


def _chosen(columns: Columns, keep: Flags) -> Columns:
    return replace(
        columns,
        numbers={name: column[keep] for name, column in columns.numbers.items()},
        labels={name: replace(column, codes=column.codes[keep]) for name, column in columns.labels.items()},
        errors={name: column[keep] for name, column in columns.errors.items()},
    )


def _run_labels(columns: Sequence[Labels], frame: Frame, size: int) -> tuple[Labels, list[str]]:
    """The run of each row, and the columns that name it: the first that varies, and those that part it further."""
    if not columns:
        return Labels.all_the_same(size), []
    varying = [i for i, column in enumerate(columns) if len(set(column.names) - {""}) > 1] or [0]
    names = set(columns[varying[0]].names)
    if len(names - {""}) < 2 and len(names) > 1:  # a header's row of settings tells what all others leave out
        return Labels.all_the_same(size), []
    run, used = columns[varying[0]], [frame.runs[varying[0]]]
    for i in varying[1:]:
        finer = paired_labels([run, columns[i]], ", ")
        if len(finer.names) > len(run.names):
            run, used = finer, [*used, frame.runs[i]]
    return run, used


def paired_labels(columns: Sequence[Labels], between: str) -> Labels:
    """One label a row from two columns, in the order of their first rows."""
    first, second = columns
    pairs = first.codes.astype(np.int64) * len(second.names) + second.codes
    met, place, codes = np.unique(pairs, return_index=True, return_inverse=True)
    in_order = np.argsort(place)
    rank = np.empty(len(met), dtype=np.int32)
    rank[in_order] = np.arange(len(met), dtype=np.int32)
    pairs_met = [divmod(int(pair), len(second.names)) for pair in met[in_order]]
    return Labels(rank[codes], tuple(f"{first.names[i]}{between}{second.names[j]}" for i, j in pairs_met))


def _held_out_rows(split: Labels, name: str) -> tuple[Flags, list[Finding]]:
    kinds = [split_named(label) for label in split.names]
    present = {kinds[code] for code in np.unique(split.codes)}
    best = next((kind for kind in _SPLIT_ORDER if kind in present), None)
    wanted = np.array([kind in (best, None) and bool(label) for kind, label in zip(kinds, split.names, strict=True)])
    keep: Flags = wanted[split.codes] if len(wanted) else np.ones(0, dtype=bool)
    n_dropped = int((~keep).sum())
    if not n_dropped:
        return keep, []
    others = [label for label, chosen in zip(split.names, wanted, strict=True) if not chosen]
    text = f"{n_dropped} rows of {some(others)} left out beside those of {best} (column {name!r})"
    return keep, [Finding("rows of other splits", n_dropped, text)]


def _with_rates(columns: Columns, name: str, position: Floats, run: Labels) -> tuple[Columns, list[Finding]]:
    """The learning rate of every row, between the rows that tell it too."""
    rates = columns.numbers[name]
    known = np.isfinite(rates) & np.isfinite(position)
    if not known.any():
        return columns, []
    text = f"column {name!r} tells it of each row"
    missing = np.flatnonzero(~np.isfinite(rates))
    if missing.size:
        knowing, asking = (replace(run, codes=run.codes[rows]) for rows in (known, missing))
        rates = rates.copy()
        rates[missing] = rates_at(position[missing], asking, position[known], knowing, rates[known])
        text = f"column {name!r} tells it; {missing.size} rows without it have that of their neighbours, by step"
    found = Finding("learning rate", int(known.sum()), text)
    return replace(columns, numbers={**columns.numbers, name: rates}), [found]


def rates_at(position: Floats, run: Labels, known_at: Floats, known_run: Labels, known: Floats) -> Floats:
    """Learning rates at steps of runs, between those that are known; NaN where nothing is known of the run."""
    rates = np.full(len(position), np.nan)
    usable = np.isfinite(known_at) & np.isfinite(known)
    for code in np.unique(known_run.codes[usable]):
        asked = (run.codes == code) & np.isfinite(position)
        own = usable & (known_run.codes == code)
        steps, first = np.unique(known_at[own], return_index=True)
        rates[asked] = np.interp(position[asked], steps, known[own][first])
    return rates


def beside_of(frame: Frame, rows: Rows) -> dict[str, Floats]:
    """Columns of numbers that belong to the row and not to one of its values."""
    roles = {"learning_rate": frame.rate, "n": frame.n}
    return {role: rows.columns.numbers[name] for role, name in roles.items() if name is not None}


def require_single(names: Sequence[str], wanted: Sequence[str]) -> None:
    """Raise `InputError` if a wanted column is there twice."""
    count = Counter(names)
    for name in wanted:
        if count[name] > 1:
            raise InputError("column names must differ", name, "rename one of them (two runs of one name?)")


def left_out(names: Iterable[str], read: Iterable[str]) -> tuple[Finding, ...]:
    """A remark on the columns that were not read."""
    unread = [name for name in names if name not in set(read)]
    if not unread:
        return ()
    unread.sort(key=lambda name: is_bookkeeping(name) and kind_of_counter(name) is None)
    text = f"{len(unread)} of the file were not read: {some(unread)}"
    return (Finding("columns left out", len(unread), text),)
