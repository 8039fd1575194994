"""The forecast study: errors of forecasts from the first skill alone, on runs of varied settings.

Ours, not in the paper. The first part of the runs teaches how networks depart from the model
(`saltus.forecast.time.departure`); the others, of which no number is used, test the forecasts and their intervals.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus._version import __version__
from saltus.curves.crossings import crossing_times
from saltus.figures.forecast import Delay, study_figure
from saltus.forecast.assess import SCORED_AT
from saltus.forecast.time.calibrate import calibrate_time, has_emerged
from saltus.forecast.time.calibration import Calibration
from saltus.forecast.time.departure import PAPER, Departure, DepartureFit, fit_departure, shipped_departure
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.reproduce.studies import accuracy_study, measured_study, recipe_study, scheduled_study
from saltus.reproduce.studies.accuracy_jobs import AccuracySettings
from saltus.reproduce.studies.drawn_jobs import Settings, draw_jobs, settings_of
from saltus.reproduce.studies.measured_study import MeasuredSettings
from saltus.reproduce.studies.recipe_jobs import RecipeSettings
from saltus.reproduce.studies.scheduled_jobs import ScheduledSettings
from saltus.settings import describe
from saltus.theory.frequencies import SkillFrequencies
from saltus.train.job import Job, collect

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


_SGD = Settings(24, 40)
AnySettings = Settings | RecipeSettings | MeasuredSettings | AccuracySettings
PRESETS: dict[str, AnySettings] = {
    "sgd": _SGD,
    "full": _SGD,  # its name in 0.1
    "sgd-fresh": Settings(0, 40),  # tests the departure that the one before taught, with another seed
    "adam": RecipeSettings(160, 60),  # teaches and tests recipes
    "fresh": RecipeSettings(0, 40),  # tests the recipes that the one before taught, with another seed
    "schedules": ScheduledSettings(0, 24, n_skills=(3, 6), batch_sizes=(250,)),  # tests the clock of the rate
    "accuracy": AccuracySettings(32, 32),  # teaches and tests the recipe of shares of right answers
    "measured": MeasuredSettings(),  # thins and blurs the curves of some runs of "adam"
    "quick": Settings(8, 4, n_skills=(2, 3), batch_sizes=(250,), margin=2.2),
}

_COLUMNS = (
    Column("threshold", "R/S", form="g"),
    Column("n_runs", "runs"),
    Column("n_skills", "skills"),
    Column("coverage", "in the 90 % interval", form=".1%"),
    Column("median_error", "median |error|, dex", form=".3f"),
    Column("mean_error", "mean error", form="+.3f"),
    Column("median_error_paper", "paper's form", form=".3f"),
)
_THRESHOLD = 0.5


def reproduce(settings: AnySettings, options: RunOptions) -> Report:
    """Train all runs, teach with the first ones, forecast the others and count the hits."""
    if isinstance(settings, RecipeSettings):
        return recipe_study.reproduce(settings, options)
    if isinstance(settings, MeasuredSettings):
        return measured_study.reproduce(settings, options)
    if isinstance(settings, AccuracySettings):
        return accuracy_study.reproduce(settings, options)
    if isinstance(settings, ScheduledSettings):
        return scheduled_study.reproduce(settings, options)
    jobs = draw_jobs(settings, options.seed)
    results = train_all(jobs, options)
    curves = [collect([job], [seen]) for job, seen in zip(jobs, results, strict=True)]
    table = measured_times(jobs, curves, settings.n_teaching)
    return report_on(table, settings, options.seed, jobs)


def measured_times(jobs: list[Job], curves: list[xr.Dataset], n_teaching: int) -> pd.DataFrame:
    """One row a run and skill: settings, the run's calibration on its first skill, times by model and measurement."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for run, (job, seen) in enumerate(zip(jobs, curves, strict=True)):
        if not has_emerged(seen):
            continue
        fit, frequencies = calibrate_time(seen), job.task.frequencies
        frequency = frequencies.first()
        about = {
            "run": run,
            "seed": job.seed,
            "role": "teaching" if run < n_teaching else "testing",
            **settings_of(job),
            "feature_rate_squared": fit.feature_rate_squared,
            "initial_strength": fit.initial_strength,
            "log10_fit_sd": math.sqrt(fit.log10_time_variance(_THRESHOLD)),
        }
        times = {at: (_model_times(fit, frequencies, at), crossing_times(seen, at)[0]) for at in SCORED_AT}
        for k in range(len(frequency)):
            row = about | {
                "skill": k + 1,
                "frequency": frequency[k],
                "decades": math.log10(frequency[0] / frequency[k]),
            }
            for at, (model, measured) in times.items():
                row |= {f"model_time_{at:g}": model[k], f"measured_time_{at:g}": measured[k]}
            rows.append(row)
    return pd.DataFrame(rows)


