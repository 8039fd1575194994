"""Calibrations in JSON files: written, read back, and brought to the present format."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from saltus.errors import InputError
from saltus.files import write_text
from saltus.forecast.base.calibration import AnyCalibration
from saltus.resource import STEP, resource_named
from saltus.settings import json_text

C = TypeVar("C", bound=AnyCalibration)

KIND = "saltus calibration"
# Format of the files written now. Files of 0.1.0, and forecast.json, do not name it: they are of format 1. A change of
# fields raises it, names it in `summary`, so that forecast.json carries it too, and adds its step to `MIGRATIONS`.
FORMAT = 1
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From each older format, the function that gives the same calibration in the next one."""


def save_calibration(calibration: AnyCalibration, path: str | Path) -> None:
    """Write a calibration as JSON; the file appears whole or not at all."""
    write_text(Path(path), json_text({"kind": KIND, "format": FORMAT, **calibration.summary()}))


def saved_calibration(path: str | Path) -> dict[str, Any]:
    """The fields of a calibration in a file of its own or in a forecast.json, in the present format.

    Raises:
        InputError: if the file is no such JSON, or of a format that this version does not know.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        data = data.get("calibration", data)
        named = isinstance(resource_of_saved(data), str)
    except (OSError, ValueError, AttributeError) as error:
        raise _refusal(path) from error
    if not named:
        raise _refusal(path)
    return _migrated(data, path)


@dataclass(frozen=True)
class SavedClock:
    """The clock of a calibration over effective time.

    Attributes:
        words: how steps were counted.
        power: progress of a step goes as its learning rate to this power.
    """

    words: str
    power: float


def saved_clock(path: str | Path) -> SavedClock | None:
    """The clock of the calibration in a forecast.json; None where all steps counted alike, or the file says nothing.

    Raises:
        InputError: if the file is no such JSON.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        words, power = data.get("clock"), data.get("rate_power")
    except (OSError, ValueError, AttributeError) as error:
        raise _refusal(path) from error
    return SavedClock(words, float(power)) if isinstance(words, str) and isinstance(power, int | float) else None


def resource_of_saved(data: dict[str, Any]) -> Any:
    """The resource of a calibration; files over steps do not name it."""
    return data.get("resource", STEP.name)


def load_as(kind: type[C], resource: str, path: str | Path) -> C:
    """A calibration of that kind from its file.

    Raises:
        InputError: if the file is no such JSON, holds a calibration over another resource, or impossible numbers.
    """
    from pydantic import TypeAdapter, ValidationError

    data, wanted = saved_calibration(path), resource_named(resource)
    if (found := resource_of_saved(data)) != wanted.name:
        rule = f"this needs a calibration in {wanted.law}"
        raise InputError(rule, f"{path}: in {found}", f"calibrate on {wanted.unit}")
    try:
        calibration = TypeAdapter(kind).validate_python({k: _from_json(v) for k, v in data.items()})
    except ValidationError as error:
        raise _refusal(path) from error
    if not all(1 <= skill <= calibration.n_skills for skill in calibration.skills or (0,)):
        raise _refusal(path)
    return calibration.checked(path)


def _migrated(data: dict[str, Any], path: str | Path) -> dict[str, Any]:
    have = data.get("format", 1)
    if not (isinstance(have, int) and 1 <= have <= FORMAT):
        raise InputError(
            f"a calibration must be of format 1 to {FORMAT}", f"{path}: format {have}", "read it with a newer saltus"
        )
    for number in range(have, FORMAT):
        data = MIGRATIONS[number](data)
    return data


def _refusal(path: str | Path) -> InputError:
    advice = "give a file that `saltus forecast --out` or Calibration.save wrote"
    return InputError("a calibration must be a JSON file of ours", str(path), advice)


def _from_json(value: Any) -> Any:
    """JSON lists become tuples, null becomes NaN."""
    if isinstance(value, list):
        return tuple(map(_from_json, value))
    return math.nan if value is None else value
