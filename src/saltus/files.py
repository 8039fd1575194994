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
    """The imported module, or an `InputError` that says what needs it and how to install it.

    Args:
        module: dotted name, e.g. ``"pyarrow.parquet"``; the package is its first part.
        extra: the extra of saltus that installs it.
        purpose: what needs it, as the start of a sentence, e.g. ``"reading Parquet"``.
        received: what asked for it.
        otherwise: what else one can do, as an imperative.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        advice = f"pip install 'saltus[{extra}]'" + (f", or {otherwise}" if otherwise else "")
        raise InputError(f"{purpose} needs the package {module.partition('.')[0]}", received, advice) from error
