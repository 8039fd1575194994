"""Bounds on files, checked before anything is read: memory and time stay in proportion."""

from __future__ import annotations

import os
from pathlib import Path

from saltus.errors import InputError

MAX_BYTES = 2**28
"""Largest file, and largest sum of unpacked parts."""
MAX_NUMBERS = 5_000_000
"""Most numbers that are kept of one file, and most cells of the grid that they are laid out on."""
MAX_COLUMNS = 10_000
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
LAST_WHOLE = 2.0**53
"""Largest number up to which floats hold every whole number."""


def existing(path: str | os.PathLike[str]) -> Path:
    """The path as a `Path`, or raise `InputError` unless it is there."""
    found = Path(path)
    try:
        found.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("path must lead to a file", str(path), f"{reason}: check the name") from error
    return found


def require_small_file(path: Path) -> Path:
    """Return ``path``, or raise `InputError` unless it is a regular file of at most `MAX_BYTES`, and not empty."""
    if not path.is_file():
        raise InputError("curves must be in a file", str(path), "give the file itself, e.g. curves.csv")
    size = path.stat().st_size
    if size == 0:
        raise InputError("a file of curves must not be empty", str(path), "export it again")
    require_bytes(size, path)
    _require_content(path)
    return path


def _require_content(path: Path) -> None:
    """Raise `InputError` if Git LFS left no more than a pointer in the place of the file."""
    try:
        with path.open("rb") as file:
            start = file.read(len(_LFS_POINTER))
    except OSError as error:
        raise InputError("a file of curves must be readable", str(path), f"{error.strerror}") from error
    if start == _LFS_POINTER:
        rule = "a file of curves must hold its content, not a pointer of Git LFS"
        raise InputError(rule, path.name, "fetch it with: git lfs pull")


def require_bytes(size: int, path: Path, of: str = "curves") -> None:
    """Raise `InputError` unless ``size`` in bytes, of ``path`` or of its unpacked content, is within `MAX_BYTES`."""
    if size > MAX_BYTES:
        rule = f"{of} must take at most {MAX_BYTES // 2**20} MiB, unpacked"
        raise InputError(rule, f"{path.name}: {size / 2**20:.4g} MiB", "export fewer columns or rows")


def bounded_text(path: Path, of: str) -> str:
    """Text of a file in UTF-8, or of a pipe; raise `InputError` if it is longer than `MAX_BYTES`."""
    with path.open(encoding="utf-8-sig") as file:
        text = file.read(MAX_BYTES + 1)
    require_bytes(len(text), path, of)
    return text


def require_numbers(count: int, path: Path) -> None:
    """Raise `InputError` if more than `MAX_NUMBERS` numbers are to be kept."""
    if count > MAX_NUMBERS:
        rule = f"curves must hold at most {MAX_NUMBERS:,} numbers"
        raise InputError(rule, f"{path.name}: {count:,}", "choose fewer with columns=, or export fewer rows")
