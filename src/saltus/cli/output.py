"""What commands share: a table for people, one JSON object for programs, a choice by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from saltus.errors import InputError

T = TypeVar("T")


def chosen(what: str, name: str, choices: Mapping[str, T]) -> T:
    """The choice of that name.

    Raises:
        InputError: if there is none; the message lists those that there are.
    """
    if name not in choices:
        raise InputError(f"{what} must be one of {', '.join(choices)}", name, "choose one of them")
    return choices[name]
