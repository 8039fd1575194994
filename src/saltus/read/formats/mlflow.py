"""MLflow's folders: a run, an experiment (a folder of runs), or a store (a folder of experiments).

A run holds ``metrics/<name>`` with a line of time, value and step for each measurement, ``params/<name>``,
``tags/<name>`` and ``meta.yaml``; names with a slash are folders.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.files import require_bytes
from saltus.read.folders import files_below, folders_in
from saltus.read.scalar_log import ScalarLog
from saltus.read.tables import ArrayTable
from saltus.read.tracked import settings_of_runs, unique_names

_MAX_TEXT = 2**16  # characters of meta.yaml, a parameter or a tag
_DIGITS = 20  # more than a time has
_META_LINE = re.compile(r"^(\w+):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_FIELDS = (2, 3, 5)
"""Fields of a line: time and value; the step; name and digest of a data set."""
SYSTEM_METRICS = "system/"
"""Beginning of the names that MLflow gives to the load of the machine; they count steps of their own."""


@dataclass(frozen=True)
class _Run:
    """A folder of a run, with what its ``meta.yaml`` says."""

    folder: Path
    meta: Mapping[str, str]

    @property
    def name(self) -> str:
        return _text(self.folder / "tags" / "mlflow.runName") or self.meta.get("run_name", "") or self.folder.name

    @property
    def params(self) -> dict[str, str]:
        return _texts_below(self.folder / "params")

    @property
    def is_deleted(self) -> bool:
        return self.meta.get("lifecycle_stage") == "deleted"

    def metrics(self) -> dict[str, Path]:
        """The file of each metric, those that were logged first in front."""
        inside = self.folder / "metrics"
        paths = sorted(files_below(inside, lambda _: True), key=lambda path: _first_word(path).zfill(_DIGITS))
        return {path.relative_to(inside).as_posix(): path for path in paths}


def is_mlflow_folder(path: Path) -> bool:
    """Whether a folder is a run of MLflow, or holds runs or experiments."""
    if not path.is_dir():
        return False
    if _is_run(path):
        return True
    return any(_is_run(inner) or any(map(_is_run, _readable_in(inner))) for inner in _readable_in(path))


def open_mlflow(root: Path) -> ArrayTable:
    """The metrics of a run, or of all runs of one experiment, as rows of run, tag, step and value.

    Raises:
        InputError: if there are none, a line of a metric is none, or several experiments have metrics.
    """
    runs, kind, findings = _runs(root)
    deleted = [run for run in runs if run.is_deleted]
    if deleted and len(runs) > 1:
        findings.append(Finding("deleted runs", len(deleted), f"{counted(len(deleted), 'run')} left out"))
        runs = [run for run in runs if not run.is_deleted]
    log = ScalarLog(root)
    size = n_system = n_torn = 0
    measured = []
    for run in runs:
        metrics = run.metrics()
        kept = {name: path for name, path in metrics.items() if not name.startswith(SYSTEM_METRICS)}
        n_system += len(metrics) - len(kept)
        size += sum(path.stat().st_size for path in kept.values())
        require_bytes(size, root)
        n_before = len(log)
        for name, path in kept.items():
            n_torn += _read_metric(path, run.folder.name, name, log)
        if len(log) > n_before:
            measured.append(run)
    if not measured:
        raise InputError("runs of MLflow must have metrics", str(root), "log them, e.g. log_metric(name, value, step)")
    names = unique_names({run.folder.name: run.name for run in measured})
    settings, differing = settings_of_runs([run.params for run in measured])
    findings += [*log.count_unnumbered(), *differing]
    if n_system:
        findings.append(Finding("columns left out", n_system, f"{counted(n_system, 'metric')} of the machine's load"))
    if n_torn:
        text = f"{counted(n_torn, 'file')} of metrics without the end of the last line, which was left out: a live run?"
        findings.append(Finding("unfinished files", n_torn, text))
    if len(measured) < len(runs):
        text = f"{counted(len(runs) - len(measured), 'run')} without metrics left out"
        findings.append(Finding("empty runs", len(runs) - len(measured), text))
    return log.table(kind, lambda folder, tag: (names[folder], tag), settings, findings)


def _runs(root: Path) -> tuple[list[_Run], str, list[Finding]]:
    """The runs in a folder, the name of their kind, and a choice among experiments that was made."""
    if _is_run(root):
        return [_run(root)], "MLflow run", []
    if runs := _runs_in(root):
        return runs, _experiment(root), []
    experiments = {folder: _runs_in(folder) for folder in folders_in(root)}
    measured = [folder for folder, runs in experiments.items() if any(run.metrics() for run in runs)]
    if len(measured) != 1:
        rule = "a store of MLflow must hold one experiment with metrics"
        example = f", e.g. {measured[0]}" if measured else ""
        raise InputError(rule, [_experiment(folder) for folder in measured], f"give the folder of one{example}")
    (chosen,) = measured
    return experiments[chosen], _experiment(chosen), []


def _readable_in(folder: Path) -> list[Path]:
    try:
        return folders_in(folder)
    except InputError:
        return []


def _is_run(folder: Path) -> bool:
    beside = ("meta.yaml", "params", "tags")
    metrics = folder / "metrics"
    return metrics.is_dir() and not metrics.is_symlink() and any((folder / name).exists() for name in beside)


def _runs_in(experiment: Path) -> list[_Run]:
    """The runs of an experiment, the oldest first."""
    runs = [_run(folder) for folder in folders_in(experiment) if _is_run(folder)]
    return sorted(runs, key=lambda run: (run.meta.get("start_time", "").zfill(_DIGITS), run.folder.name))


def _run(folder: Path) -> _Run:
    return _Run(folder, _meta(folder))


def _experiment(folder: Path) -> str:
    name = _meta(folder).get("name", "")
    return f"MLflow experiment {name or folder.name}"


def _meta(folder: Path) -> dict[str, str]:
    """The plain entries of a ``meta.yaml``, which MLflow writes one a line."""
    lines = _META_LINE.findall(_text(folder / "meta.yaml"))
    return {name: value.strip("'\"") for name, value in lines}


def _text(path: Path, size: int = _MAX_TEXT) -> str:
    """The beginning of a small text file; empty if there is none."""
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as file:
            return file.read(size).decode(errors="replace").strip()
    except OSError:
        return ""


def _first_word(path: Path) -> str:
    return next(iter(_text(path, _DIGITS + 1).split()), "")


def _texts_below(folder: Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {path.relative_to(folder).as_posix(): _text(path) for path in files_below(folder, lambda _: True)}


def _read_metric(path: Path, run: str, name: str, log: ScalarLog) -> bool:
    """Add a metric's entries to the log; return whether a line was begun and not ended."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError("a metric of MLflow must be readable text", f"{run}: {name}", "copy it again") from None
    *lines, last = text.split("\n")
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields:
            continue
        try:
            if len(fields) not in _FIELDS:
                raise ValueError
            value, step = float(fields[1]), float(fields[2]) if len(fields) > 2 else 0.0
        except ValueError:
            rule = "a metric of MLflow must hold lines of time, value and step"
            raise InputError(rule, line, f"see line {number} of metric {name} of run {run}") from None
        log.add(run, name, step, value)
    return bool(last)  # MLflow ends every line: digits of this one may be missing
