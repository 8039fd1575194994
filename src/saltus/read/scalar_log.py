"""Scalars as loggers keep them, one entry each of run, tag, step and value, gathered into a table."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus.curves.report import Finding, counted
from saltus.read.files import require_numbers
from saltus.read.measurements import Labels
from saltus.read.tables import ArrayTable


class ScalarLog:
    """Entries as they come from the files of one source, in bounded memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folders: dict[str, int] = {}
        self._tags: dict[str, int] = {}
        self._folder, self._tag = array("i"), array("i")
        self._step, self._value = array("d"), array("d")

    def __len__(self) -> int:
        return len(self._value)

    def add(self, folder: str, tag: str, step: float, value: float) -> None:
        """Append an entry; raise `InputError` if there are more than `files.MAX_NUMBERS`."""
        self._folder.append(self._folders.setdefault(folder, len(self._folders)))
        self._tag.append(self._tags.setdefault(tag, len(self._tags)))
        self._step.append(step)
        self._value.append(value)
        if not len(self._value) % 1000:
            require_numbers(len(self._value), self._path)

    def count_unnumbered(self) -> list[Finding]:
        """Number the entries of each folder and tag as they came where all their steps are 0, and say so."""
        pairs, of_entry = self._pairs()
        step = np.array(self._step)
        n_entries = np.bincount(of_entry, minlength=len(pairs))
        n_numbered = np.bincount(of_entry, weights=step != 0, minlength=len(pairs))
        unnumbered = (n_entries > 1) & (n_numbered == 0)
        for pair in np.flatnonzero(unnumbered):
            step[of_entry == pair] = np.arange(n_entries[pair])
        if not unnumbered.any():
            return []
        self._step = array("d", step.tobytes())
        tags = ", ".join(dict.fromkeys(pairs[pair][1] for pair in np.flatnonzero(unnumbered)[:3]))
        text = f"{counted(int(unnumbered.sum()), 'curve')} logged without steps ({tags}): counted from 0 as logged"
        return [Finding("missing steps", int(unnumbered.sum()), text)]

    def tags_of_folders(self) -> dict[str, tuple[str, ...]]:
        """The tags in each folder, in the order of their first entries."""
        found: dict[str, list[str]] = {folder: [] for folder in self._folders}
        for folder, tag in self._pairs()[0]:
            found[folder].append(tag)
        return {folder: tuple(tags) for folder, tags in found.items()}

    def _pairs(self) -> tuple[list[tuple[str, str]], NDArray[np.intp]]:
        """Each folder and tag that go together, in the order of their first entries, and the pair of each entry."""
        folders, tags = tuple(self._folders), tuple(self._tags)
        key = np.array(self._folder, dtype=np.int64) * len(tags) + np.array(self._tag, dtype=np.int64)
        keys, first, place = np.unique(key, return_index=True, return_inverse=True)
        order = np.argsort(first)
        pairs = [(folders[pair // len(tags)], tags[pair % len(tags)]) for pair in keys[order].tolist()]
        return pairs, np.argsort(order)[place]

    def table(
        self,
        kind: str,
        named: Callable[[str, str], tuple[str, str]] = lambda folder, tag: (folder, tag),
        settings: Mapping[str, Any] | None = None,
        findings: Sequence[Finding] = (),
        *,
        with_folders: bool = False,
    ) -> ArrayTable:
        """Columns ``run``, ``tag``, ``step`` and ``value``, and if wanted ``folder`` and ``tag_in_folder``.

        Args:
            kind: name of the format.
            named: the run and the tag that the entries of a folder with a tag are to have.
            settings, findings: see `Table`.
            with_folders: whether folders and tags are columns as they are, too.
        """
        pairs, of_entry = self._pairs()
        names = [named(folder, tag) for folder, tag in pairs]
        arrays: dict[str, NDArray[Any] | Labels] = {
            "run": _labels([run for run, _ in names], of_entry),
            "tag": _labels([tag for _, tag in names], of_entry),
            "step": np.array(self._step),
            "value": np.array(self._value),
        }
        if with_folders:
            arrays["folder"] = _labels([folder for folder, _ in pairs], of_entry)
            arrays["tag_in_folder"] = _labels([tag for _, tag in pairs], of_entry)
        return ArrayTable(self._path, arrays, kind, {} if settings is None else settings, findings)


def _labels(names: Sequence[str], of_entry: NDArray[np.intp]) -> Labels:
    """Labels of entries, each named ``names[of_entry]``."""
    unique = Labels.of(names)
    return Labels(unique.codes[of_entry], unique.names)
