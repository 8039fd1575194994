"""Folders from anywhere, walked within bounds: links to folders are not followed, pipes and devices not opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from saltus.errors import InputError

MAX_ENTRIES = 100_000
"""Most entries of a folder and all below it, and most matches of a pattern, that are looked at."""
MAX_DEPTH = 64


def files_below(folder: Path, wanted: Callable[[Path], bool]) -> list[Path]:
    """The wanted files in a folder and below, ordered by their paths.

    Links to files are followed, as caches of downloads are made of them.

    Raises:
        InputError: if a folder cannot be read, or holds more than `MAX_ENTRIES` entries.
    """
    found: list[Path] = []
    n_seen = 0
    left = [(str(folder), 0)]
    while left:
        inside, depth = left.pop()
        try:
            with os.scandir(inside) as entries:
                for entry in entries:
                    n_seen += 1
                    if n_seen > MAX_ENTRIES:
                        rule = f"a folder of curves must have at most {MAX_ENTRIES:,} entries"
                        raise InputError(rule, str(folder), "give the folder of one run")
                    if entry.is_dir(follow_symlinks=False):
                        if depth < MAX_DEPTH:
                            left.append((entry.path, depth + 1))
                    elif wanted(path := Path(entry.path)) and entry.is_file():
                        found.append(path)
        except OSError as error:
            raise InputError("a folder of curves must be readable", inside, f"{error.strerror}") from error
    return sorted(found)


def folders_in(folder: Path) -> list[Path]:
    """The folders directly in a folder, links and hidden ones aside, ordered by name.

    Raises:
        InputError: if it cannot be read, or holds more than `MAX_ENTRIES` entries.
    """
    try:
        with os.scandir(folder) as entries:
            found = []
            for n_seen, entry in enumerate(entries, 1):
                if n_seen > MAX_ENTRIES:
                    rule = f"a folder of curves must have at most {MAX_ENTRIES:,} entries"
                    raise InputError(rule, str(folder), "give the folder of one run")
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    found.append(Path(entry.path))
    except OSError as error:
        raise InputError("a folder of curves must be readable", str(folder), f"{error.strerror}") from error
    return sorted(found)
