"""A folder of runs: one file each, named by its configuration, which appears whole or not at all.

    saltus-store.json            marks the folder as a store, with the version of its format
    plans/<sha>.json             a sweep: the names of its runs and the settings that tell them apart
    ab/<sha>.npz                 a run: configuration and curves
    ab/<sha>.failed.json         the reason why a run failed; a diverged run has its curves beside
    ab/<sha>.checkpoint.npz      the state of a run under way
    lock, lock.3-of-16           see `saltus.store.lock`

Nothing is ever pickled. A file is written under a temporary name in its folder and moved into place.
"""

from __future__ import annotations

import io
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from saltus import files
from saltus.errors import InputError, StoppedError
from saltus.store import migrate as formats
from saltus.store.plan import Labels, Plan

MARKER = "saltus-store.json"
_FOLDER = re.compile("[0-9a-f]{2}")
_HOUSEHOLD = re.compile(r"saltus-store\.json|plans|lock(\.\d+-of-\d+)?")
_OURS = re.compile(r"([0-9a-f]{64})(\.npz|\.failed\.json|\.checkpoint\.npz)")
_TEMPORARY = re.compile(r"\.(.{1,64})\.\d+\.[0-9a-f]{8}\.tmp")
_ZIP_END = 22  # bytes of the record that closes a zip file; a .npz file is one

Kind = Literal[".npz", ".failed.json", ".checkpoint.npz"]


@dataclass
class Contents:
    """Contents of a store, by the names of runs.

    Attributes:
        stored, failed, checkpoints: runs with such a file.
        damaged: run files that are not whole.
        temporary: unfinished files of killed drivers, each with the name of the run (or other file) it belongs to.
        foreign: files that belong to no store.
    """

    stored: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    checkpoints: set[str] = field(default_factory=set)
    damaged: set[str] = field(default_factory=set)
    temporary: list[tuple[str, Path]] = field(default_factory=list)
    foreign: list[Path] = field(default_factory=list)


