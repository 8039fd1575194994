"""Calibrations in JSON files, read back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from saltus.errors import InputError

T = TypeVar("T")

KIND = "saltus calibration"


def kept_calibration(path: str | Path) -> dict[str, Any]:
    """What is kept of a calibration, in a file of its own or in a forecast.json.

    Raises:
        InputError: if the file is no such JSON.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        data = data.get("calibration", data)
        if isinstance(data, dict):
            return data
    except (OSError, ValueError, AttributeError) as error:
        raise _refusal(path) from error
    raise _refusal(path)


def filled(kind: type[T], data: Mapping[str, Any], path: str | Path) -> T:
    """A calibration of that kind from what was kept of it, or raise `InputError` if anything is missing."""
    try:
        return kind(**{entry.name: _from_json(data[entry.name]) for entry in fields(kind)})  # type: ignore[arg-type]
    except KeyError as error:
        raise _refusal(path) from error


def _refusal(path: str | Path) -> InputError:
    advice = "give a file that `saltus forecast --out` or Calibration.save wrote"
    return InputError("a calibration must be a JSON file of ours", str(path), advice)


def _from_json(value: Any) -> Any:
    """Lists become tuples again, and null the number that is not known."""
    if isinstance(value, list):
        return tuple(map(_from_json, value))
    return math.nan if value is None else value
