"""Axes of a sweep: lists and ranges by dotted name; keys within one axis vary together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from saltus.errors import InputError

Axis = list[dict[str, Any]]  # positions along it; each sets one value or several, by dotted name

_RANGE = {"from", "to", "step", "count", "log"}


def read_axes(value: Any) -> list[Axis]:
    """The axes of a spec's ``[[axes]]`` tables.

    Raises:
        InputError: naming the key, if an axis is empty, uneven, or no list or range.
    """
    return [_axis(number, table) for number, table in enumerate(_list_of_axes(value), start=1)]


def refuse_unknown(where: str, table: Mapping[str, Any], known: set[str]) -> None:
    """Raise `InputError` for the first key of ``table`` that is not ``known``; ``where`` ends in a dot."""
    for name in table:
        if name not in known:
            raise InputError(f"{where}{name}: there is no such key", name, f"known are {', '.join(sorted(known))}")


def _list_of_axes(value: Any) -> list[Mapping[str, Any]]:
    if not (isinstance(value, list) and all(isinstance(axis, Mapping) for axis in value)):
        raise InputError("axes: must be tables", value, "write [[axes]], then lines like training.width = [32, 64]")
    return value


def _axis(number: int, table: Mapping[str, Any]) -> Axis:
    values = dict(_axis_values(table))
    if not values:
        raise InputError(f"axes[{number}]: must name at least one key", {}, "add e.g. training.width = [32, 64]")
    lengths = {name: len(entries) for name, entries in values.items()}
    if len(set(lengths.values())) > 1:
        rule = f"axes[{number}]: keys that vary together must have equally many values"
        raise InputError(rule, lengths, "give each axis its own [[axes]] to cross them")
    return [dict(zip(values, position, strict=True)) for position in zip(*values.values(), strict=True)]


def _axis_values(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Dotted names and their values; TOML reads ``training.width = ...`` as a table within a table."""
    for key, value in table.items():
        name = prefix + key
        if isinstance(value, list):
            if not value:
                raise InputError(f"{name}: an axis must have at least one value", value, "fill it or remove it")
            yield name, value
        elif isinstance(value, Mapping) and "from" in value:
            yield name, _range(name, value)
        elif isinstance(value, Mapping):
            yield from _axis_values(value, f"{name}.")
        else:
            advice = "give a list, or { from = 1, to = 100, count = 3, log = true }"
            raise InputError(f"{name}: an axis must be a list or a range", value, advice)


def _range(name: str, entries: Mapping[str, Any]) -> list[float]:
    """Ends included. Where both ends are written as whole numbers, so are the values between."""
    refuse_unknown(f"{name}.", entries, _RANGE)
    advice = "give { from, to, step } or { from, to, count }, the latter with log = true or without"
    numbers = [entries[key] for key in ("from", "to", "step") if key in entries]
    if not all(type(number) in (int, float) and np.isfinite(number) for number in numbers):
        raise InputError(f"{name}: the ends of a range must be numbers", dict(entries), advice)
    if "to" not in entries or ("step" in entries) == ("count" in entries) or ("step" in entries and "log" in entries):
        raise InputError(f"{name}: a range must have an end, and a step or a count", dict(entries), advice)
    first, last, log = entries["from"], entries["to"], entries.get("log", False)
    if "step" in entries:
        step = entries["step"]
        if step == 0 or (last - first) / step < 0:
            raise InputError(f"{name}: the step must lead from one end to the other", dict(entries), advice)
        # Whole multiples of the step; the margin forgives an end that rounding put just out of reach.
        values = [first + i * step for i in range(int((last - first) / step + 1e-9) + 1)]
    else:
        count = entries["count"]
        if type(count) is not int or count < 1 or type(log) is not bool or (log and min(first, last) <= 0):
            raise InputError(f"{name}: count must be 1 or more, and ends above 0 if log = true", dict(entries), advice)
        values = (np.geomspace if log else np.linspace)(first, last, count).tolist()
    if all(type(number) is int for number in numbers):
        return [round(value) for value in values]
    return [float(f"{value:.12g}") for value in values]  # 0.3, not 0.30000000000000004
