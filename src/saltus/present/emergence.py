"""When skills were measured to emerge, tabulated and drawn: the report of ``saltus train``, and what recipes share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus.curves.crossings import emergence_times
from saltus.curves.table import tidy_table
from saltus.figures.emergence import Panel, emergence_figure
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import xarray as xr

COLUMNS = (
    Column("skill"),
    Column("frequency", form=".4f"),
    Column("measured_time", "measured", form=".0f", missing="not yet"),
    Column("measured_sd", "± sd", form=".0f"),
    Column("n_emerged", "runs"),
)


def measured_skills(curves: xr.Dataset) -> list[dict[str, Any]]:
    """Rows of `COLUMNS`: half-strength times, mean and standard deviation over the runs in which a skill emerged."""
    measured = emergence_times(curves)
    return [
        {
            "skill": k + 1,
            "frequency": float(frequency),
            "measured_time": float(measured.mean[k]),
            "measured_sd": float(measured.sd[k]),
            "n_emerged": int(measured.n_emerged[k]),
        }
        for k, frequency in enumerate(curves["frequency"].to_numpy())
    ]


def drawn_amounts(amounts: Floats) -> Floats:
    """Where the line of a forecast is drawn: finely, from the first amount above 0 to the last."""
    return np.geomspace(amounts[amounts > 0][0], amounts[-1], 800)


def panel_in_time(curves: xr.Dataset, model: Multilinear | None = None) -> Panel:
    """Measured strengths over steps, beside those of a calibrated model of the same skills if there is one."""
    at = drawn_amounts(curves["step"].to_numpy().astype(float))
    return Panel(curves, at, None if model is None else model.strength(at).T / model.target_scale)


def training_report(curves: xr.Dataset) -> Report:
    """Emergence times, final strengths and how each run ended, with the curves and their figure."""
    final = curves["strength"][:, :, -1].mean("run").to_numpy()
    skills = [skill | {"final_strength": float(end)} for skill, end in zip(measured_skills(curves), final, strict=True)]
    runs = [
        {"seed": int(seed), "status": str(status)}
        for seed, status in zip(curves["run"].to_numpy(), curves["status"].to_numpy(), strict=True)
    ]
    settings, version = json.loads(curves.attrs["settings"]), curves.attrs["version"]
    return Report(
        title="Steps at R/S = 0.5, and mean strength R/S at the end",
        table=Table((*COLUMNS, Column("final_strength", "final", form=".3f")), skills),
        summary={"skills": skills, "runs": runs, "settings": settings, "version": version},
        figures={"emergence": emergence_figure(panel_in_time(curves), note=f"saltus {version}")},
        tables={"curves": tidy_table(curves)},
    )
