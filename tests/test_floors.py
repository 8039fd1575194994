"""Data flows one way: no import goes up a floor, lazy ones and those for types included, and no circle is closed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"


@cache
def floors() -> list[list[str]]:
    """From the top: floors as the contributors' guide lists them, each of rooms that do not know each other."""
    text = (ROOT / "CONTRIBUTING.md").read_text()
    block = re.search(r"<!-- floors -->\n```text\n(.*?)```", text, re.S)
    assert block is not None
    return [re.split(r"\s+", line.strip()) for line in block[1].splitlines()]


def modules() -> dict[str, Path]:
    return {
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((SOURCE / "saltus").rglob("*.py"))
    }


@cache
def imports() -> dict[str, set[str]]:
    """Modules of ours that each module imports, wherever in it."""
    known = modules()
    found: dict[str, set[str]] = {}
    for module, path in known.items():
        found[module] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module} imports relatively"
                parent = node.module or ""
                targets = [f"{parent}.{a.name}" if f"{parent}.{a.name}" in known else parent for a in node.names]
            else:
                continue
            found[module] |= {target for target in targets if target.split(".")[0] == "saltus"}
    return found


def room_of(module: str) -> str:
    """The listed room that names most of the module."""
    short = module.removeprefix("saltus.")
    rooms = [room for floor in floors() for room in floor if short == room or short.startswith(f"{room}.")]
    assert rooms, f"{module} is on no floor: list it in CONTRIBUTING.md"
    return max(rooms, key=len)


def floor_of(module: str) -> int:
    return next(level for level, floor in enumerate(floors()) if room_of(module) in floor)


# The roof: it names every public thing for those who import the package, and no module of the library looks at it.
ROOF = "saltus"


def test_every_listed_room_exists() -> None:
    rooms = [room for floor in floors() for room in floor]
    assert len(rooms) == len(set(rooms))
    for room in rooms:
        assert f"saltus.{room}" in modules(), room


@pytest.mark.parametrize("module", sorted(set(modules()) - {ROOF}))
def test_no_import_goes_up_or_across(module: str) -> None:
    for target in imports()[module]:
        assert target != ROOF, f"{module} imports the roof"
        if room_of(target) != room_of(module):
            assert floor_of(target) > floor_of(module), f"{module} imports {target}, which is not below it"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph, done = imports(), set[str]()

    def walk(module: str, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        if module in path:
            yield path[path.index(module) :]
        elif module not in done:
            for target in sorted(graph[module] - {ROOF}):
                yield from walk(target, (*path, module))
            done.add(module)

    circles = [circle for module in sorted(set(graph) - {ROOF}) for circle in walk(module, ())]
    assert circles == []


def test_families_of_forecasts_share_one_module_alone() -> None:
    families = {name: f"saltus.forecast.{name}." for name in ("time", "size")}
    for module, targets in imports().items():
        for own in families.values():
            if module.startswith(own):
                shared = {t for t in targets if t.startswith("saltus.forecast.") and not t.startswith(own)}
                assert all(re.match(r"saltus\.forecast\.base\b", target) for target in shared), module


def test_forecasting_needs_no_training_and_no_store() -> None:
    todo, seen = ["saltus.forecast.assess"], set[str]()
    while todo:
        if (module := todo.pop()) not in seen:
            seen.add(module)
            todo += imports()[module]
    assert not [module for module in seen if re.match(r"saltus\.(train|store|runs|simulate|parity)\b", module)]
