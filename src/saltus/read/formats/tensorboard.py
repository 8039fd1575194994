"""TensorBoard logs: one run a folder, one skill a tag."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.files import require_bytes, require_numbers, require_small_file
from saltus.read.formats.events import MAX_RECORD, scalars
from saltus.read.measurements import Labels
from saltus.read.tables import ArrayTable

_MAX_ENTRIES = 100_000


def is_event_file(path: Path) -> bool:
    """Whether TensorBoard would take the file for its own: by its name."""
    return "tfevents" in path.name


def event_files(folder: Path) -> list[Path]:
    """All event files in a folder and below, the oldest of each folder first (their names begin with the time)."""
    found = []
    for i, path in enumerate(folder.rglob("*")):
        if i == _MAX_ENTRIES:
            rule = f"a folder of event files must have at most {_MAX_ENTRIES:,} entries"
            raise InputError(rule, str(folder), "give the folder of one run")
        if is_event_file(path) and path.is_file():
            found.append(path)
    return sorted(found)


def open_events(root: Path) -> ArrayTable:
    """The scalars of an event file, or of all in a folder, as rows of run, tag, step and value: each folder is a run.

    Raises:
        InputError: if there is no event file, one is damaged or ends within a record, or none holds a scalar.
    """
    files = event_files(root) if root.is_dir() else [root]
    if not files:
        rule = "a folder of curves must hold TensorBoard event files or be a store of runs"
        raise InputError(rule, str(root), "give a file in it")
    require_bytes(sum(require_small_file(path).stat().st_size for path in files), root)
    runs: dict[str, int] = {}
    tags: dict[str, int] = {}
    entries: list[tuple[int, int, int, float]] = []
    n_unread = 0
    for path in files:
        folder = "0" if root in (path, path.parent) else path.parent.relative_to(root).as_posix()
        run = runs.setdefault(folder, len(runs))
        for scalar in scalars(path):
            if scalar is None:
                n_unread += 1
                continue
            tag, step, value = scalar
            entries.append((run, tags.setdefault(tag, len(tags)), step, value))
            require_numbers(len(entries), path)
    if not entries:
        raise InputError("event files must hold scalars", str(root), "log scalars, e.g. add_scalar(tag, value, step)")
    run_codes, tag_codes, steps, values = (np.array(column) for column in zip(*entries, strict=True))
    text = f"{counted(n_unread, 'record')} above {MAX_RECORD // 1024} KiB (images, graphs), not read"
    arrays: dict[str, NDArray[Any] | Labels] = {
        "run": Labels(run_codes.astype(np.int32), tuple(runs)),
        "tag": Labels(tag_codes.astype(np.int32), tuple(tags)),
        "step": steps.astype(float),
        "value": values.astype(float),
    }
    findings = (Finding("large records", n_unread, text),) if n_unread else ()
    return ArrayTable(root, arrays, "TensorBoard events", findings=findings)
