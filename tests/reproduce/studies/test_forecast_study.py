"""The forecast study: kept results are what the runs give, and what is promised of them holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from saltus.forecast.time.departure import shipped_departure
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.studies.drawn_jobs import Settings, draw_jobs
from saltus.reproduce.studies.forecast_study import (
    PRESETS,
    learn_from,
    measured_times,
    reproduce,
    score,
)
from saltus.train.job import collect, run_jobs

RESULTS = Path(__file__).parents[3] / "docs/results"
KEPT = {"full": (RESULTS / "forecast-study", 0), "fresh": (RESULTS / "forecast-study-fresh", 1000)}


def kept(preset: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    folder, _ = KEPT[preset]
    return pd.read_csv(folder / "times.csv"), json.loads((folder / "summary.json").read_text())


def taught_by() -> Settings:
    """The settings of the runs that taught the departure."""
    settings = PRESETS["full"]
    assert isinstance(settings, Settings)
    assert settings is PRESETS["sgd"]
    return settings


def test_the_design_is_as_promised() -> None:
    jobs = draw_jobs(taught_by(), 0)
    table, summary = kept("full")
    assert len(summary["seeds"]["testing"]) >= 40
    assert not set(summary["seeds"]["testing"]) & set(summary["seeds"]["teaching"])
    assert table["run"].nunique() == len(jobs)
    assert all(job.training.optimizer == "sgd" for job in jobs)
    assert all(job.task.n_bits >= 3 * job.task.n_skills for job in jobs)
    for name, (low, high) in {"alpha": (0.3, 0.9), "n_skills": (2, 8), "init_std": (0.004, 0.04)}.items():
        assert low <= table[name].min() < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < table[name].max() <= high
    assert table["learning_rate"].nunique() > 40
    assert table["batch_size"].nunique() == 3


@pytest.mark.parametrize("preset", KEPT)
def test_intervals_cover_and_errors_are_small_on_runs_that_taught_nothing(preset: str) -> None:
    table, summary = kept(preset)
    half = next(one for one in summary["scores"] if one["threshold"] == 0.5)
    tested = table[(table["role"] == "testing") & (table["skill"] > 1)]
    # Counted again here, from the raw times and the departure, without the study's own function.
    decades = np.log10(tested["frequency"].to_numpy() ** -1 * table.groupby("run")["frequency"].max()[tested["run"]])
    law = shipped_departure().laws[1]
    forecast = tested["model_time_0.5"].to_numpy() * 10 ** (law.delay + law.exponent * decades.to_numpy())
    error = np.abs(np.log10(forecast / tested["measured_time_0.5"]))
    assert half["n_runs"] >= 40
    assert half["n_not_emerged"] == 0
    assert half["median_error"] == pytest.approx(float(np.median(error)), abs=1e-6)
    assert half["median_error"] <= 0.03
    assert half["median_error"] < 0.6 * half["median_error_paper"]
    assert 0.85 <= half["coverage"] <= 0.95


def test_the_kept_table_teaches_the_kept_departure() -> None:
    table, summary = kept("full")
    departure, lessons = learn_from(table)
    assert departure.n_runs == 24
    for law, of_file in zip(departure.laws, summary["departure"]["laws"], strict=True):
        assert law.exponent == pytest.approx(of_file["exponent"], abs=1e-4)
        assert float(law.sd(1.0)) == pytest.approx(np.hypot(of_file["spread"], of_file["spread_per_decade"]), abs=1e-4)
    assert score(table, departure, 0.5)["coverage"] == pytest.approx(summary["scores"][1]["coverage"], abs=0.02)
    # The delay earns its number: against the paper's form, penalty included.
    paper = next(one for one in lessons[0.5] if one.form == "paper")
    assert lessons[0.5][0].score - paper.score > 10


def test_a_kept_run_repeats() -> None:
    jobs = draw_jobs(taught_by(), 0)
    cheapest = min(range(len(jobs)), key=lambda i: jobs[i].training.steps * jobs[i].training.batch_size)
    job = jobs[cheapest]
    again = measured_times([job], [collect([job], run_jobs([job], 1))], 0)
    table, _ = kept("full")
    of_run = table[table["run"] == cheapest]
    for name in ("model_time_0.5", "measured_time_0.5", "frequency", "decades"):
        np.testing.assert_allclose(again[name], of_run[name], rtol=1e-6, atol=1e-9)


def test_a_small_study_from_end_to_end() -> None:
    tiny = Settings(
        6,
        2,
        n_skills=(2, 2),
        init_std=(0.03, 0.04),
        learning_rate=(0.015, 0.02),
        batch_sizes=(200,),
        width=500,
        margin=2.5,
    )
    report = reproduce(tiny, RunOptions(seed=5))
    assert len(report.table.texts) == 3
    assert report.summary["seeds"] == {"teaching": list(range(5, 11)), "testing": [11, 12]}
    assert set(report.figures) == {"errors"}
    assert len(report.tables["times"]) == 16
