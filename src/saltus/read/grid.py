"""Measurements that are in order and converted, laid out as labelled curves with their report."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, ReadingReport
from saltus.curves.schema import curves_from, plain
from saltus.errors import InputError
from saltus.read.files import require_numbers
from saltus.read.measurements import Measurements
from saltus.read.numbering import whole_numbers
from saltus.read.oddities import spacing
from saltus.read.several_curves import runs_disagree
from saltus.read.strengths import Strengths

if TYPE_CHECKING:
    import xarray as xr


def report_on(
    source: str, measurements: Measurements, strengths: Strengths, findings: Sequence[Finding]
) -> ReadingReport:
    """The report of a reading.

    Raises:
        InputError: if no curve has two measurements.
    """
    low, middle, high = spacing(measurements)
    if np.isnan(middle):
        received = f"{Path(source).name}: {len(measurements.value)} in all"
        raise InputError("a curve must have at least two measurements", received, "measure more often")
    return ReadingReport(
        source=source,
        layout=measurements.layout,
        resource=measurements.resource,
        step_column=measurements.step_column,
        rule=strengths.rule,
        skills=measurements.skill.names,
        runs=measurements.run.names,
        n_measurements=len(measurements.value),
        first=plain(measurements.position.min()),
        last=plain(measurements.position.max()),
        spacing=(low, middle, high),
        findings=(*measurements.findings, *findings),
        quantity=measurements.quantity,
    )


def as_curves(
    measurements: Measurements,
    strengths: Strengths,
    frequencies: Floats,
    report: ReadingReport,
    settings: dict[str, Any],
) -> xr.Dataset:
    """Everything on one grid of runs, skills and steps, NaN where a curve has no measurement.

    Attributes ``axis``, the name of the column of steps, ``measured_errors`` (1 if the file tells errors of
    measurement) and ``configurations`` (their number, if runs seem to be of several) are the curves'; so are
    coordinates over skills, ``items``, ``chance``, ``unexplained_floor`` and ``scale_error``, and ``learning_rate``
    over runs and steps, where there is any.
    """
    steps, place = np.unique(measurements.position, return_inverse=True)
    shape = (len(report.runs), len(report.skills), len(steps))
    require_numbers(math.prod(shape), Path(report.source))

    def on_grid(values: Floats | None) -> Floats:
        grid = np.full(shape, np.nan)
        if values is not None:
            grid[measurements.run.codes, measurements.skill.codes, place] = values
        return grid

    rate = measurements.beside.get("learning_rate")
    numbers = whole_numbers(measurements.run)
    curves = curves_from(
        on_grid(strengths.value),
        steps,
        over=report.resource,
        strength_error=on_grid(strengths.error),
        skill_loss=on_grid(measurements.beside.get("loss")),
        frequencies=frequencies,
        runs=np.arange(len(report.runs)) if numbers is None else numbers,
        settings={"source": report.source} | dict(measurements.settings) | settings,
        learning_rate=None if rate is None else _of_runs(on_grid(rate)),
        axis=measurements.axis or measurements.step_column,
    )
    curves.attrs["reading"] = report.json
    curves.attrs["measured_errors"] = int(strengths.measured_errors)
    kinds = next((one.count for one in report.findings if one.kind == "different configurations"), 1)
    if kinds > 1 and runs_disagree(measurements):
        curves.attrs["configurations"] = kinds
    known = {name: getattr(strengths, name) for name in ("items", "chance", "unexplained_floor")}
    coordinates = {
        "skill_name": ("skill", np.asarray(report.skills, dtype=str)),
        "run_name": ("run", np.asarray(report.runs, dtype=str)),
    }
    of_skills = {name: ("skill", numbers) for name, numbers in known.items() if np.isfinite(numbers).any()}
    if strengths.scale_error.any():
        of_skills["scale_error"] = ("skill", strengths.scale_error)
    return curves.assign_coords(coordinates | of_skills)


def _of_runs(grid: Floats) -> Floats:
    """The numbers of runs and steps among those of runs, skills and steps: of the first skill that has one."""
    first = np.isfinite(grid).argmax(axis=1)
    return np.asarray(np.take_along_axis(grid, first[:, None], axis=1)[:, 0])
