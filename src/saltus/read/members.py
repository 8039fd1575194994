"""Files of a set, each read by itself: its measurements, or the reason why it has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.constant_columns import WithConstants
from saltus.read.files import require_numbers
from saltus.read.layouts import measurements_of
from saltus.read.measurements import Measurements, Selection
from saltus.read.path_parts import differing_parts, names_below
from saltus.read.positions import position_in_name
from saltus.read.readers import open_table
from saltus.read.roles import is_generic_value
from saltus.read.sources import Sources
from saltus.read.tables import Table
from saltus.store.store import is_store

Moment = tuple[str, float]
"""Name of a counter, and its number."""


@dataclass(frozen=True)
class Member:
    """One file of a set.

    Attributes:
        path: the file.
        table: as it opens.
        measurements: in it.
        moment: counter and number that its name told, since its content has none.
    """

    path: Path
    table: Table
    measurements: Measurements
    moment: Moment | None = None

    @property
    def only_moment(self) -> Moment | None:
        """The one position of all that is measured; None if there are several."""
        if not self.has_one_position:
            return None
        return self.measurements.step_column, float(self.measurements.position[0])

    @property
    def has_one_position(self) -> bool:
        """Whether all is measured at one moment."""
        position = self.measurements.position
        return bool(len(position)) and bool((position == position[0]).all())


def read_members(
    sources: Sources, selection: Selection, given_moments: Mapping[Path, Moment]
) -> tuple[list[Member], list[Finding]]:
    """Each file that holds measurements, and remarks on the others.

    A file that the user named must hold some; others are left out if they hold none, or are of another format than
    most.

    Raises:
        InputError: if a named file cannot be read, or none can.
    """
    paths = list(sources)
    if any(is_store(path) for path in paths):
        rule = "stores of runs are read one at a time, and not with other files"
        raise InputError(rule, f"{len(paths)} paths", "name one store")
    moments = {**_moments_in_names(paths), **given_moments}
    found: list[Member] = []
    refused: list[tuple[Path, InputError]] = []
    n_numbers = 0
    for path in paths:
        try:
            member = _read_member(path, selection, moments.get(path), path in given_moments)
        except InputError as error:
            if path in sources.named:
                raise _naming(path, error) if len(paths) > 1 else error from None
            refused.append((path, error))
            continue
        n_numbers += len(member.measurements.value)
        require_numbers(n_numbers, path)
        found.append(member)
    if not found:
        raise _naming(*refused[0])
    found, others = _of_one_format(found, sources)
    return _by_size(found, selection), _left_out(refused, others)


def _read_member(path: Path, selection: Selection, moment: Moment | None, is_given: bool) -> Member:
    table = open_table(path)
    if is_given and moment is not None:
        return _at(path, table, selection, moment)
    try:
        own = _measured(table, selection)
    except InputError as error:
        if moment is None:
            raise
        try:
            return _at(path, table, selection, moment)
        except InputError:
            raise error from None
    if moment is not None and not np.isfinite(own.position).any():
        return _at(path, table, selection, moment)
    return Member(path, table, own)


def _measured(table: Table, selection: Selection) -> Measurements:
    """The measurements in a table, by those of the patterns that match its names, or names that its path may give."""
    try:
        return measurements_of(table, selection)
    except InputError as error:
        if selection.columns is None:
            raise
        fitting = [pattern for pattern in selection.columns if _fits(table, replace(selection, columns=(pattern,)))]
        if fitting and len(fitting) < len(selection.columns):
            return measurements_of(table, replace(selection, columns=tuple(fitting)))
        try:
            every = measurements_of(table, replace(selection, columns=None))
        except InputError:
            raise error from None
        if not is_nameless(every):
            raise
        return every


def _fits(table: Table, selection: Selection) -> bool:
    try:
        measurements_of(table, selection)
    except InputError:
        return False
    return True


def is_nameless(measurements: Measurements) -> bool:
    """Whether they are of one skill that their file does not name."""
    names = measurements.skill.names
    return len(names) == 1 and (names[0] in ("", "1") or is_generic_value(names[0]))


def _at(path: Path, table: Table, selection: Selection, moment: Moment) -> Member:
    """The file with the moment that its name tells as a column.

    Raises:
        InputError: if it holds several values of one skill, or cannot be read.
    """
    counter, number = moment
    chosen = replace(selection, step_column=selection.step_column or counter)
    found = _measured(WithConstants(table, {counter: number}), chosen)
    if len(np.unique(found.curve)) < len(found.value):
        raise InputError("a file of one moment must have one value of each skill", path.name, "add a column of steps")
    return Member(path, table, found, moment)


def _moments_in_names(paths: Sequence[Path]) -> dict[Path, Moment]:
    """The moment of training in the name of each file, as far as they differ in it; or else its size."""
    names = names_below(paths) if len(paths) > 1 else [paths[0].name]
    found = {path: moment for path, name in zip(paths, names, strict=True) if (moment := position_in_name(name))}
    if len(set(found.values())) > 1 or len(paths) == 1:
        return found
    return sizes_in_names(paths) or found


def sizes_in_names(paths: Sequence[Path]) -> dict[Path, Moment]:
    """The number of parameters in the name of each file (``70m``), if they differ in it."""
    for part in differing_parts(names_below(paths)):
        if part.are_sizes:
            numbers = part.numbers or ()
            return {path: ("parameters", number) for path, number in zip(paths, numbers, strict=True)}
    return {}


def _by_size(members: list[Member], selection: Selection) -> list[Member]:
    """Members that are one moment of a training each, all the same, by the sizes in their names."""
    if len(members) < 2 or not all(member.has_one_position for member in members):
        return members
    if len({float(member.measurements.position[0]) for member in members}) > 1 or selection.step_column is not None:
        return members
    sizes = sizes_in_names([member.path for member in members])
    return [_at(m.path, m.table, selection, sizes[m.path]) for m in members] if sizes else members


def _of_one_format(members: list[Member], sources: Sources) -> tuple[list[Member], list[Member]]:
    """The members of the format that most have, beside those that the user named; and the others."""
    count: Counter[str] = Counter()
    for member in members:
        count[member.table.kind] += 1
    n_values: Counter[str] = Counter()
    for member in members:
        n_values[member.table.kind] += len(member.measurements.value)
    most = min(count, key=lambda kind: (-count[kind], -n_values[kind], kind))
    others = [m for m in members if m.table.kind != most and m.path not in sources.named]
    return [member for member in members if member not in others], others


def _left_out(refused: Sequence[tuple[Path, InputError]], others: Sequence[Member]) -> list[Finding]:
    findings = []
    if others:
        kinds = ", ".join(dict.fromkeys(member.table.kind for member in others))
        text = (
            f"{counted(len(others), 'file')} of another format ({kinds}) than most: {_some([m.path for m in others])}"
        )
        findings.append(Finding("files left out", len(others), text))
    if refused:
        names = _some([path for path, _ in refused])
        text = f"{counted(len(refused), 'file')} without curves: {names} ({refused[0][1].rule})"
        findings.append(Finding("files left out", len(refused), text))
    return findings


def _some(paths: Sequence[Path]) -> str:
    names = [path.name[:60] for path in paths]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _naming(path: Path, error: InputError) -> InputError:
    """The same error with the name of the file."""
    if path.name in str(error):
        return error
    return InputError(f"{path.name}: {error.rule}", error.received, error.advice)
