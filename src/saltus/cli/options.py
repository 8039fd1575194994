"""Options that several commands share: a choice by name, a number of workers, and all of them as settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from saltus.errors import InputError, require_whole
from saltus.settings import describe

T = TypeVar("T")


def chosen(what: str, name: str, choices: Mapping[str, T]) -> T:
    """The choice of that name.

    Raises:
        InputError: if there is none; the message lists the choices.
    """
    if name not in choices:
        raise InputError(f"{what} must be one of {', '.join(choices)}", name, "choose one of them")
    return choices[name]


def require_workers(workers: int | None) -> int | None:
    """The number of runs side by side; None is left to the machine.

    Raises:
        InputError: if it is less than 1.
    """
    return None if workers is None else require_whole("workers", workers, 1, "give 1 or more")


def settings_of(command: Any) -> dict[str, Any]:
    """A command's options as plain data, without those that say where results go."""

    def plain(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [plain(one) for one in value]
        return str(value) if isinstance(value, Path) else value

    return {name: plain(value) for name, value in describe(command).items() if name not in ("kind", "json", "out")}
