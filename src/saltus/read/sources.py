"""Paths, folders and patterns that a user names, as the files that are read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from saltus.read.files import existing

AnyPath = str | os.PathLike[str]


def find_sources(given: AnyPath | Sequence[AnyPath]) -> tuple[Path, ...]:
    """The files and folders to read, each of which opens as one table.

    Raises:
        InputError: if a path leads nowhere.
    """
    paths = [given] if isinstance(given, (str, os.PathLike)) else given
    return tuple(existing(path) for path in paths)
