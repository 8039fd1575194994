"""Configurations and results as plain data: for summaries, file names and random streams."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def describe(configuration: Any) -> dict[str, Any]:
    """A configuration as plain JSON data: the class name under ``kind``, then every field that defines it.

    Infinity, which JSON does not know, becomes the string "inf".
    """
    plain: dict[str, Any] = {"kind": type(configuration).__name__}
    for entry in fields(configuration):
        if entry.init and not entry.name.startswith("_"):
            plain[entry.name] = _plain(getattr(configuration, entry.name))
    return plain


def json_text(data: Mapping[str, Any]) -> str:
    """One JSON object, with null for numbers that are not finite."""
    return json.dumps(_without_nan(data), indent=1, allow_nan=False) + "\n"


def canonical_text(data: Mapping[str, Any]) -> str:
    """JSON with sorted keys and no spaces: equal data is equal text, to be hashed."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return describe(value)
    if isinstance(value, tuple):
        return [_plain(entry) for entry in value]
    return "inf" if value == math.inf else value


def _without_nan(data: Any) -> Any:
    """The same data with None for numbers that are not finite: JSON has no word for them."""
    if isinstance(data, Mapping):
        return {name: _without_nan(value) for name, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_without_nan(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
