"""The forecast study of accuracies: forecasts from one skill on, where shares of right answers are all that is known.

Ours, not in the paper. A network answers right long before its output has the size of the target, so accuracies rise
by a law of their own. The teaching runs teach the recipe "accuracy"; the others test it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._version import __version__
from saltus.curves.crossings import crossing_times
from saltus.forecast.assess import assess
from saltus.forecast.time.effective_time import clock_of
from saltus.forecast.time.laws import Coverage, Recipe
from saltus.forecast.time.posterior import Sightings
from saltus.forecast.time.recipes import shipped_recipes
from saltus.forecast.time.run import TimeRun, skills_of
from saltus.forecast.time.teach import taught
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.reproduce.studies.accuracy_jobs import AccuracySettings, accuracy_curves, draw_accuracy_jobs
from saltus.settings import describe
from saltus.theory.frequencies import Frequencies
from saltus.train.job import Job

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

RECIPE = "accuracy"
NUMBERS = ("gamma", "scale", "spread", "spread_per_decade", "delay", "log_odds", "log_odds_per_decade")
"""Numbers of the recipe that the teaching runs teach."""
_KNOWN_AT = 0.8  # R/S of the last known skill at the moment of a forecast
_MOST_KNOWN = 3  # skills known at the last forecast of a run

_COLUMNS = (
    Column("known"),
    Column("runs"),
    Column("skills"),
    Column("not_come", "not come"),
    Column("median_error", "median |error|, dex", form=".3f"),
    Column("coverage", "in the 90 % interval", form=".1%"),
    Column("width", "width, dex", form=".2f"),
)


def reproduce(settings: AccuracySettings, options: RunOptions) -> Report:
    """Train all runs, teach with the first ones, forecast the others as their skills come, and count the hits."""
    jobs = draw_accuracy_jobs(settings, options.seed)
    results = train_all(jobs, options)
    curves = [accuracy_curves(job, seen) for job, seen in zip(jobs, results, strict=True)]
    recipe = taught_by(curves[: settings.n_teaching])
    return report_on(forecast_rows(jobs, curves, recipe, settings.n_teaching), recipe, settings, options.seed)


def taught_by(curves: Sequence[xr.Dataset]) -> Recipe:
    """The shipped recipe of accuracies with its numbers taught anew by these runs; as it is without any."""
    recipe = shipped_recipes()[RECIPE]
    seen = [one for one in (dates_of(run, recipe) for run in curves) if one is not None]
    return taught(recipe, seen, NUMBERS) if seen else recipe


def dates_of(curves: xr.Dataset, recipe: Recipe) -> Sightings | None:
    """Dates of a run's skills at its end, by the clock of its rate; None where none has come."""
    skills = skills_of(curves, Frequencies(curves["frequency"].to_numpy()), None)
    run = TimeRun(curves, math.inf, skills, recipe, clock_of(curves, "logged"))
    views = run.views(None, None, calibrated_elsewhere=False)
    return views[0].seen if views else None


def forecast_rows(jobs: Sequence[Job], curves: Sequence[xr.Dataset], recipe: Recipe, n_teaching: int) -> pd.DataFrame:
    """One row a testing run, moment and skill to come: settings, forecast, interval and what came."""
    import pandas as pd

    tested = [(run, job, seen) for run, (job, seen) in enumerate(zip(jobs, curves, strict=True)) if run >= n_teaching]
    return pd.DataFrame([row for run, job, seen in tested for row in _rows(run, job, seen, recipe)])


