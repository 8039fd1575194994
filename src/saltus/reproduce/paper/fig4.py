"""Fig. 4: emergence in time in a transformer. Train, calibrate on the first skill, forecast the others, compare.

The first skill of each run forecasts that run's other skills: a logistic whose logit is linear in frequency times step
(``Nam et al. 2024, Eq. 11, 14``), fitted to one skill.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus.curves.table import tidy_table
from saltus.figures.emergence import emergence_figure
from saltus.forecast.base.checks import carried_frequencies
from saltus.forecast.time.calibrate import calibrate_time, has_emerged
from saltus.forecast.time.departure import PAPER
from saltus.present.emergence import COLUMNS, measured_skills, panel_in_time
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.transformers import PRESETS as PRESETS
from saltus.reproduce.shared.transformers import Settings, about, note, transformer_curves

if TYPE_CHECKING:
    import xarray as xr

_COLUMNS = (
    *COLUMNS,
    Column("forecast_time", "forecast, own skill 1", form=".0f"),
    Column("log10_ratio", "log10 ratio", form="+.3f"),
    Column("log10_ratio_error", "± se", form=".3f"),
)


def reproduce(settings: Settings, options: RunOptions) -> Report:
    """Train, calibrate each run on its first skill and set its forecasts beside its measurements."""
    curves = transformer_curves(settings, options)
    calibration = calibrate_time(curves) if has_emerged(curves) else None
    skills = forecast_skills(curves)
    model = None if calibration is None else calibration.model(settings.task.frequencies)
    return Report(
        title="Emergence in a transformer (Nam et al. 2024, Fig. 4): steps at R/S = 0.5",
        table=Table(_COLUMNS, skills),
        summary={
            "skills": skills,
            "calibration": None if calibration is None else calibration.summary(),
            **about(settings, options),
        },
        figures={"emergence": emergence_figure(panel_in_time(curves, model), note(settings, options))},
        tables={"curves": tidy_table(curves)},
        remarks=[_remark(skills)],
    )


def forecast_skills(curves: xr.Dataset) -> list[dict[str, Any]]:
    """Half-strength time of each skill, measured, and forecast from the first skill of each run; NaN where unknown.

    ``log10_ratio`` is the mean over runs of log10(forecast / measured), ``log10_ratio_error`` its standard error.
    """
    forecasts, ratios = np.stack([_of_run(curves.isel(run=[run])) for run in range(curves.sizes["run"])], axis=1)
    skills = []
    for k, measured in enumerate(measured_skills(curves)):
        forecast, ratio = (values[np.isfinite(values)] for values in (forecasts[:, k], ratios[:, k]))
        skills.append(
            measured
            | {
                "forecast_time": float(forecast.mean()) if forecast.size else math.nan,
                "log10_ratio": float(ratio.mean()) if ratio.size else math.nan,
                "log10_ratio_error": float(ratio.std(ddof=1) / math.sqrt(ratio.size)) if ratio.size > 1 else math.nan,
            }
        )
    return skills


def _of_run(curves: xr.Dataset) -> Floats:
    """Times forecast from the first skill of one run, and log10 of each over the measured time, ``(2, n_skills)``."""
    if not has_emerged(curves):
        return np.full((2, curves.sizes["skill"]), np.nan)
    found = calibrate_time(curves).forecast(carried_frequencies(curves), measured=curves, departure=PAPER)
    return np.stack([found.emergence_time, found.log10_ratio])


def _remark(skills: list[dict[str, Any]]) -> str:
    others = [skill for skill in skills[1:] if math.isfinite(skill["log10_ratio"])]
    if not others:
        return "no skill but the first emerged: nothing to compare a forecast with"
    worst = max(others, key=lambda skill: abs(skill["log10_ratio"]))
    ratio = worst["log10_ratio"]
    return (
        f"the first skill forecasts the others within a factor of {10 ** abs(ratio):.2f}: the worst is skill "
        f"{worst['skill']}, which emerged {'earlier' if ratio > 0 else 'later'} than forecast"
    )
