"""Stores of experiment trackers in a SQLite file: MLflow's (``mlflow.db``) and trackio's (``<project>.db``)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.files import require_numbers
from saltus.read.formats.mlflow import SYSTEM_METRICS
from saltus.read.formats.sqlite import Database, opened
from saltus.read.records import table_of_records
from saltus.read.scalar_log import ScalarLog
from saltus.read.tables import ArrayTable
from saltus.read.tracked import settings_of_runs, unique_names

_METRICS_OF_MLFLOW = ("run_uuid", "key", "step", "value", "is_nan")
_METRICS_OF_TRACKIO = ("run_name", "step", "metrics")


def open_database(path: Path) -> ArrayTable:
    """The metrics in a tracker's SQLite file.

    Raises:
        InputError: if it is damaged, or of another program; or several experiments of MLflow have metrics.
    """
    with opened(path) as database:
        columns = database.columns.get("metrics", ())
        if {*_METRICS_OF_MLFLOW} <= {*columns} and "runs" in database.columns:
            table = _mlflow(database, path)
        elif {*_METRICS_OF_TRACKIO} <= {*columns}:
            table = _trackio(database, path)
        else:
            rule = "a SQLite file must be a store of MLflow or trackio"
            raise InputError(rule, f"{path.name} with tables {', '.join(database.columns) or 'none'}", "export CSV")
    ahead = Path(f"{path}-wal")
    if not ahead.is_file() or not ahead.stat().st_size:
        return table
    text = f"{ahead.name} holds entries that are not in the file yet: end the program that writes it"
    return replace(table, findings=(*table.findings, Finding("unfinished files", 1, text)))


def _mlflow(database: Database, path: Path) -> ArrayTable:
    """The metrics of the one experiment that has any, as rows of run, tag, step and value."""
    runs = {
        run: (name or run, experiment)
        for run, name, experiment, stage in _texts(
            database, "runs", ("run_uuid", "name", "experiment_id", "lifecycle_stage"), path
        )
        if stage != "deleted"
    }
    log = ScalarLog(path)
    n_odd = n_system = 0
    for row in database.rows("metrics", _METRICS_OF_MLFLOW):
        run, key, step, value, is_nan = row
        if run not in runs or not isinstance(key, str):
            continue
        if key.startswith(SYSTEM_METRICS):
            n_system += 1
        elif isinstance(step, (int, float)) and isinstance(value, (int, float)):
            log.add(run, key, step, float("nan") if is_nan else value)
        else:
            n_odd += 1
    tags = log.tags_of_folders()
    experiments = {runs[run][1] for run in tags}
    titles = {row[0]: row[1] for row in _texts(database, "experiments", ("experiment_id", "name"), path)}
    if len(experiments) != 1:
        rule = "a store of MLflow must hold one experiment with metrics"
        received = sorted(titles.get(number, number) for number in experiments)
        raise InputError(rule, received, "export one with mlflow.MlflowClient().get_metric_history")
    (experiment,) = experiments
    names = unique_names({run: runs[run][0] for run in tags})
    params: dict[str, dict[str, str]] = {run: {} for run in tags}
    for run, key, value in _texts(database, "params", ("run_uuid", "key", "value"), path):
        if run in params:
            params[run][key] = value
    settings, findings = settings_of_runs(list(params.values()))
    findings = [*log.count_unnumbered(), *findings]
    if n_system:
        findings.append(Finding("columns left out", n_system, f"{counted(n_system, 'value')} of the machine's load"))
    if n_odd:
        findings.append(Finding("missing values", n_odd, f"{counted(n_odd, 'entry')} whose step or value is no number"))
    kind = f"MLflow experiment {titles.get(experiment, experiment)}"
    return log.table(kind, lambda run, tag: (names[run], tag), settings, findings)


def _texts(database: Database, table: str, columns: Sequence[str], path: Path) -> Iterator[tuple[str, ...]]:
    """Rows of a table as texts; none if it lacks a column."""
    if not {*columns} <= {*database.columns.get(table, ())}:
        return
    for n_rows, row in enumerate(database.rows(table, columns), 1):
        require_numbers(n_rows * len(columns), path)
        yield tuple("" if cell is None else str(cell) for cell in row)


def _trackio(database: Database, path: Path) -> ArrayTable:
    """The rows of all runs, one a logged dictionary; their configurations as settings."""
    configs = [
        config
        for (text,) in (
            database.rows("configs", ("config",)) if "config" in database.columns.get("configs", ()) else ()
        )
        if (config := _object(text)) is not None
    ]
    settings, findings = settings_of_runs(
        [{name: value for name, value in config.items() if not name.startswith("_")} for config in configs]
    )
    return table_of_records(_records(database), path, "trackio store", settings, findings)


def _records(database: Database) -> Iterator[Mapping[str, Any]]:
    for run, step, text in database.rows("metrics", _METRICS_OF_TRACKIO):
        logged = _object(text)
        if logged is not None and isinstance(step, (int, float)):
            yield {"run": str(run), "step": step} | {
                name: float(value) if value in ("NaN", "Infinity", "-Infinity") else value
                for name, value in logged.items()
                if name not in ("run", "step") and not name.startswith("_")
            }


def _object(text: Any) -> dict[str, Any] | None:
    """The JSON object in a cell; None for anything else."""
    if not isinstance(text, (str, bytes)):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
