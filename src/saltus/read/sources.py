"""Paths, folders and patterns that a user names, as the files that are read."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import overload

from saltus.curves.report import Finding
from saltus.errors import InputError
from saltus.read.files import MAX_BYTES, existing
from saltus.read.folders import MAX_DEPTH, MAX_ENTRIES
from saltus.read.formats.tensorboard import event_files
from saltus.read.readers import is_one_table, is_table_file
from saltus.store.store import is_store

AnyPath = str | os.PathLike[str]

MAX_FILES = 10_000
"""Most files of one set."""
_SHOWN = 100  # letters of the source in reports


@dataclass(frozen=True)
class Sources(Sequence[Path]):
    """Files and folders to read, each of which opens as one table; in the natural order of their paths.

    Attributes:
        paths: each once.
        named: those that the user named, by path or by pattern: they are never left out without an error.
        text: what the user named, at most a line.
        findings: remarks on what lies beside them.
    """

    paths: tuple[Path, ...]
    named: frozenset[Path]
    text: str
    findings: tuple[Finding, ...] = ()

    @overload
    def __getitem__(self, index: int) -> Path: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Path, ...]: ...
    def __getitem__(self, index: int | slice) -> Path | tuple[Path, ...]:
        return self.paths[index]

    def __len__(self) -> int:
        return len(self.paths)


def find_sources(given: AnyPath | Sequence[AnyPath]) -> Sources:
    """The files and folders to read, each of which opens as one table.

    A pattern (``runs/seed*/metrics.csv``, ``**``) that names no file stands for all that it matches. A folder that no
    reader takes as a whole stands for the tables in it and below; hidden ones and links out of it are left out.

    Raises:
        InputError: if a path leads nowhere, a folder holds no table, or there are too many or too large files.
    """
    paths = [given] if isinstance(given, (str, os.PathLike)) else list(given)
    if not paths:
        raise InputError("curves must be named", None, "give a file, a folder or a pattern, e.g. curves.csv")
    found: dict[Path, tuple[Path, bool]] = {}
    findings: list[Finding] = []
    for path in (match for one in paths for match in _matches(one)):
        if path.is_dir() and not is_store(path) and not is_one_table(path) and not event_files(path):
            inside = [(table, False) for table in _tables_below(path)]
            if not inside:
                rule = "a folder of curves must hold files of curves, event files, or be a store of runs"
                raise InputError(rule, str(path), "give a file in it")
        else:
            inside = [(path, True)]
        for table, named in inside:
            place = _place(table)
            known, was_named = found.get(place, (table, False))
            # One of several names of a file, whatever the order in which they were given.
            found[place] = (min(known, table, key=lambda path: (path.is_symlink(), natural(path))), was_named or named)
            if len(found) > MAX_FILES:
                rule = f"a set must have at most {MAX_FILES:,} files"
                raise InputError(rule, _shortened(paths), "give a narrower pattern")
    sources = sorted(found.values(), key=lambda entry: natural(entry[0]))
    _require_total(sources)
    return Sources(
        tuple(path for path, _ in sources),
        frozenset(path for path, named in sources if named),
        _shortened(paths),
        tuple(findings),
    )


def apart(sources: Sources) -> Sources:
    """The same sources, with each folder of event files in the place of one above it."""
    paths: list[Path] = []
    named = set(sources.named)
    for path in sources:
        if not path.is_dir() or is_one_table(path) or is_store(path):
            paths.append(path)
            continue
        files = event_files(path)
        folders = list(dict.fromkeys(file.parent for file in files))
        nested = any(other in folder.parents for folder in folders for other in folders)
        inside = files if nested else folders
        paths += inside
        named |= set(inside) if path in sources.named else set()
    return replace(sources, paths=tuple(paths), named=frozenset(named))


def natural(path: Path) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Key that puts ``seed2`` in front of ``seed10``."""
    text = path.as_posix()
    pieces = re.findall(r"[0-9]+|[^0-9]+", text)
    return tuple((0, int(p[:18]), p) if p[0] in "0123456789" else (1, 0, p) for p in pieces), text


def _matches(given: AnyPath) -> list[Path]:
    """The path itself if something is there, or else all that it matches as a pattern."""
    text = os.fspath(given)
    if not glob.has_magic(text) or os.path.lexists(text):
        return [existing(given)]
    try:
        matches = list(islice(glob.iglob(os.path.expanduser(text), recursive=True), MAX_ENTRIES + 1))
    except (OSError, ValueError, re.error) as error:
        raise InputError("a pattern must match files", text, f"{error}") from error
    if len(matches) > MAX_ENTRIES:
        raise InputError(f"a pattern must match at most {MAX_ENTRIES:,} files", text, "give a narrower one")
    if not matches:
        raise InputError("path must lead to a file", text, "no file matches this pattern: check it")
    every = [Path(match) for match in matches]
    files = [path for path in every if path.is_file()]
    # With ``**`` folders match beside the files in them.
    return [*files, *(path for path in every if path.is_dir() and not any(path in file.parents for file in files))]


def _tables_below(folder: Path) -> list[Path]:
    """The files and folders below that a reader may take; the folder itself where event files are among them."""
    root = folder.resolve()
    found: list[Path] = []
    n_seen = 0
    left = [(folder, 0)]
    while left:
        inside, depth = left.pop()
        for entry in _entries(inside):
            n_seen += 1
            if n_seen > MAX_ENTRIES:
                rule = f"a folder of curves must have at most {MAX_ENTRIES:,} entries"
                raise InputError(rule, str(folder), "give a narrower pattern, or the folder of one run")
            path = Path(entry.path)
            if entry.name.startswith(".") or (entry.is_symlink() and not _leads_into(path, root)):
                continue
            if entry.is_dir(follow_symlinks=False):
                if is_one_table(path):
                    found.append(path)
                elif depth < MAX_DEPTH and not is_store(path):
                    left.append((path, depth + 1))
            elif entry.is_file() and is_table_file(path):
                found.append(path)
    return found


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError as error:
        raise InputError("a folder of curves must be readable", str(folder), f"{error.strerror}") from error


def _leads_into(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link to itself
        return False


def _place(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path


def _require_total(sources: Sequence[tuple[Path, bool]]) -> None:
    if len(sources) == 1:
        return
    total = sum(path.stat().st_size for path, _ in sources if path.is_file())
    if total > MAX_BYTES:
        rule = f"files of one set must take at most {MAX_BYTES // 2**20} MiB together"
        raise InputError(rule, f"{len(sources)} files: {total / 2**20:.4g} MiB", "give a narrower pattern")


def _shortened(paths: Sequence[AnyPath]) -> str:
    text = ", ".join(sorted((str(os.fspath(path)) for path in paths), key=lambda text: natural(Path(text))))
    if len(paths) == 1 or len(text) <= _SHOWN:
        return text
    try:
        around = os.path.commonpath([os.path.abspath(path) for path in paths])
        around = os.path.relpath(around) if not os.path.relpath(around).startswith("..") else around
    except ValueError:  # several drives
        around = ""
    return f"{len(paths)} paths in {around}" if around else f"{len(paths)} paths"