class Store:
    """A store in ``folder``, which must exist; see `create` and `open`.

    Args:
        folder: the store's folder.
        fsync: force every file to the disk before it counts, against power cuts; costs a few ms a run.
    """

    def __init__(self, folder: Path, *, fsync: bool = False) -> None:
        self.folder = folder
        self._fsync = fsync
        self._made: set[Path] = set()

    @classmethod
    def create(cls, folder: Path, *, fsync: bool = False) -> Store:
        """Open the store in ``folder``, or make one there if the folder is empty or missing.

        Raises:
            InputError: if it holds something else, or cannot be written to.
        """
        advice = "choose another folder for the store"
        if folder.exists() and not folder.is_dir():
            raise InputError("the store must be a folder", str(folder), f"it is a file: {advice}")
        store = cls(folder, fsync=fsync)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            if not (folder / MARKER).exists():
                if not all(path.name == "lock" or _TEMPORARY.fullmatch(path.name) for path in folder.iterdir()):
                    raise InputError(
                        "the store must be empty or a store of runs", str(folder), f"it is neither: {advice}"
                    )
                store._mark(formats.FORMAT)
        except OSError as error:
            raise InputError("the store must be writable", str(folder), f"{error.strerror}: {advice}") from error
        return cls.open(folder, fsync=fsync)

    @classmethod
    def open(cls, folder: Path, *, fsync: bool = False) -> Store:
        """Open the store in ``folder``; one of an older format is brought to the present one (`saltus.store.migrate`).

        Raises:
            InputError: if there is none, it was written by a later version, or it is of an older format and a driver is
                at work on it.
        """
        try:
            found = json.loads((folder / MARKER).read_bytes())["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError("there must be a store of runs", str(folder), "give the folder of a sweep run") from error
        store = cls(folder, fsync=fsync)
        if isinstance(found, int) and found in formats.STEPS:
            formats.migrate(folder, found, store._mark)
        elif found != formats.FORMAT:
            rule = f"the store's format must be {formats.FORMAT}"
            raise InputError(rule, found, "use the version of saltus that wrote it")
        return store

    def path(self, key: str, kind: Kind) -> Path:
        """Path of a file of that run, whether it exists or not."""
        return self.folder / key[:2] / f"{key}{kind}"

    def write_arrays(self, key: str, kind: Kind, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Store arrays; the file appears whole or not at all.

        Raises:
            StoppedError: if the disk is full or the store cannot be written to.
        """
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        self._keep(self.path(key, kind), buffer.getvalue())

    def read_arrays(self, key: str, kind: Kind) -> dict[str, NDArray[Any]] | None:
        """Arrays of such a file; None if there is none, or it is not whole."""
        try:
            with np.load(self.path(key, kind), allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (OSError, ValueError, EOFError, KeyError, BadZipFile, NotImplementedError):
            return None

    def write_failure(self, key: str, record: Mapping[str, Any]) -> None:
        """Store the reason why a run failed."""
        self._keep(self.path(key, ".failed.json"), json.dumps(record, indent=1).encode() + b"\n")

    def read_failure(self, key: str) -> dict[str, Any]:
        """Status and reason of a failed run."""
        try:
            record = json.loads(self.path(key, ".failed.json").read_bytes())
            return {"status": str(record["status"]), "reason": str(record["reason"])}
        except (OSError, ValueError, KeyError, TypeError):
            return {"status": "unknown", "reason": "its record cannot be read"}

    def remove(self, key: str, kind: Kind) -> None:
        """Remove such a file, if there is one."""
        self.path(key, kind).unlink(missing_ok=True)

    def add_plan(self, plan: Plan, *, extend: bool) -> None:
        """Note the sweep to which this store belongs.

        Raises:
            InputError: if it is for another one already, and ``extend`` does not say that it may hold both.
        """
        path = self.folder / "plans" / f"{plan.name}.json"
        if path.exists():
            return
        if not extend and self._plan_files():
            advice = "choose another store, or say extend=True to keep the runs of both in this one"
            raise InputError("the store must belong to this sweep", str(self.folder), advice)
        shared, own = plan.labels()
        text = json.dumps({"shared": shared, "runs": list(zip(plan.keys, own, strict=True))})
        self._keep(path, text.encode())

    def planned(self) -> dict[str, Labels]:
        """Settings of every run that a sweep on this store has, by name, in the order of the sweep.

        Raises:
            InputError: if a plan cannot be read.
        """
        runs: dict[str, Labels] = {}
        for path in self._plan_files():
            try:
                plan = json.loads(path.read_bytes())
                runs.update({key: {**plan["shared"], **own} for key, own in plan["runs"]})
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise InputError("the plan must be readable", str(path), "delete it and run the sweep again") from error
        return runs

    def contents(self) -> Contents:
        """Look at every file's name, and at the end of every run's file."""
        found = Contents()
        for entry in sorted(os.scandir(self.folder), key=lambda entry: entry.name):
            if _FOLDER.fullmatch(entry.name) and entry.is_dir():
                for file in os.scandir(entry.path):
                    _sort(file, found)
            elif not _HOUSEHOLD.fullmatch(entry.name):
                _sort(entry, found)
        for path in (self.folder / "plans").glob(".*.tmp"):
            found.temporary.append((path.name, path))
        return found

    def tidy(self, contents: Contents, keys: Iterable[str], *, alone: bool) -> None:
        """Remove unfinished files that killed drivers left of these runs, and checkpoints of stored runs.

        ``alone`` says that no other driver is at work here, so that every unfinished file is a leftover.
        """
        ours = set(keys)
        for key, path in contents.temporary:
            if alone or key in ours:
                path.unlink(missing_ok=True)
        for key in contents.checkpoints & contents.stored & ours:
            self.remove(key, ".checkpoint.npz")

    def _plan_files(self) -> list[Path]:
        return sorted((self.folder / "plans").glob("*.json"))

    def _mark(self, number: int) -> None:
        """Note the format of the store."""
        self._write(self.folder / MARKER, json.dumps({"format": number}).encode() + b"\n")

    def _keep(self, path: Path, content: bytes) -> None:
        try:
            self._write(path, content)
        except OSError as error:
            advice = "make room or give access, then start the same sweep again: it continues"
            raise StoppedError(f"the store {self.folder} cannot be written to: {error.strerror}; {advice}") from error

    def _write(self, path: Path, content: bytes) -> None:
        if path.parent not in self._made:
            path.parent.mkdir(exist_ok=True)
            self._made.add(path.parent)
        with files.whole(path, fsync=self._fsync) as temporary:
            temporary.write_bytes(content)


def _sort(file: os.DirEntry[str], found: Contents) -> None:
    path = Path(file.path)
    ours, temporary = _OURS.fullmatch(file.name), _TEMPORARY.fullmatch(file.name)
    if temporary is not None:
        found.temporary.append((temporary[1], path))
    elif ours is None or path.parent.name != ours[1][:2]:
        found.foreign.append(path)
    elif ours[2] == ".npz":
        (found.stored if _is_whole_zip(file.path) else found.damaged).add(ours[1])
    else:
        (found.failed if ours[2] == ".failed.json" else found.checkpoints).add(ours[1])


def _is_whole_zip(path: str) -> bool:
    """Whether the file ends in the record with which zip files end, and that record fits its length."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _ZIP_END))
            end = file.read()
    except OSError:
        return False
    n_bytes, start = (int.from_bytes(end[i : i + 4], "little") for i in (12, 16))
    return end[:4] == b"PK\5\6" and start + n_bytes + _ZIP_END == size


def is_store(path: Path) -> bool:
    """Whether a folder is a store of runs."""
    return (path / MARKER).is_file()
