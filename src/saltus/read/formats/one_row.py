"""JSON documents that are one row, such as the results of one model of many; and those that hold no curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from saltus.errors import InputError
from saltus.read.beside import settings_in
from saltus.read.dotted import without_groups
from saltus.read.formats.json_tree import Array, Node, arrays_in, scalars_in
from saltus.read.measurements import Labels
from saltus.read.metric_names import metric_named
from saltus.read.records import Records, RecordTable
from saltus.read.roles import kind_of_counter

RULE = "a JSON file of curves must hold values along steps"
ADVICE = 'write one object a line, such as {"step": 1, "loss": 2.5}'
_MAX_ROWS = 100  # rows within the row


def one_row(document: Mapping[str, Node], path: Path) -> RecordTable:
    """One row of all single values, such as the results of one model of many."""
    flat: dict[str, Any] = dict(scalars_in(document))
    for names, array in arrays_in(document):
        if array.kind == "objects" and array.records.n_rows <= _MAX_ROWS:
            flat |= _spread(".".join(names), array)
    numbers = [name for name, value in flat.items() if isinstance(value, (int, float))]
    values = [name for name in numbers if _is_value(name)]
    if not values:
        has_text = any(isinstance(value, str) for value in flat.values())
        what = "a configuration" if has_text or settings_in(flat) else "no steps in it"
        raise InputError(RULE, f"{path.name}: {what}", ADVICE)
    if not any(kind_of_counter(name.rpartition(".")[2]) is not None or isinstance(flat[name], str) for name in flat):
        raise InputError(RULE, f"{path.name}: results without an axis, {numbers[0]}", ADVICE)
    records = Records(path)
    records.add([{name: value for name, value in flat.items() if value is not None}])
    table = records.table("JSON of one row")
    return table.renamed(without_groups(table.names, of_counters_alone=True))


def _spread(prefix: str, array: Array) -> dict[str, Any]:
    """Rows within a row, each under the text that tells it from the others, or else its place."""
    table = array.records.table("")
    size = array.records.n_rows
    labels: Sequence[str] = [str(row) for row in range(size)]
    for name in table.names:
        column = table.arrays[name]
        if isinstance(column, Labels) and len(column.names) == size:
            labels = _distinct_parts([column.names[code] for code in column.codes])
            break
    spread = {}
    for name in table.names:
        if isinstance(column := table.arrays[name], np.ndarray):
            for label, number in zip(labels, column.tolist(), strict=True):
                if np.isfinite(number):
                    spread[f"{prefix}.{label}.{name}"] = number
    return spread


def _distinct_parts(texts: Sequence[str]) -> list[str]:
    """Paths without the parts that all of them share."""
    parts = [text.split("/") for text in texts]
    shared = set.intersection(*map(set, parts))
    short = ["/".join(part for part in one if part not in shared) for one in parts]
    return short if len(set(short)) == len(short) and all(short) else list(texts)


def _is_value(name: str) -> bool:
    """Whether a dotted name tells a measured value: by itself, or by a group of metrics, scores or results."""
    groups = name.casefold().split(".")[:-1]
    measured = any(word in group for group in groups for word in ("metric", "score", "result", "eval"))
    return measured or metric_named(name.rpartition(".")[2]).quantity is not None