def _rows(run: int, job: Job, curves: xr.Dataset, recipe: Recipe) -> Iterator[dict[str, Any]]:
    training, frequency, times = job.training, job.task.frequencies.first(), crossing_times(curves)[0]
    last = float(curves["step"].to_numpy()[-1])
    for known, now in _moments(curves):
        made = assess(curves, until=now, recipe=recipe)
        forecast = made.forecast
        assert forecast is not None  # a skill has emerged
        for k in np.flatnonzero(~(times <= now)).tolist():
            low, high = forecast.interval[k].tolist()
            came = math.isfinite(times[k])
            yield {
                "run": run,
                "seed": job.seed,
                "optimizer": training.optimizer,
                "loss": getattr(training, "loss", "squared"),
                "usual_start": math.isnan(training.gaussian_start),
                "learning_rate": training.learning_rate,
                "batch_size": training.batch_size,
                "scheduled": made.in_effective_time,
                "known": known,
                "now": now,
                "skill": k + 1,
                "frequency": frequency[k],
                "measured_time": times[k],
                "last_step": last,
                "forecast_time": float(forecast.emergence_time[k]),
                "interval_from": low,
                "interval_to": high,
                "hit": bool(low <= times[k] <= high) if came else bool(high > last),
                "on_curves": made.verdict.on_curves,
            }


def _moments(curves: xr.Dataset) -> Iterator[tuple[int, float]]:
    """Numbers of known skills, and the first measured step at which one more skill stands clearly."""
    strength, steps = curves["strength"].to_numpy()[0], curves["step"].to_numpy().astype(float)
    times, before = crossing_times(curves)[0], 0
    for now in sorted(steps[(one >= _KNOWN_AT).argmax()] for one in strength if (one >= _KNOWN_AT).any()):
        known = int(np.sum(times <= now))
        if before < known <= _MOST_KNOWN:
            before = known
            yield known, float(now)


def scores(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Median error of the skills that came, coverage and width of all, by number of skills known."""
    found = []
    for _, some in rows.groupby("known"):
        came = some[some["measured_time"].notna() & np.isfinite(some["forecast_time"])]
        error = np.log10((came["forecast_time"] / came["measured_time"]).to_numpy())
        found.append(
            {
                "known": int(some["known"].iloc[0]),
                "runs": int(some["run"].nunique()),
                "skills": len(some),
                "not_come": int(some["measured_time"].isna().sum()),
                "median_error": float(np.median(np.abs(error))),
                "mean_error": float(error.mean()),
                "coverage": float(some["hit"].mean()),
                "width": float(np.median(np.log10((some["interval_to"] / some["interval_from"]).to_numpy()))),
            }
        )
    return found


def coverage_of(rows: pd.DataFrame) -> tuple[Coverage, ...]:
    """Coverage by class, of the forecasts that the curves themselves do not forbid."""
    usable = rows[rows["on_curves"] != "do not use"]
    return tuple(
        Coverage(
            known=int(some["known"].iloc[0]),
            scheduled=bool(some["scheduled"].iloc[0]),
            skills=len(some),
            runs=int(some["run"].nunique()),
            held=int(some["hit"].sum()),
        )
        for _, some in usable.groupby(["known", "scheduled"])
    )


def report_on(rows: pd.DataFrame, recipe: Recipe, settings: AccuracySettings, seed: int) -> Report:
    """Scores by number of skills known, the taught recipe and its coverage."""
    by_known, coverage = scores(rows), coverage_of(rows)
    law = recipe.laws[0]
    return Report(
        title="Forecasts of accuracies from one skill on, of runs that taught nothing",
        table=Table(_COLUMNS, by_known),
        summary={
            "scores": by_known,
            "coverage": [asdict(one) for one in coverage],
            "recipe": recipe.plain(),
            "seeds": {"from": seed, "teaching": settings.n_teaching, "testing": settings.n_testing},
            "settings": describe(settings),
            "version": __version__,
        },
        tables={"forecasts": rows},
        remarks=[
            f"taught by {recipe.n_runs} runs: time as frequency^-g with g = {law.gamma:.2f} ± {law.scale:.2f}, single "
            f"skills ± {law.scatter.spread:.3f} dex and {law.scatter.spread_per_decade:.3f} a decade of frequency",
            *(
                f"{'varying' if one.scheduled else 'constant'} rate, {one.known} known: {one.skills} skills in "
                f"{one.runs} runs whose curves allow a forecast, {one.share:.0%} held"
                for one in coverage
            ),
        ],
    )
