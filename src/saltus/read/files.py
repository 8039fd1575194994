"""What a file may be before anything is read from it: bounds that keep memory and time in proportion."""

from __future__ import annotations

import os
from pathlib import Path

from saltus.errors import InputError

MAX_BYTES = 2**28
"""Largest file, and largest sum of unpacked parts."""
MAX_NUMBERS = 5_000_000
"""Most numbers that are kept of one file, and most cells of the grid that they are laid out on."""
MAX_COLUMNS = 10_000


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
    return path


def require_bytes(size: int, path: Path, of: str = "curves") -> None:
    """Raise `InputError` unless ``size`` in bytes, of ``path`` or of its unpacked content, is within `MAX_BYTES`."""
    if size > MAX_BYTES:
        rule = f"{of} must take at most {MAX_BYTES // 2**20} MiB, unpacked"
        raise InputError(rule, f"{path.name}: {size / 2**20:.4g} MiB", "export fewer columns or rows")


def require_numbers(count: int, path: Path) -> None:
    """Raise `InputError` if more than `MAX_NUMBERS` numbers are to be kept."""
    if count > MAX_NUMBERS:
        rule = f"curves must hold at most {MAX_NUMBERS:,} numbers"
        raise InputError(rule, f"{path.name}: {count:,}", "choose fewer with columns=, or export fewer rows")
