"""The study of schedules: kept results are what their times say, and what is promised of them holds."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.studies.drawn_jobs import Settings, draw_jobs
from saltus.reproduce.studies.forecast_study import PRESETS, reproduce
from saltus.reproduce.studies.scheduled_jobs import ScheduledSettings, draw_scheduled_jobs
from saltus.reproduce.studies.scheduled_study import CLOCKS, score
from saltus.theory.schedules import read_schedule

KEPT = Path(__file__).parents[3] / "docs/results/forecast-study-schedules"
SEED = 5000


def kept_times() -> pd.DataFrame:
    return pd.read_csv(KEPT / "times.csv")


def test_runs_are_those_of_the_other_presets_but_for_their_schedule() -> None:
    settings = PRESETS["schedules"]
    assert isinstance(settings, ScheduledSettings)
    jobs = draw_scheduled_jobs(settings, SEED)
    plain = Settings(**{one.name: getattr(settings, one.name) for one in fields(Settings)})
    for job, constant in zip(jobs, draw_jobs(plain, SEED), strict=True):
        own, other = job.training, constant.training
        schedule = read_schedule(str(own.schedule))
        trained = float(schedule.share(np.arange(own.steps)).sum())
        assert other.steps <= trained <= 1.05 * other.steps + 100
        assert own.steps == own.measurement_steps[-1]
        assert (job.seed, job.task) == (constant.seed, constant.task)
        assert replace(own, steps=other.steps, schedule=None, measure_at=other.measure_at) == other
        low, high = settings.warmup
        assert low <= dict(schedule.parameters)["warmup"] / own.steps <= high + 1e-3
    assert {read_schedule(str(job.training.schedule)).kind for job in jobs} == {
        kind.partition(":")[0] for kind in settings.kinds
    }
    assert jobs[:5] == draw_scheduled_jobs(replace(settings, n_testing=5), SEED)


def test_kept_scores_are_those_of_the_kept_times() -> None:
    times, summary = kept_times(), json.loads((KEPT / "summary.json").read_text())
    assert summary["seeds"] == list(range(SEED, SEED + summary["settings"]["n_testing"]))
    for kind, by_clock in summary["scores"].items():
        own = times if kind == "all" else times[times["kind"] == kind]
        assert set(by_clock) == set(CLOCKS)
        for clock, told in by_clock.items():
            found = score(own, clock)
            for name, value in told.items():
                if name != "kind":
                    assert getattr(found, name) == pytest.approx(value, rel=1e-6), (kind, clock, name)


def test_the_clock_of_the_rate_earns_its_place() -> None:
    times = kept_times()
    seen = times[times["measured_time"].notna()]
    # Counted again here, without the study's own function.
    error = np.abs(np.log10(seen["forecast_time"].to_numpy() / seen["measured_time"].to_numpy()))
    hit = seen["measured_time"].between(seen["interval_from"], seen["interval_to"])
    clocks = seen["clock"].to_numpy()
    median = {clock: float(np.median(error[clocks == clock])) for clock in CLOCKS}
    share = hit.groupby(seen["clock"]).mean()
    for clock in ("schedule", "logged"):
        assert median[clock] < 0.04
        assert median[clock] < median["steps"] / 3
        assert 0.7 <= share[clock] <= 0.85  # fewer than stated: the intervals were learned at constant rates
    assert share["steps"] < 0.5


def test_a_small_study_from_end_to_end() -> None:
    tiny = ScheduledSettings(
        0,
        2,
        n_skills=(2, 2),
        init_std=(0.03, 0.04),
        learning_rate=(0.015, 0.02),
        batch_sizes=(200,),
        width=500,
        margin=2.5,
        kinds=("cosine:warmup={w},steps={n},floor={floor}", "inverse-sqrt:warmup={w}"),
    )
    report = reproduce(tiny, RunOptions(seed=5))
    assert [row["kind"] for row in report.table.rows] == ["all", "cosine", "inverse-sqrt"]
    assert report.summary["seeds"] == [5, 6]
    times = report.tables["times"]
    assert len(times) == 2 * len(CLOCKS)
    assert set(report.figures) == {"errors"}
    for clock in CLOCKS:
        assert math.isfinite(report.summary["scores"]["all"][clock]["coverage"])
