"""A sweep written down: a TOML file with a base configuration, axes and seeds, read into a plan and checked whole.

seeds = 3                      # 0, 1, 2; or a list
[task]                         # fields of MultitaskSparseParity
frequencies = { alpha = 0.6, n_skills = 2 }
[training]                     # fields of MLPTraining, or of NetworkTraining if there is a `network`
steps = 2000
learning_rate = 0.02
init_std = 0.02
[[axes]]                       # axes are crossed ...
training.width = [32, 64, 128]
[[axes]]                       # ... keys within one axis vary together
training.batch_size = [100, 200]
training.n_data = { from = 1000, to = 10000, count = 2, log = true }
"""

from __future__ import annotations

import copy
import inspect
import itertools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from saltus.errors import InputError
from saltus.parity.task import MultitaskSparseParity
from saltus.runs.axes import read_axes, refuse_unknown
from saltus.settings import canonical_text
from saltus.store.plan import Plan
from saltus.theory.frequencies import Frequencies, PowerLaw, SkillFrequencies
from saltus.train.job import Job
from saltus.train.registry import ARCHITECTURES, OF_ARCHITECTURES, TRAININGS
from saltus.train.torch.network import Architecture

_FREQUENCIES = {"PowerLaw": PowerLaw, "Frequencies": Frequencies}
_SECTIONS: Mapping[str, Mapping[str, Any]] = {
    "task": {"MultitaskSparseParity": MultitaskSparseParity},
    "training": TRAININGS,
}


def read_spec(path: Path) -> Plan:
    """The plan that a TOML file describes.

    Raises:
        InputError: naming file, key and rule, if it cannot be read, has an unknown key, a wrong type, an empty axis, or
            a value that the configuration itself rejects, for any of its runs.
    """
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except OSError as error:
        raise InputError("the spec must be a readable file", str(path), str(error.strerror)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: the spec must be TOML", str(error), "correct that line") from error
    try:
        return parse_spec(table)
    except InputError as error:
        raise InputError(f"{path}: {error.rule}", error.received, error.advice) from error


def parse_spec(table: Mapping[str, Any]) -> Plan:
    """As `read_spec`, for the tables of the file."""
    refuse_unknown("", table, {"seeds", "axes", *_SECTIONS})
    for section in _SECTIONS:
        if not isinstance(table.get(section), Mapping):
            raise InputError(f"{section}: must be a table", table.get(section), f"add [{section}]")
    seeds = _seeds(table.get("seeds", 1))
    axes = read_axes(table.get("axes", []))
    named = [name for axis in axes for name in axis[0]]
    for name in named:
        if named.count(name) > 1:
            raise InputError(f"{name}: must be in one axis only", name, "remove it from the others")
    jobs = []
    build = _Builder()
    for position in itertools.product(*axes):
        changes = {name: value for values in position for name, value in values.items()}
        tables = {section: _changed(section, table[section], changes) for section in _SECTIONS}
        try:
            task, training = (build.section(name, tables[name]) for name in _SECTIONS)
        except InputError as error:
            section = error.rule.partition(":")[0].partition(".")[0]
            where = ", ".join(f"{name} = {value}" for name, value in changes.items() if name.startswith(f"{section}."))
            if not (where and isinstance(error.__cause__, InputError)):
                raise  # a wrong key or type, wherever on the axes
            raise InputError(f"{error.rule} (at {where})", error.received, error.advice) from error
        jobs += [Job(task, training, seed) for seed in seeds]
    return Plan(tuple(jobs))


class _Builder:
    """Makes configurations of tables; equal tables, many in a grid, are made once."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def section(self, name: str, table: dict[str, Any]) -> Any:
        known = canonical_text({name: repr(table)})
        if known not in self._made:
            table = copy.copy(table)
            if name == "task" and "frequencies" in table:
                table["frequencies"] = _frequencies(table["frequencies"])
            if name == "training" and "network" in table:
                table = {"kind": OF_ARCHITECTURES, **table, "network": _network(table["network"])}
            self._made[known] = _configured(name, _SECTIONS[name], table)
        return self._made[known]


def _frequencies(table: Any) -> SkillFrequencies:
    if not isinstance(table, Mapping):
        advice = "give { alpha = 0.6, n_skills = 5 }, or { values = [...] }"
        raise InputError("task.frequencies: must be a table", table, advice)
    kind = table.get("kind", "Frequencies" if "values" in table else "PowerLaw")
    made: SkillFrequencies = _configured("task.frequencies", _FREQUENCIES, {**table, "kind": kind})
    # A whole number of skills is an int, as in Python and on the command line: the same settings, the same run.
    if isinstance(made, PowerLaw) and math.isfinite(made.n_skills):
        made = PowerLaw(made.alpha, int(made.n_skills), made.offset)
    return made


def _network(table: Any) -> Architecture:
    if not isinstance(table, Mapping):
        advice = "give { kind = 'Perceptron', width = 100 }, for example"
        raise InputError("training.network: must be a table", table, advice)
    made: Architecture = _configured("training.network", ARCHITECTURES, {"kind": None, **table})
    return made


def _configured(where: str, kinds: Mapping[str, Any], table: Mapping[str, Any]) -> Any:
    """The configuration of the table's kind, the first one by default; it checks its own values."""
    kind = table.get("kind", next(iter(kinds)))
    if kind not in kinds:
        raise InputError(f"{where}.kind: must be one of {', '.join(kinds)}", kind, "choose one of them")
    parameters = inspect.signature(kinds[kind]).parameters
    values = {name: value for name, value in table.items() if name != "kind"}
    refuse_unknown(f"{where}.", values, set(parameters))
    for name, parameter in parameters.items():
        if name not in values and parameter.default is parameter.empty:
            raise InputError(f"{where}.{name}: must be given", None, f"add it to [{where}]")
    types = _types(kinds[kind])
    checked = {name: _typed(f"{where}.{name}", value, types[name]) for name, value in values.items()}
    try:
        return kinds[kind](**checked)
    except InputError as error:
        raise InputError(f"{where}: {error.rule}", error.received, error.advice) from error


@cache
def _types(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


@cache
def _adapter(of: Any) -> TypeAdapter[Any]:
    return TypeAdapter(of)


def _typed(where: str, value: Any, of: Any) -> Any:
    """The value, if it has the type of that field; TOML's lists become tuples."""
    if is_dataclass(value):  # made of a table of its own, and checked there
        return value
    try:
        return _adapter(of).validate_python(tuple(value) if isinstance(value, list) else value, strict=True)
    except ValidationError as error:
        rule = error.errors()[0]["msg"].replace("Input should be", "must be")
        raise InputError(f"{where}: {rule}", value, "give a value of that type") from error


def _seeds(value: Any) -> list[int]:
    advice = "give how many, or a list of different seeds"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return list(range(value))
    whole = isinstance(value, list) and all(type(seed) is int and seed >= 0 for seed in value)
    if not (whole and value and len(set(value)) == len(value)):
        raise InputError("seeds: must be a count of 1 or more, or a list of different whole numbers", value, advice)
    return list(value)


def _changed(section: str, base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    table = copy.deepcopy(dict(base))
    for name, value in changes.items():
        first, *inner = name.split(".")
        if first not in _SECTIONS or not inner:
            raise InputError(f"{name}: an axis must vary the task or the training", name, "e.g. training.width")
        if first == section:
            place = table
            for part in inner[:-1]:
                place = place.setdefault(part, {})
                if not isinstance(place, dict):
                    raise InputError(f"{name}: there is no such key", name, f"{part} is a value, not a table")
            place[inner[-1]] = value
    return table