def _model_times(fit: Calibration, frequencies: SkillFrequencies, threshold: float) -> np.ndarray:
    return fit.forecast(frequencies, threshold=threshold, departure=PAPER).emergence_time


def learn_from(table: pd.DataFrame) -> tuple[Departure, dict[float, list[DepartureFit]]]:
    """The departure that the teaching runs show, and the forms that competed at every threshold."""
    others = table[(table["role"] == "teaching") & (table["skill"] > 1)]
    lessons: dict[float, list[DepartureFit]] = {}
    for at in SCORED_AT:
        seen = others[others[f"measured_time_{at:g}"].notna()]
        ratio = np.log10(seen[f"measured_time_{at:g}"] / seen[f"model_time_{at:g}"])
        lessons[at] = fit_departure(at, seen["run"], seen["decades"], ratio)
    laws = tuple(lessons[at][0].law for at in SCORED_AT)
    return Departure(laws, float(others["decades"].max()), int(others["run"].nunique())), lessons


def score(table: pd.DataFrame, departure: Departure, threshold: float, level: float = 0.9) -> dict[str, Any]:
    """Forecasts of the testing runs' skills but the first, against their measured times."""
    others = table[(table["role"] == "testing") & (table["skill"] > 1)]
    seen = others[others[f"measured_time_{threshold:g}"].notna()]
    model_error = np.log10(seen[f"model_time_{threshold:g}"] / seen[f"measured_time_{threshold:g}"])
    error = model_error + departure.mean(seen["decades"], threshold)
    sd = np.hypot(departure.sd(seen["decades"], threshold), seen["log10_fit_sd"])
    return {
        "threshold": threshold,
        "n_runs": int(seen["run"].nunique()),
        "n_skills": len(seen),
        "n_not_emerged": len(others) - len(seen),
        "coverage": float((np.abs(error) <= departure.quantile(0.5 + level / 2) * sd).mean()),
        "median_error": float(np.median(np.abs(error))),
        "mean_error": float(error.mean()),
        "median_error_paper": float(np.median(np.abs(model_error))),
    }


def report_on(table: pd.DataFrame, settings: Settings, seed: int, jobs: list[Job]) -> Report:
    """Learn, score and draw, from the times alone; without teaching runs, test the departure that is kept."""
    departure, lessons = learn_from(table) if settings.n_teaching else (shipped_departure(), {})
    scores = [score(table, departure, at) for at in SCORED_AT]
    note = f"saltus {__version__}: {settings.n_teaching} + {settings.n_testing} runs, seeds from {seed}"
    return Report(
        title="Forecast from the first skill alone: held-out runs",
        table=Table(_COLUMNS, scores),
        summary={
            "scores": scores,
            "departure": departure.plain(),
            "forms": {
                f"{at:g}": [
                    {"form": one.form, "log_likelihood": one.log_likelihood, "penalty": one.penalty} for one in found
                ]
                for at, found in lessons.items()
            },
            "seeds": {
                "teaching": [job.seed for job in jobs[: settings.n_teaching]],
                "testing": [job.seed for job in jobs[settings.n_teaching :]],
            },
            "settings": describe(settings),
            "version": __version__,
        },
        figures={"errors": study_figure(_delay(departure), _ratios(table), note)},
        tables={"times": table},
        remarks=[_remark(found) for at, found in lessons.items() if at == _THRESHOLD],
    )


def _delay(departure: Departure) -> Delay:
    """The learned delay of the half-strength times, with the 90 % interval of new runs."""
    decades = np.linspace(0, departure.reach * 1.02, 200)
    reach = departure.quantile(0.95) * departure.sd(decades, _THRESHOLD)
    return Delay(decades, departure.mean(decades, _THRESHOLD), reach)


def _ratios(table: pd.DataFrame) -> dict[str, tuple[Floats, Floats]]:
    """Decades and log10(measured / model) of the skills but the first, by the role of their runs."""
    others = table[table["skill"] > 1]
    ratio = np.log10((others[f"measured_time_{_THRESHOLD:g}"] / others[f"model_time_{_THRESHOLD:g}"]).to_numpy())
    return {
        role: (others["decades"][own].to_numpy(), ratio[own])
        for role in ("teaching", "testing")
        if (own := others["role"] == role).any()
    }


def _remark(found: list[DepartureFit]) -> str:
    best, paper = found[0], next(one for one in found if one.form == "paper")
    return (
        f"time = the model's x 10^({best.law.delay:.3f} + {best.law.exponent:.3f} decades), form {best.form!r}: "
        f"log evidence {best.score - paper.score:+.1f} over the paper's form"
    )
