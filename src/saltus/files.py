"""Files that appear whole or not at all, and one answer where an optional package is missing."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from saltus.errors import InputError


@contextmanager
def whole(path: Path, *, fsync: bool = False) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends well, and is gone otherwise.

    Its name is ``.<first 64 letters of path's>.<process>.<8 hexadecimal digits>.tmp``, by which leftovers of killed
    processes are known. With ``fsync`` it is forced to the disk before it counts, against power cuts.
    """
    temporary = path.parent / f".{path.name[:64]}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    try:
        temporary.touch(exist_ok=False)
        yield temporary
        if fsync:
            _force_to_disk(temporary, os.O_RDWR)
        os.replace(temporary, path)
        if fsync and os.name == "posix":  # other systems neither open folders nor need this
            _force_to_disk(path.parent, os.O_RDONLY)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _force_to_disk(path: Path, mode: int) -> None:
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with line ends as they are; the file appears whole or not at all."""
    with whole(path) as temporary:
        temporary.write_bytes(text.encode())


def require_package(module: str, *, extra: str, purpose: str, received: object, otherwise: str = "") -> Any:
    """Import a module of an optional package.

    Args:
        module: dotted name, e.g. ``"pyarrow.parquet"``; the package is its first part.
        extra: the extra of saltus that installs it.
        purpose: the task that needs it, as the start of a sentence, e.g. ``"reading Parquet"``.
        received: the value that asked for it.
        otherwise: another way out, as an imperative.

    Raises:
        InputError: if it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        advice = f"pip install 'saltus[{extra}]'" + (f", or {otherwise}" if otherwise else "")
        raise InputError(f"{purpose} needs the package {module.partition('.')[0]}", received, advice) from error
