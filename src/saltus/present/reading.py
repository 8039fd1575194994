"""The page of ``saltus read``: what files were taken for, in a sentence and a table, and what a forecast would take."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._version import __version__
from saltus.curves.axis import SHORT, Axis, amount_text, axis_of
from saltus.curves.crossings import emergence_times
from saltus.curves.names import has_names, named_all, skill_names
from saltus.curves.report import ReadingReport, counted, reading_report
from saltus.forecast.outlook import Outlook, outlook
from saltus.present.report import Report
from saltus.present.table import Column, Table

if TYPE_CHECKING:
    import xarray as xr

_QUANTITIES = {
    "loss": "losses",
    "accuracy": "accuracies",
    "error_rate": "error rates",
    "log_likelihood": "log likelihoods",
    "bits": "bits per item",
}
_TRAINING = ("model", "optimizer", "schedule", "learning_rate", "warmup_steps", "batch_size", "weight_decay")
"""Settings of a training that are shown, where the file or its neighbours tell them."""
_SHARE = {
    "given": "they come with the curves",
    "order suffices": "this forecast rests on their order alone, any --alpha will do",
    "can be fitted": "not known: give --alpha, or --frequencies FILE with one number a skill, or --frequencies fitted",
    "must be given": "not known: give --alpha (they fall as k^-(alpha+1)), or --frequencies FILE, one number a skill",
}


def reading_page(curves: xr.Dataset, line: Sequence[str]) -> Report:
    """Sentence, table of skills, report of the reading, conditions of a forecast and the command to run next.

    Args:
        curves: from `saltus.read_curves`.
        line: the command of a forecast on the same files with the same options, word by word, for a shell.
    """
    report, axis, found = reading_report(curves), axis_of(curves), outlook(curves)
    rows, names, training = _rows(curves), skill_names(curves), _training(curves)
    follow_up = " ".join([*line, *_options(found, curves)]) if found.calibrating else None
    of_losses = None if follow_up else _fit_of_losses(report, line)
    return Report(
        title=_sentence(report, axis),
        table=Table(_columns(rows, axis, has_names(names)), [row | {"before": _before(row, axis)} for row in rows]),
        summary={
            "reading": asdict(report),
            "unit": axis.unit,
            "skills": rows,
            "order": _order(report, curves, found),
            "frequencies": found.frequencies,
            "can_calibrate": list(found.calibrating),
            "training": training,
            "forecast": follow_up,
            "fit": of_losses,
            "version": __version__,
        },
        remarks=[*_remarks(report, curves, found, training, follow_up), *([f"next: {of_losses}"] if of_losses else [])],
        name="reading",
    )


def _sentence(report: ReadingReport, axis: Axis) -> str:
    what = _QUANTITIES.get(report.quantity, "strengths")
    span = f"{axis.unit} {_plainly(report.first, axis)} to {_plainly(report.last, axis)}"
    sizes = f"{counted(len(report.skills), 'skill')} over {span}, {counted(len(report.runs), 'run')}"
    return f"{report.layout[:1].upper()}{report.layout[1:]}: {what} of {sizes}"


def _rows(curves: xr.Dataset) -> list[dict[str, Any]]:
    """Facts on each skill as plain data: means over runs, NaN where there is none."""
    measured, strength = emergence_times(curves), curves["strength"].to_numpy()
    frequency = curves["frequency"].to_numpy()
    rows = []
    for k, name in enumerate(skill_names(curves)):
        ends = [run[np.isfinite(run)][[0, -1]] for run in strength[:, k] if np.isfinite(run).any()]
        first, last = np.mean(ends, axis=0) if ends else (np.nan, np.nan)
        rows.append(
            {
                "skill": k + 1,
                "name": name,
                "frequency": float(frequency[..., k].mean()),
                "runs": len(ends),
                "measurements": int(np.isfinite(strength[:, k]).sum()),
                "first": float(first),
                "last": float(last),
                "emerged": float(measured.mean[k]),
                "emerged_before": float(measured.before[k]) if measured.censored[k] else None,
            }
        )
    return rows


def _columns(rows: Sequence[dict[str, Any]], axis: Axis, with_names: bool) -> list[Column]:
    return [
        Column("skill"),
        *([Column("name")] if with_names else []),
        *([Column("frequency", form=".4g")] if np.isfinite([row["frequency"] for row in rows]).any() else []),
        *([Column("runs")] if any(row["runs"] != 1 for row in rows) else []),
        Column("measurements"),
        Column("first", "first R/S", form=".3f"),
        Column("last", "last R/S", form=".3f"),
        Column("emerged", f"{axis.unit} at R/S = 0.5", form=_form(axis), missing="not yet", instead="before"),
    ]


def _before(row: dict[str, Any], axis: Axis) -> str | None:
    return None if row["emerged_before"] is None else axis.before(row["emerged_before"])


def _form(axis: Axis) -> str:
    """Format of amounts in sentences, with commas between thousands."""
    return axis.form if axis.form == SHORT else f",{axis.form}"


def _plainly(amount: float, axis: Axis) -> str:
    """An amount with the digits that it has."""
    return amount_text(amount, axis.form if axis.form == SHORT else ",.12g")


def _training(curves: xr.Dataset) -> dict[str, Any]:
    """Settings of the training, as far as the file, its neighbours or the store tell them."""
    settings = _settings(curves)
    settings |= settings["training"] if isinstance(settings.get("training"), dict) else {}
    return {name: settings[name] for name in _TRAINING if isinstance(settings.get(name), str | int | float)}


def _order(report: ReadingReport, curves: xr.Dataset, found: Outlook) -> str:
    """Reason for the order of the skills, in words."""
    told = next((finding.text for finding in report.findings if finding.kind == "order"), None)
    if told is not None:
        return told
    if _settings(curves).get("columns") is not None:
        return "as columns= has them"
    if not has_names(report.skills):
        return "by their own numbers"
    rose = (
        "in which they rose too" if found.in_order else "though they rose in another: order='emergence' sorts them so"
    )
    return f"as the file has them, {rose}"


def _settings(curves: xr.Dataset) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(curves.attrs.get("settings", "{}"))
    return settings


def _remarks(
    report: ReadingReport, curves: xr.Dataset, found: Outlook, training: dict[str, Any], follow_up: str | None
) -> Iterator[str]:
    yield from report.lines
    if training:
        yield f"training: {', '.join(f'{name} {value}' for name, value in training.items())}"
    names = skill_names(curves)
    if len(names) > 1:
        if all(finding.kind != "order" for finding in report.findings):
            yield f"order: {_order(report, curves, found)}"
        yield f"frequencies: {_SHARE[found.frequencies]}"
    if follow_up is None:
        yield f"no forecast yet: no skill was seen to rise through R/S = 0.1 and 0.5 ({_why_not(found, names)})"
    else:
        yield f"to calibrate on: {named_all(names[k - 1] for k in found.calibrating)}"
        yield f"next: {follow_up}"


def _why_not(found: Outlook, names: Sequence[str]) -> str:
    """Reason for each kind of skill that cannot calibrate."""
    before = [names[k - 1] for k in found.risen_before]
    others = [value for k, value in enumerate(found.highest, start=1) if k not in found.risen_before]
    up = f"{named_all(before)} stood above 0.5 at the first measurement" if before else ""
    who = "the others" if before else "they"
    low = f"{who} reach {np.nanmax(others):.2f} at most" if np.isfinite(others).any() else ""
    return ", ".join(part for part in (up, low) if part)


def _fit_of_losses(report: ReadingReport, line: Sequence[str]) -> str | None:
    """The command that fits a scaling law to one curve of losses; None for other curves."""
    if report.quantity != "loss" or len(report.skills) > 1 or "tidy" in report.layout:
        return None
    files = takewhile(lambda word: not word.startswith("--"), line[2:])
    columns = ["--x", shlex.quote(report.step_column), "--loss", shlex.quote(report.skills[0])]
    return " ".join(["saltus", "fit", *files, *columns, "--form", "power-offset"])


def _options(found: Outlook, curves: xr.Dataset) -> list[str]:
    """Options of ``saltus forecast`` that these curves ask for, beside those of their reading."""
    share = {"given": [], "order suffices": ["--alpha", "1"], "can be fitted": ["--frequencies", "fitted"]}
    options: list[str] = [*share.get(found.frequencies, ["--alpha", "ALPHA"])]
    names, settings = skill_names(curves), _settings(curves)
    is_ordered = found.frequencies == "given" or settings.get("order") or settings.get("columns")
    first: int | None = 1
    if has_names(names) and not (found.in_order or is_ordered):
        options += ["--order", "emergence"]
        first = None if found.risen_before else found.first
    if first not in found.calibrating and found.first is not None:
        name = names[found.first - 1]
        options += ["--calibrate-on", shlex.quote(name) if has_names(names) else str(found.first)]
    return options
