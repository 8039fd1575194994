"""Names of skills as people know them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


def skill_names(curves: xr.Dataset) -> tuple[str, ...]:
    """Name of each skill, in the order of the curves: the file's, or else its number ("1", "2", ...)."""
    column = curves["skill_name" if "skill_name" in curves.coords else "skill"]
    return tuple(str(name) for name in column.to_numpy())


def named(name: str) -> str:
    """A skill in a sentence: ``skill 3`` where it has but a number, and the name in quotes where it has one."""
    return f"skill {name}" if name.isdecimal() else f"skill {name!r}"


def called(names: Sequence[str], skill: int) -> str:
    """A skill by its number in a sentence: `named`, but ``skill 1 ('0')`` where its name is another number."""
    name = names[skill - 1]
    return f"skill {skill} ({name!r})" if name.isdecimal() and name != str(skill) else named(name)


def named_all(names: Iterable[str]) -> str:
    """Several skills in a sentence: ``skill 1, 2``, or ``skill 'add', 'sub'``."""
    return "skill " + ", ".join(named(name).removeprefix("skill ") for name in names)


def has_names(names: Sequence[str]) -> bool:
    """Whether names say more than the numbers 1, 2, ... in their order."""
    return any(name != str(number) for number, name in enumerate(names, start=1))
