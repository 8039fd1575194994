"""What commands share in reading their options: a choice by name, and the options as settings to be written down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from saltus.errors import InputError
from saltus.settings import describe

T = TypeVar("T")


def chosen(what: str, name: str, choices: Mapping[str, T]) -> T:
    """The choice of that name.

    Raises:
        InputError: if there is none; the message lists those that there are.
    """
    if name not in choices:
        raise InputError(f"{what} must be one of {', '.join(choices)}", name, "choose one of them")
    return choices[name]


def settings_of(command: Any) -> dict[str, Any]:
    """A command's options as plain data, but for those that say where results go."""
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in describe(command).items()
        if name not in ("kind", "json", "out")
    }
