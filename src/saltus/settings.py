"""Configurations and results as plain data: for summaries, file names and random streams.

A setting that a later version adds must rename no run that does not use it, and change none of its random numbers. Its
field says so: ``field(default=None, metadata=LATER)``, with any default. See `describe`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

LATER = {"later": True}  # metadata of a field that came after the first release of its class


def describe(configuration: Any, *, for_name: bool = False) -> dict[str, Any]:
    """A configuration as plain JSON data: the class name under ``kind``, then every field that defines it.

    Infinity, which JSON does not know, becomes the string "inf".

    Args:
        configuration: a dataclass, whose fields are numbers, texts, tuples, mappings or dataclasses.
        for_name: leave out every field marked `LATER` that has its default, here and in dataclasses within, so that
            the text is the one from before that field existed. Names and random streams are made of this.
    """
    plain: dict[str, Any] = {"kind": type(configuration).__name__}
    for entry in fields(configuration):
        value = getattr(configuration, entry.name)
        if entry.init and not entry.name.startswith("_") and not (for_name and _is_unused(entry, value)):
            plain[entry.name] = _plain(value, for_name)
    return plain


def json_text(data: Mapping[str, Any]) -> str:
    """One JSON object, with null for numbers that are not finite."""
    return json.dumps(_without_nan(data), indent=1, allow_nan=False) + "\n"


def canonical_text(data: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces: equal data is equal text, to be hashed."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _is_unused(entry: Field[Any], value: Any) -> bool:
    """Whether the field came later and has its default."""
    default = entry.default if entry.default_factory is MISSING else entry.default_factory()
    return bool(entry.metadata.get("later", False) and value == default)


def _plain(value: Any, for_name: bool) -> Any:
    if is_dataclass(value):
        return describe(value, for_name=for_name)
    if isinstance(value, tuple):
        return [_plain(entry, for_name) for entry in value]
    return "inf" if value == math.inf else value


def _without_nan(data: Any) -> Any:
    """The same data with None for numbers that are not finite: JSON has no word for them."""
    if isinstance(data, Mapping):
        return {name: _without_nan(value) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_without_nan(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
