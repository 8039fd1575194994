"""JSON files, told apart by what is in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from saltus.errors import InputError
from saltus.read.beside import beside_finding, settings_beside
from saltus.read.dotted import without_groups
from saltus.read.formats.harness import harness_table, is_harness
from saltus.read.formats.histories import history_table
from saltus.read.formats.json_text import JsonText
from saltus.read.formats.json_tree import read_documents
from saltus.read.formats.trainer import open_trainer_state
from saltus.read.records import RecordTable, table_of_records
from saltus.read.text import first_bytes, open_text, suffix_of

_START = re.compile(rb"\s*(\{\s*[\"}]|\[\s*[\[{])")


def is_json(path: Path) -> bool:
    """Whether a file is JSON: by its name, or because it begins so."""
    return path.is_file() and (suffix_of(path) == ".json" or _START.match(first_bytes(path)) is not None)


def open_json(path: Path) -> RecordTable:
    """The table in a JSON file: a Trainer's state, a harness's results, a history, or objects one after another.

    Raises:
        InputError: if the file is damaged, beyond the bounds, or holds nothing of the kind.
    """
    if _is_trainer_state(path):
        return open_trainer_state(path)
    document, more = read_documents(path)
    if more:
        told = settings_beside(path)
        table = table_of_records(_one_after_another(path), path, "JSON objects", told, beside_finding(told))
        return table.renamed(without_groups(table.names))
    return harness_table(document, path) if is_harness(document) else history_table(document, path)


def _is_trainer_state(path: Path) -> bool:
    """Whether a JSON file has the keys of a Trainer's state, its history among them."""
    with open_text(path) as file:
        cursor = JsonText(file, path)
        if cursor.peek() != "{":
            return False
        seen = set()
        for key in cursor.members():
            seen.add(key)
            if key == "log_history":
                return cursor.peek() == "[" and not seen.isdisjoint(("global_step", "epoch", "best_metric"))
            if cursor.peek() in "{[" or len(seen) > 100:
                return False
            cursor.value()
    return False


def _one_after_another(path: Path) -> Iterator[dict[str, Any]]:
    with open_text(path) as file:
        cursor = JsonText(file, path)
        while cursor.peek():
            record = cursor.value()
            if not isinstance(record, dict):
                raise InputError("JSON values after each other must be objects", path.name, "write one object a line")
            yield record
