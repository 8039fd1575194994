"""Histories in JSON: rows, or columns, or values by step, anywhere in a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from saltus.curves.report import Finding, counted, some
from saltus.errors import InputError
from saltus.read.beside import beside_finding, settings_beside, settings_in
from saltus.read.dotted import without_groups
from saltus.read.formats.json_tree import Array, Node, arrays_in, scalars_in
from saltus.read.formats.one_row import ADVICE, RULE, one_row
from saltus.read.measurements import Labels
from saltus.read.metric_names import metric_named, split_named
from saltus.read.positions import position_in_name
from saltus.read.records import Records, RecordTable
from saltus.read.roles import is_among, kind_of_counter
from saltus.read.vocabulary import CHECKPOINTS, EPOCHS, SIZES, UPDATES

Names = tuple[str, ...]

_HISTORIES = ("log_history", "history", "metrics", "logs", "log", "records", "rows", "data", "results", "epochs")
"""Keys of a history, the plainest first."""
_EVENT = ("Wall time", "Step", "Value")
_FEW = 5  # entries of a list without known names, below which it may be a setting
_TASKS = ("task", "task_name", "benchmark", "subject", "subtask")
_CLOCKS = (UPDATES, CHECKPOINTS, EPOCHS)


def history_table(document: Node, path: Path) -> RecordTable:
    """The table in a JSON document: its rows, its columns, its values by step, or one row.

    Raises:
        InputError: if there is nothing of the kind: a configuration, or results without an axis.
    """
    if isinstance(document, Array):
        document = {"": document}
    if not isinstance(document, dict):
        raise InputError(RULE, path.name, ADVICE)
    inside = settings_in(dict(_two_levels(document)))
    told = settings_beside(path)
    table = (
        _of_rows(document, path)
        or _of_columns(document, path)
        or _of_frame(document, path)
        or _of_steps(document, path)
        or one_row(document, path)
    )
    findings = [*table.findings, *beside_finding({name: told[name] for name in told if name not in inside})]
    return RecordTable(path, table.arrays, table.kind, told | inside, findings, table.texts)


def _of_rows(document: Mapping[str, Node], path: Path) -> RecordTable | None:
    """The array of objects that is the history, or the ones of several runs; of TensorBoard's triples, too."""
    found = {
        names: array for names, array in arrays_in(document) if array.kind in ("objects", "lists") and _measures(array)
    }
    if not found:
        return None
    ((names, chosen), *others) = sorted(found.items(), key=lambda entry: _preference(*entry))
    if _is_of_one_model(document, chosen):
        return None
    if chosen.kind == "lists":
        if len(found) > 1 or {*chosen.records.names} != {str(place) for place in range(len(_EVENT))}:
            return None
        table = chosen.records.table("TensorBoard JSON")
        arrays = dict(zip(_EVENT, (table.arrays[str(place)] for place in range(len(_EVENT))), strict=True))
        return RecordTable(path, arrays, table.kind, findings=table.findings)
    alike = {
        key: one for key, one in found.items() if _is_sibling(key, names) and one.records.names == chosen.records.names
    }
    if len(alike) > 1 and not all(split_named(key[-1]) for key in alike):
        tables = {key[-1]: one.records.table("") for key, one in alike.items()}
        return _stacked(tables, path)
    said = [_under(names)] if names[-1] else []
    if others:
        text = f"{counted(len(others), 'other list')} of rows, not read: {some(['.'.join(key) for key, _ in others])}"
        said.append(Finding("lists left out", len(others), text))
    table = chosen.records.table("JSON history", findings=said)
    return _counted(table.renamed(without_groups(table.names)), path)


