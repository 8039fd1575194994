"""Results of lm-evaluation-harness: one JSON file a checkpoint, scores and their standard errors by task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.formats.json_tree import Node, scalars_in
from saltus.read.positions import position_in_name
from saltus.read.records import Records, RecordTable

_ERROR = "_stderr"
_PREFERRED = ("acc", "exact_match", "acc_norm", "em", "f1")
"""Metrics of one task, the one to read by default first."""
_PLACES = (
    "model_args",
    "model_name",
    "model_source",
    "model",
    "pretrained",
    "revision",
    "model_revision",
    "checkpoint",
)
_NOT_METRICS = ("alias", "name", "sample_len", "samples")


def is_harness(document: Node) -> bool:
    """Whether a JSON document is one of results by task, with errors beside the scores or versions of the tasks."""
    results = document.get("results") if isinstance(document, dict) else None
    if not isinstance(results, dict) or not results:
        return False
    tasks = [task for task in results.values() if isinstance(task, dict)]
    with_errors = any(_ERROR in name for task in tasks for name in task)
    return bool(tasks) and (with_errors or isinstance(document.get("versions"), dict))


def harness_table(document: Mapping[str, Node], path: Path) -> RecordTable:
    """The scores, a row for each task, a column for each metric and its error, with the number of items and the step.

    Raises:
        InputError: if no task has a score.
    """
    place = _position(document, path)
    sizes = document.get("n-samples")
    rows = []
    for task, scores in document["results"].items():
        if not isinstance(scores, dict):
            continue
        row: dict[str, Any] = dict(_scores(scores))
        if not row:
            continue
        size = sizes.get(task) if isinstance(sizes, dict) else None
        size = size.get("effective") if isinstance(size, dict) else None
        rows.append(
            {"task": task} | ({} if place is None else {place[0]: place[1]}) | row | ({"n": size} if size else {})
        )
    if not rows:
        raise InputError("results by task must hold scores", path.name, "give a file of lm-evaluation-harness")
    records = Records(path)
    records.add(rows)
    findings = [*_default(rows)]
    if place is not None:
        text = f"{place[0]} {place[1]:g}, by {place[2]}"
        findings.append(Finding("moment of results", 1, text))
    return records.table("lm-evaluation-harness", {}, findings)


def _scores(scores: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    """Scores and errors by plain names: ``acc,none`` is acc, ``acc_stderr,none`` its error; other filters stay."""
    for name, score in scores.items():
        metric, _, named = name.partition(",")
        if metric in _NOT_METRICS or isinstance(score, (dict, str)):
            continue
        if named not in ("", "none"):
            is_error = metric.endswith(_ERROR)
            metric = f"{metric.removesuffix(_ERROR)}_{named.replace('-', '_')}" + (_ERROR if is_error else "")
        yield metric, score


def _position(document: Mapping[str, Node], path: Path) -> tuple[str, float, str] | None:
    """Noun and number of the moment of training, and where it is told: the configuration, or else the path."""
    flat = dict(scalars_in({key: document.get(key) for key in ("config", *_PLACES)}))
    for name, told in flat.items():
        if isinstance(told, str) and name.rpartition(".")[2] in _PLACES and (found := position_in_name(told)):
            return *found, f"{name.rpartition('.')[2]} in the file"
    for text in (path.name, path.parent.name, path.parent.parent.name):
        if found := position_in_name(text):
            return *found, f"the name {text!r}"
    return None


def _default(rows: list[dict[str, Any]]) -> Iterator[Finding]:
    """The remark on metrics of the same tasks, of which one is read."""
    names = [name for name in _PREFERRED if any(name in row for row in rows)]
    if len(names) > 1:
        text = f"{counted(len(names), 'metric')} of the same tasks ({', '.join(names)}): value= chooses"
        yield Finding("several metrics", len(names), text)
