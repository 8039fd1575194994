"""Recognise a file's layout, order it, convert it to strength, and report what was done."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, ReadingReport
from saltus.curves.schema import curves_from
from saltus.errors import InputError, require_whole
from saltus.read.convert import PerSkill, to_strength
from saltus.read.files import existing, require_numbers
from saltus.read.formats.stores import Over, read_store_curves
from saltus.read.frequency_column import stated_frequencies
from saltus.read.layouts import measurements_of
from saltus.read.measurements import QUANTITIES, Measurements, Quantity, Selection
from saltus.read.numbering import numbered, whole_numbers
from saltus.read.oddities import oddities, spacing
from saltus.read.order import in_order
from saltus.read.readers import open_table
from saltus.store.store import is_store

if TYPE_CHECKING:
    import xarray as xr


def read_curves(
    path: str | os.PathLike[str],
    *,
    columns: str | Sequence[str] | None = None,
    step_column: str | None = None,
    quantity: Quantity | None = None,
    initial_loss: PerSkill | None = None,
    chance: PerSkill | None = None,
    skip: int = 0,
    where: str | None = None,
    over: Over = "step",
) -> xr.Dataset:
    """Learning curves from a file: CSV, Parquet, ``.npz``, TensorBoard events, a Weights & Biases export, our stores.

    The recognised layout, the rule of conversion and every irregularity are in the curves' report: see
    `reading_report`. Values are strengths R/S, so ``target_scale`` is 1. ``frequency`` is NaN unless a column of a
    tidy table gives it; ``flow_learning_rate`` and other numbers that the file does not tell are NaN. The names of
    skills and runs are the coordinates ``skill_name`` and ``run_name``.

    A store of runs (`saltus.sweep`) says all of this itself, and needs none of the arguments that do.

    Args:
        path: a ``.csv``, ``.tsv``, ``.parquet`` or ``.npz`` file, an event file, a folder of event files, or a store.
        columns: patterns (``"eval/*_acc"``) of the columns, tags or skills to read, in the order in which the skills
            count: the most frequent first. By default all, as the file orders them.
        step_column: the column of steps, if it is not named ``step``, ``_step``, ``global_step``, ``data`` or
            ``parameters``.
        quantity: kind of the values: ``"strength"`` (the default for files whose columns do not say it), ``"loss"``
            or ``"accuracy"``.
        initial_loss: the loss at strength 0, for all skills or by skill name; by default the first one kept of each
            curve.
        chance: the accuracy of guessing, for all skills or by skill name; by default 0.
        skip: how many measurements to leave out at the start of each curve.
        where: of a store, take only runs whose settings fulfil this condition, e.g. ``"alpha == 0.6"``.
        over: of a store, the resource that the curves run along: ``"step"``, or with one point for each run, where it
            ended, ``"data"`` (the runs differ in ``n_data``) or ``"parameters"`` (in ``width``).

    Returns:
        Labelled curves (`saltus.curves`) over run, skill and step; or over data or parameters, if the file counts
        those.

    Raises:
        InputError: if the file is damaged, too large, or has no recognised layout; or an argument does not fit it.
    """
    skip = require_whole("skip", skip, 0, "give how many measurements to leave out")
    if quantity is not None and quantity not in QUANTITIES:
        raise InputError(f"quantity must be one of {', '.join(QUANTITIES)}", quantity, "choose one of them")
    patterns = (columns,) if isinstance(columns, str) else None if columns is None else tuple(columns)
    source = existing(path)
    if is_store(source):
        _require_no_choices(
            columns=columns,
            step_column=step_column,
            quantity=quantity,
            initial_loss=initial_loss,
            chance=chance,
            skip=skip or None,
        )
        return read_store_curves(source, where, over)
    if where is not None or over != "step":
        raise InputError("where and over are for stores of runs", str(source), "leave them out")
    measured = measurements_of(open_table(source), Selection(patterns, step_column, quantity))
    found = numbered(measured, keep_order=patterns is not None)
    measurements, findings = in_order(found, skip)
    strength, rule = to_strength(measurements, initial_loss, chance)
    frequencies, given = stated_frequencies(measurements)
    report = _report(source, measurements, rule, [*findings, *given, *oddities(measurements, strength)])
    settings = {
        "columns": patterns,
        "step_column": step_column,
        "quantity": quantity,
        "initial_loss": _plain(initial_loss),
        "chance": _plain(chance),
        "skip": skip,
    }
    return _curves(measurements, strength, frequencies, report, settings)


def _require_no_choices(**given: Any) -> None:
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise InputError("a store of runs says itself what it holds", ", ".join(named), "leave them out")


def _plain(given: PerSkill | None) -> float | dict[str, float] | None:
    if isinstance(given, Mapping):
        return {name: float(number) for name, number in given.items()}
    return None if given is None else float(given)


def _report(path: Path, measurements: Measurements, rule: str, findings: Sequence[Finding]) -> ReadingReport:
    low, middle, high = spacing(measurements)
    if np.isnan(middle):
        received = f"{path.name}: {len(measurements.value)} in all"
        raise InputError("a curve must have at least two measurements", received, "measure more often")
    return ReadingReport(
        source=str(path),
        layout=measurements.layout,
        resource=measurements.resource,
        step_column=measurements.step_column,
        rule=rule,
        skills=measurements.skill.names,
        runs=measurements.run.names,
        n_measurements=len(measurements.value),
        first=int(measurements.position.min()),
        last=int(measurements.position.max()),
        spacing=(low, middle, high),
        findings=(*measurements.findings, *findings),
    )


def _curves(
    measurements: Measurements, strength: Floats, frequencies: Floats, report: ReadingReport, settings: dict[str, Any]
) -> xr.Dataset:
    """Everything on one grid of runs, skills and steps, NaN where a curve has no measurement."""
    steps, place = np.unique(measurements.position, return_inverse=True)
    shape = (len(report.runs), len(report.skills), len(steps))
    require_numbers(math.prod(shape), Path(report.source))

    def on_grid(values: Floats | None) -> Floats:
        grid = np.full(shape, np.nan)
        if values is not None:
            grid[measurements.run.codes, measurements.skill.codes, place] = values
        return grid

    loss = measurements.value if measurements.quantity == "loss" else measurements.beside.get("loss")
    numbers = whole_numbers(measurements.run)
    curves = curves_from(
        on_grid(strength),
        steps,
        over=report.resource,
        strength_error=on_grid(measurements.beside.get("strength_error")),
        skill_loss=on_grid(loss),
        frequencies=frequencies,
        runs=np.arange(len(report.runs)) if numbers is None else numbers,
        settings={"source": report.source} | settings,
    )
    curves.attrs["reading"] = report.json
    return curves.assign_coords(
        skill_name=("skill", np.asarray(report.skills, dtype=str)), run_name=("run", np.asarray(report.runs, dtype=str))
    )