def _of_columns(document: Mapping[str, Node], path: Path) -> RecordTable | None:
    """Lists of one length, each a column; of several runs where groups of them have the same names."""
    found = {names: array for names, array in arrays_in(document) if array.kind == "values" and array.records.n_rows}
    groups: dict[Names, dict[str, Array]] = {}
    for names, array in found.items():
        groups.setdefault(names[:-1], {})[names[-1]] = array
    alike = _alike_groups(groups)
    if alike:
        tables = {key[-1]: _columns(members, path) for key, members in alike.items()}
        return _stacked(tables, path)
    lengths = Counter(array.records.n_rows for array in found.values())
    if not lengths:
        return None
    length = max(lengths, key=lambda size: (lengths[size], size))
    chosen = {names: array for names, array in found.items() if array.records.n_rows == length}
    shared = _shared([names[:-1] for names in chosen])
    named = {".".join(names[len(shared) :]): array for names, array in chosen.items()}
    table = _columns(named, path)
    numbers = [name for name in table.names if table.holds_numbers(name)]
    known = any(metric_named(name).quantity or kind_of_counter(name) is not None for name in numbers)
    if not numbers or not (known or length >= _FEW or set(shared) & {*_HISTORIES}):
        return None
    said = [_under(tuple(shared))] if shared else []
    if len(chosen) < len(found):
        others = [".".join(names) for names in found if names not in chosen]
        text = f"{counted(len(others), 'list')} of another length than {length}, not read: {some(others)}"
        said.append(Finding("lists left out", len(others), text))
    return _counted(RecordTable(path, table.arrays, table.kind, findings=[*said, *table.findings]), path)


def _of_frame(document: Mapping[str, Node], path: Path) -> RecordTable | None:
    """Columns as pandas writes them, each an object of values under ``"0"``, ``"1"``, ..."""
    columns = {name: node for name, node in document.items() if isinstance(node, dict)}
    index = next(iter(columns.values()), {})
    if len(columns) < len(document) or len(index) < 2 or [*index] != [str(row) for row in range(len(index))]:
        return None
    if any(column.keys() != index.keys() for column in columns.values()):
        return None
    if not any(metric_named(name).quantity or kind_of_counter(name) is not None for name in columns):
        return None
    records = Records(path)
    records.add([{name: column[row] for name, column in columns.items()} for row in index])
    return _counted(records.table("JSON history"), path)


def _of_steps(document: Mapping[str, Node], path: Path) -> RecordTable | None:
    """Values under keys that tell the step: ``{"100": {"acc": 0.5}}``, ``{"step_100": 0.5}``."""
    content: Node = document
    above: list[str] = []
    while isinstance(content, dict) and len(content) == 1:
        above += content
        content = content[above[-1]]
    if not isinstance(content, dict):
        return None
    places = {key: _place(key) for key in content}
    if len({place[0] for place in places.values() if place}) != 1 or not all(places.values()):
        return None
    rows = []
    for key, place in places.items():
        if place is not None:
            inner = content[key]
            row = dict(scalars_in(inner)) if isinstance(inner, dict) else {"value": inner}
            rows.append({place[0]: place[1]} | row)
    records = Records(path)
    records.add(rows)
    if len(records.names) < 2:
        return None
    noun = records.names[0]
    said = Finding("keys as steps", len(rows), f"{counted(len(rows), 'key')} of the file taken as {noun}")
    return records.table("JSON by step", findings=[said])


def _counted(table: RecordTable, path: Path) -> RecordTable:
    """The table, with its rows counted as epochs where no column counts anything and none names tasks."""
    if any(kind_of_counter(name) is not None or is_among(name, _TASKS) for name in table.names):
        return table
    column = next(iter(table.arrays.values()), np.empty(0))
    size = len(column.codes if isinstance(column, Labels) else column)
    if size < 2:
        return table
    text = f"no list counts steps: {size} entries were counted as epochs 1, 2, ..."
    said = [*table.findings, Finding("counted epochs", size, text)]
    arrays = {"epoch": np.arange(1.0, size + 1), **table.arrays}
    return RecordTable(path, arrays, table.kind, findings=said, texts=table.texts)


def _columns(members: Mapping[str, Array], path: Path) -> RecordTable:
    """Lists of one length as the columns of a table."""
    arrays: dict[str, Any] = {}
    texts: dict[str, Labels] = {}
    for name, array in members.items():
        table = array.records.table("")
        if "" in table.arrays:
            arrays[name] = table.arrays[""]
            if table.texts:
                texts[name] = table.texts[""]
    return RecordTable(path, arrays, "JSON history", texts=texts)


