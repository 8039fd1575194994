"""TensorBoard logs: one skill a tag; a folder is a run, a split of one, or a curve of `add_scalars`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.beside import beside_finding, settings_beside
from saltus.read.files import require_bytes, require_small_file
from saltus.read.folders import files_below
from saltus.read.formats.event_folders import roles_of_folders
from saltus.read.formats.events import ENDS_EARLY, MAX_RECORD, TornError, scalars
from saltus.read.scalar_log import ScalarLog
from saltus.read.tables import ArrayTable
from saltus.read.tracked import settings_of_runs

_TIMESTAMP = re.compile(r"\d{9,11}\.\d+")
"""Name of a folder that `add_hparams` makes in that of a run, for one last value of each metric."""
_TIME = re.compile(r"tfevents\.(\d{1,18})")


def is_event_file(path: Path) -> bool:
    """Whether TensorBoard would take the file for its own: by its name."""
    return "tfevents" in path.name


def event_files(folder: Path) -> list[Path]:
    """All event files in a folder and below, the oldest of each folder first (their names hold the time)."""
    return sorted(files_below(folder, is_event_file), key=_age)


def _age(path: Path) -> tuple[Path, int, str]:
    time = _TIME.search(path.name)
    return path.parent, int(time[1]) if time else 0, path.name


def open_events(root: Path) -> ArrayTable:
    """The scalars of an event file, or of all in a folder, as rows of run, tag, step and value.

    A file that is not finished, or damaged, is read as far as it is whole.

    Raises:
        InputError: if there is no event file, or none holds a scalar in front of its damage.
    """
    files = event_files(root) if root.is_dir() else [root]
    if not files:
        rule = "a folder of curves must hold TensorBoard event files or be a store of runs"
        raise InputError(rule, str(root), "give a file in it")
    folders = {path.parent for path in files}
    of_settings = {path for path in files if _TIMESTAMP.fullmatch(path.parent.name) and path.parent.parent in folders}
    empty = [path for path in files if root.is_dir() and not path.stat().st_size]
    files = [path for path in files if path not in of_settings and path not in empty]
    require_bytes(sum(require_small_file(path).stat().st_size for path in files), root)
    log = ScalarLog(root)
    torn: list[tuple[Path, TornError]] = []
    n_unread = 0
    for path in files:
        folder = "." if path == root else path.parent.relative_to(root).as_posix()
        try:
            for scalar in scalars(path):
                if scalar is None:
                    n_unread += 1
                else:
                    log.add(folder, *scalar)
        except TornError as error:
            torn.append((path, error))
    if not len(log):
        if torn:
            path, end = torn[0]
            rule, where = f"an event file must be whole: {end.reason}", f"{path.name}, byte {end.at}"
            raise InputError(rule, where, "copy it again when it is complete")
        raise InputError("event files must hold scalars", str(root), "log scalars, e.g. add_scalar(tag, value, step)")
    named, said = roles_of_folders(log.tags_of_folders())
    settings, differing = settings_of_runs(_settings_of_runs(root, files))
    findings = [*_torn_findings(torn), *said, *differing, *beside_finding(settings)]
    if n_unread:
        text = f"{counted(n_unread, 'record')} above {MAX_RECORD // 1024} KiB (images, graphs), not read"
        findings.append(Finding("large records", n_unread, text))
    if empty:
        text = f"{counted(len(empty), 'event file')} without a byte, left out: {empty[0].name}"
        findings.append(Finding("empty files", len(empty), text))
    return log.table("TensorBoard events", named, settings, findings, with_folders=bool(said))


def _settings_of_runs(root: Path, files: Sequence[Path]) -> list[dict[str, Any]]:
    """The settings told beside the files in each folder, or in a folder around it up to the root."""
    top = root if root.is_dir() else root.parent
    told = []
    for folder in dict.fromkeys(path.parent for path in files):
        around = [place for place in (folder, *folder.parents) if place == top or top in place.parents]
        found: dict[str, Any] = {}
        for place in around:
            found = settings_beside(place) | found
        told.append(found)
    return [found for found in told if found]


def _torn_findings(torn: Sequence[tuple[Path, TornError]]) -> list[Finding]:
    unfinished = [(path, error) for path, error in torn if error.reason == ENDS_EARLY]
    damaged = [(path, error) for path, error in torn if error.reason != ENDS_EARLY]
    findings = []
    if unfinished:
        path, error = unfinished[0]
        text = f"{path.name} ends within a record at byte {error.at}: read up to there; is the run going on, or killed?"
        findings.append(Finding("unfinished files", len(unfinished), _with_others(text, unfinished)))
    if damaged:
        path, error = damaged[0]
        size = path.stat().st_size
        text = f"{path.name}: {error.reason} at byte {error.at} of {size}: read up to there; copy the file again"
        findings.append(Finding("damaged files", len(damaged), _with_others(text, damaged)))
    return findings


def _with_others(text: str, torn: Sequence[tuple[Path, TornError]]) -> str:
    return text if len(torn) == 1 else f"{text} (and {counted(len(torn) - 1, 'other file')})"
