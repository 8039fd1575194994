"""Files that appear whole or not at all, and one answer where an optional package is missing."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from saltus.errors import InputError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends well, and is gone otherwise."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:64]}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


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