def _stacked(tables: Mapping[str, RecordTable], path: Path) -> RecordTable:
    """Tables of the same columns under each other, with the name of each in a column ``run``."""
    first, *others = tables.values()
    names = [name for name in first.names if all(name in table.arrays for table in others)]
    arrays: dict[str, Any] = {}
    sizes = [len(column) for table in tables.values() for column in [table.read([], [names[0]]).labels[names[0]].codes]]
    arrays["run"] = Labels(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes), tuple(tables))
    for name in names:
        if all(isinstance(table.arrays[name], np.ndarray) for table in tables.values()):
            arrays[name] = np.concatenate([np.asarray(table.arrays[name]) for table in tables.values()])
        else:
            columns = [table.read([], [name]).labels[name] for table in tables.values()]
            arrays[name] = Labels.of(column.names[code] for column in columns for code in column.codes)
    text = f"{counted(len(sizes), 'key')} of the file taken as runs: {some(list(tables))}"
    said = Finding("keys as runs", len(sizes), text)
    return _counted_each(RecordTable(path, arrays, "JSON history", findings=[said]), sizes)


def _counted_each(table: RecordTable, sizes: Sequence[int]) -> RecordTable:
    """The table of several runs, with the rows of each counted as epochs where no column counts anything."""
    if any(kind_of_counter(name) is not None for name in table.names):
        return table
    text = f"no list counts steps: {sum(sizes)} entries were counted as epochs 1, 2, ... of each run"
    arrays = {"epoch": np.concatenate([np.arange(1.0, size + 1) for size in sizes]), **table.arrays}
    return RecordTable(table.path, arrays, table.kind, findings=[*table.findings, Finding("counted epochs", 1, text)])


def _alike_groups(groups: Mapping[Names, Mapping[str, Array]]) -> dict[Names, Mapping[str, Array]]:
    """Groups of lists side by side that have the same names and each a length of its own, but are no splits."""
    for names, members in groups.items():
        alike = {
            key: one
            for key, one in groups.items()
            if _is_sibling(key, names)
            and one.keys() == members.keys()
            and len({a.records.n_rows for a in one.values()}) == 1
        }
        if len(alike) > 1 and not all(split_named(key[-1]) for key in alike):
            return alike
    return {}


def _is_sibling(names: Names, other: Names) -> bool:
    return bool(names) and len(names) == len(other) and names[:-1] == other[:-1]


def _measures(array: Array) -> bool:
    """Whether the rows of an array hold numbers, under known names or many of them."""
    names = [name.rpartition(".")[2] for name in array.records.names]
    known = any(metric_named(name).quantity or kind_of_counter(name) is not None for name in names)
    if not (known or array.kind == "lists" or array.records.n_rows >= _FEW):
        return False
    table = array.records.table("")
    return any(isinstance(column, np.ndarray) and np.isfinite(column).any() for column in table.arrays.values())


def _preference(names: Names, array: Array) -> tuple[bool, int, int]:
    """Order of arrays of rows: the ones that count something, then by name, then by length."""
    counts = any(kind_of_counter(name) is not None for name in array.records.names)
    named = _HISTORIES.index(names[-1].casefold()) if names[-1].casefold() in _HISTORIES else len(_HISTORIES)
    return not counts, named, -array.records.n_rows


def _is_of_one_model(document: Mapping[str, Node], chosen: Array) -> bool:
    """Whether the document tells the size of a model, and its rows count no training: results of one model of many."""
    if any(kind_of_counter(name) in _CLOCKS for name in chosen.records.names):
        return False
    return any(kind_of_counter(name.rpartition(".")[2]) == SIZES for name, _ in scalars_in(document))


def _place(key: str) -> tuple[str, float] | None:
    """The moment that a key tells: a bare number is a step."""
    try:
        number = float(key)
    except ValueError:
        return position_in_name(key)
    return ("step", number) if number >= 0 and np.isfinite(number) else None


def _two_levels(document: Mapping[str, Node]) -> Iterable[tuple[str, Node]]:
    """Single values at the top and in the groups there, with the names that settings have."""
    for key, node in document.items():
        if isinstance(node, dict):
            yield from ((name, value) for name, value in scalars_in(node))
            yield from ((f"{key}.{name}", value) for name, value in scalars_in(node))
        else:
            yield key, node


def _shared(paths: Sequence[Names]) -> Names:
    """Names with which all the paths begin."""
    shared: list[str] = []
    for names in zip(*paths, strict=False):
        if len(set(names)) > 1:
            break
        shared.append(names[0])
    return tuple(shared)


def _under(names: Names) -> Finding:
    return Finding("rows under a key", 1, f"read from {'.'.join(names)!r} in the file")
