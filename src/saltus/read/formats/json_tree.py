"""JSON documents as trees whose arrays are already columns: a tree of bounded size for files of any content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from saltus.errors import InputError
from saltus.read.files import require_numbers
from saltus.read.formats.json_text import JsonText
from saltus.read.growing_column import readable
from saltus.read.records import Records
from saltus.read.text import open_text

_MAX_DEPTH = 8  # objects within each other that are kept
_MAX_MEMBERS = 200_000  # keys of all objects together
_MAX_TEXT = 2**16  # characters of a text
_MAX_WIDTH = 16  # entries of an inner list

Scalar = float | int | str | None
Node = Any
"""A `Scalar`, an `Array`, or a dict of nodes by name."""


@dataclass(frozen=True)
class Array:
    """An array of a document.

    Attributes:
        kind: whether it holds objects, lists, or single values; "mixed" if it is of no use.
        records: objects by their names, lists by the places ``"0"``, ``"1"``, ... of their entries, single values under
            the name ``""``.
    """

    kind: Literal["objects", "lists", "values", "mixed"]
    records: Records


def read_documents(path: Path) -> tuple[Node, bool]:
    """The first value of a JSON file as a tree, and whether more follow.

    Raises:
        InputError: if the file is no JSON or beyond the bounds.
    """
    with open_text(path) as file:
        cursor = JsonText(file, path)
        return _Reader(cursor, path).node(0), cursor.peek() != ""


def scalars_in(node: Node, prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Single values of a tree with dotted names."""
    for name, inner in node.items() if isinstance(node, dict) else ():
        if isinstance(inner, dict):
            yield from scalars_in(inner, f"{prefix}{name}.")
        elif not isinstance(inner, Array):
            yield prefix + name, inner


def arrays_in(node: Node, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Array]]:
    """Arrays of a tree with the names that lead there."""
    if isinstance(node, Array):
        yield above, node
    elif isinstance(node, dict):
        for name, inner in node.items():
            yield from arrays_in(inner, (*above, name))


class _Reader:
    def __init__(self, cursor: JsonText, path: Path) -> None:
        self._cursor, self._path = cursor, path
        self._n_members = self._n_cells = 0

    def node(self, depth: int) -> Node:
        mark = self._cursor.peek()
        if mark == "{" and depth < _MAX_DEPTH:
            return self._object(depth)
        if mark == "[":
            return self._array()
        value = self._cursor.value()
        if isinstance(value, str):
            return value if len(value) <= _MAX_TEXT else None
        return None if isinstance(value, (dict, list)) else value

    def _object(self, depth: int) -> dict[str, Node]:
        content = {}
        for key in self._cursor.members():
            self._n_members += 1
            if self._n_members > _MAX_MEMBERS:
                rule = f"objects of a JSON file must have at most {_MAX_MEMBERS:,} keys"
                raise InputError(rule, self._path.name, "write lists, or one object a line")
            content[readable(key[:_MAX_TEXT])] = self.node(depth + 1)
        return content

    def _array(self) -> Array:
        records = Records(self._path)
        kind: Literal["objects", "lists", "values", "mixed"] | None = None
        for batch in self._cursor.elements():
            first = next((element for element in batch if element is not None), None)
            if kind is None and first is not None:
                kind = "objects" if isinstance(first, dict) else "lists" if isinstance(first, list) else "values"
            if kind in ("objects", "lists", "values", None):
                rows = [_row(element, kind) for element in batch]
                if any(row is None for row in rows):
                    kind, records = "mixed", Records(self._path)
                else:
                    records.add([row for row in rows if row is not None])
        self._n_cells += records.n_cells
        require_numbers(self._n_cells, self._path)
        return Array(kind or "values", records)


def _row(element: Any, kind: str | None) -> Mapping[str, Any] | None:
    """An element as a record; None if it is not of that kind."""
    if element is None:
        return {}
    if kind == "objects":
        return element if isinstance(element, dict) else None
    if kind == "lists":
        if not isinstance(element, list) or len(element) > _MAX_WIDTH:
            return None
        return {str(place): entry for place, entry in enumerate(element)}
    return None if isinstance(element, (dict, list)) else {"": element}
