"""The state of Hugging Face's Trainer: ``trainer_state.json``, of one checkpoint or of a folder of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.beside import beside_finding, settings_beside
from saltus.read.files import require_small_file
from saltus.read.formats.json_text import JsonText
from saltus.read.positions import position_in_name
from saltus.read.records import Records, RecordTable
from saltus.read.text import open_text

_STATE = "trainer_state.json"
_HISTORY = "log_history"
_MAX_ENTRIES = 10_000  # in a folder of checkpoints
_SUMMARY = "train_runtime"
"""Key of the row at the end that tells means over the whole training."""


def is_trainer_folder(path: Path) -> bool:
    """Whether a folder is a checkpoint of the Trainer, or holds some."""
    return path.is_dir() and bool(_states(path))


def open_trainer_folder(folder: Path) -> RecordTable:
    """The newest state in a folder that can be read: it holds the whole history of the run.

    Raises:
        InputError: if none can be read.
    """
    states = _states(folder)
    failed: list[InputError] = []
    for state in states:
        try:
            findings = _said(states, state, folder, len(failed))
            return open_trainer_state(require_small_file(state), findings)
        except InputError as error:
            failed.append(error)
    raise failed[0]


def open_trainer_state(path: Path, findings: tuple[Finding, ...] = ()) -> RecordTable:
    """The rows of a state's history; rows of one step, one for each evaluation set, are one row.

    Raises:
        InputError: if the file is damaged, or its history is empty.
    """
    rows = Records(path)
    summary = 0
    state: dict[str, Any] = {}
    with open_text(path) as file:
        cursor = JsonText(file, path)
        for key in cursor.members():
            if key != _HISTORY or cursor.peek() != "[":
                state[key] = cursor.value()
                continue
            whole = _Joined()
            for batch in cursor.elements():
                records = [record for record in batch if isinstance(record, dict)]
                measured = [record for record in records if _SUMMARY not in record]
                summary += len(records) - len(measured)
                rows.add(whole.take(measured))
            rows.add(whole.rest())
    if not rows.n_rows:
        advice = "give the state of a checkpoint after the first log"
        raise InputError("log_history of a trainer_state.json must hold rows", path.name, advice)
    told = settings_beside(path)
    said = [*findings, *beside_finding(told)]
    if summary:
        text = f"{counted(summary, 'row')} of means over the whole training ({_SUMMARY}), left out"
        said.append(Finding("summaries", summary, text))
    size = state.get("train_batch_size")
    settings = {"batch_size": size} | told if isinstance(size, int) else told
    return rows.table("Hugging Face Trainer", settings, said)


class _Joined:
    """Rows that follow each other at one step and tell different things, as one."""

    def __init__(self) -> None:
        self._row: dict[str, Any] = {}

    def take(self, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [dict(row) for row in self._whole(records)]

    def rest(self) -> list[dict[str, Any]]:
        return [self._row] if self._row else []

    def _whole(self, records: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
        for record in records:
            row = self._row
            if row and record.get("step") == row.get("step") and row.keys() & record.keys() <= {"step", "epoch"}:
                row.update(record)
                continue
            if row:
                yield row
            self._row = dict(record)


def _states(folder: Path) -> list[Path]:
    """States in a folder and in its checkpoints, the newest first."""
    try:
        inside = [path / _STATE for path in islice(folder.glob("checkpoint-*"), _MAX_ENTRIES)]
        found = [path for path in inside if path.is_file()]
        found.sort(key=lambda path: (position_in_name(path.parent.name) or ("", -1.0))[1], reverse=True)
        own = folder / _STATE
        return [own, *found] if own.is_file() else found
    except OSError:
        return []


def _said(states: list[Path], chosen: Path, folder: Path, n_failed: int) -> tuple[Finding, ...]:
    if len(states) < 2:
        return ()
    name = chosen.relative_to(folder).as_posix()
    text = f"{len(states)} states of one run: {name} holds the history"
    if n_failed:
        text += f" ({counted(n_failed, 'newer one')} could not be read)"
    return (Finding("checkpoints", len(states), text),)
