"""The forecast study under schedules: the same forecasts over effective time, and counting all steps alike.

Ours, not in the paper. Nothing is taught by these runs: the departure is the kept one, the clock the sum of the rates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.figures.forecast import schedules_figure
from saltus.forecast.assess import assess
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.over_runs import error_of_mean
from saltus.reproduce.shared.runs import train_all
from saltus.reproduce.studies.drawn_jobs import settings_of
from saltus.reproduce.studies.scheduled_jobs import ScheduledSettings, draw_scheduled_jobs
from saltus.settings import describe
from saltus.theory.schedules import read_schedule
from saltus.train.job import Job, collect

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

CLOCKS = {"schedule": "its schedule", "logged": "rates at the measurements", "steps": "all steps alike"}
"""Clocks over which every forecast is made, and how steps are counted by them."""
_KNOWN = 0.9  # R/S of the first skill at the moment of the forecast

_COLUMNS = (
    Column("kind", "schedule"),
    Column("n_runs", "runs"),
    Column("n_skills", "skills"),
    *(
        Column(f"{name}_{clock}", heading, form=form)
        for clock, said in (("schedule", "by rate"), ("steps", "by steps"))
        for name, heading, form in (
            ("coverage", f"in the 90 % interval, {said}", ".1%"),
            ("coverage_error", "± se", ".1%"),
            ("median_error", f"median |error|, dex, {said}", ".3f"),
        )
    ),
)


def reproduce(settings: ScheduledSettings, options: RunOptions) -> Report:
    """Train all runs, forecast each from its first skill by every clock, and count the hits."""
    jobs = draw_scheduled_jobs(settings, options.seed)
    results = train_all(jobs, options)
    curves = [collect([job], [seen]) for job, seen in zip(jobs, results, strict=True)]
    return report_on(forecast_times(jobs, curves), settings, options.seed, jobs)


def forecast_times(jobs: list[Job], curves: list[xr.Dataset]) -> pd.DataFrame:
    """One row a run, skill but the first, and clock: settings, measured time, forecast, interval and verdict."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for run, (job, seen) in enumerate(zip(jobs, curves, strict=True)):
        first = seen["strength"].to_numpy()[0, 0]
        if not (first >= _KNOWN).any():
            continue
        now = float(seen["step"].to_numpy()[(first >= _KNOWN).argmax()])
        schedule = read_schedule(str(job.training.schedule))
        told: dict[str, Any] = {"schedule": schedule, "logged": "logged", "steps": "none"}
        about = {"run": run, "seed": job.seed, "kind": schedule.kind, "schedule": str(schedule)} | settings_of(job)
        for clock, given in told.items():
            made = assess(seen, until=now, schedule=given)
            forecast = made.forecast
            assert forecast is not None  # the first skill has emerged
            assert forecast.measured is not None
            for k in range(1, seen.sizes["skill"]):
                rows.append(
                    about
                    | {
                        "skill": k + 1,
                        "frequency": float(forecast.frequency[k]),
                        "now": now,
                        "clock": clock,
                        "measured_time": float(forecast.measured.mean[k]),
                        "forecast_time": float(forecast.emergence_time[k]),
                        "interval_from": float(forecast.interval[k, 0]),
                        "interval_to": float(forecast.interval[k, 1]),
                        "verdict": made.verdict.level,
                    }
                )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Score:
    """Forecasts by one clock, of the skills that emerged.

    Attributes:
        n_runs, n_skills: how many there are.
        n_not_emerged: further skills, which had not come at the end of their run.
        coverage, coverage_error: share of the intervals that held, and its standard error over runs, by bootstrap.
        median_error: of log10(forecast / measured), its size, in decades.
        mean_error: the same with its sign, positive where forecasts are late.
    """

    n_runs: int
    n_skills: int
    n_not_emerged: int
    coverage: float
    coverage_error: float
    median_error: float
    mean_error: float


def score(table: pd.DataFrame, clock: str) -> Score:
    """Forecasts of the table's skills by that clock, against their measured times."""
    asked = table[table["clock"] == clock]
    seen = asked[asked["measured_time"].notna()]
    error = np.log10(seen["forecast_time"] / seen["measured_time"])
    hit = (seen["measured_time"] >= seen["interval_from"]) & (seen["measured_time"] <= seen["interval_to"])
    return Score(
        n_runs=int(seen["run"].nunique()),
        n_skills=len(seen),
        n_not_emerged=len(asked) - len(seen),
        coverage=float(hit.mean()),
        coverage_error=error_of_mean(seen["run"], hit),
        median_error=float(np.median(np.abs(error))),
        mean_error=float(error.mean()),
    )


def report_on(table: pd.DataFrame, settings: ScheduledSettings, seed: int, jobs: list[Job]) -> Report:
    """Score by kind of schedule and in all, from the times alone."""
    kinds = list(dict.fromkeys(table["kind"]))
    scores = {"all": {clock: score(table, clock) for clock in CLOCKS}} | {
        kind: {clock: score(table[table["kind"] == kind], clock) for clock in CLOCKS} for kind in kinds
    }
    note = f"saltus {__version__}: {settings.n_testing} runs, seeds from {seed}, 90 % intervals"
    return Report(
        title="Forecast from the first skill alone, under schedules of the learning rate",
        table=Table(_COLUMNS, [_row(kind, by_clock) for kind, by_clock in scores.items()]),
        summary={
            "scores": {
                kind: {clock: describe(one) for clock, one in by_clock.items()} for kind, by_clock in scores.items()
            },
            "clocks": CLOCKS,
            "seeds": [job.seed for job in jobs],
            "settings": describe(settings),
            "version": __version__,
        },
        figures={"errors": schedules_figure({clock: _ratios(table, clock) for clock in ("schedule", "steps")}, note)},
        tables={"times": table},
    )


def _row(kind: str, by_clock: dict[str, Score]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kind": kind,
        "n_runs": by_clock["schedule"].n_runs,
        "n_skills": by_clock["schedule"].n_skills,
    }
    for clock, one in by_clock.items():
        row |= {f"{name}_{clock}": getattr(one, name) for name in ("coverage", "coverage_error", "median_error")}
    return row


def _ratios(table: pd.DataFrame, clock: Literal["schedule", "steps"]) -> dict[str, Floats]:
    """log10(forecast / measured) of the skills that emerged, by kind of schedule."""
    seen = table[(table["clock"] == clock) & table["measured_time"].notna()]
    ratio = np.log10(seen["forecast_time"] / seen["measured_time"])
    return {str(kind): ratio[seen["kind"] == kind].to_numpy() for kind in dict.fromkeys(table["kind"])}
