"""The study of recipes: moments, rows and sums, on drawn curves that follow the paper's law."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.special import expit

pytest.importorskip("torch")

from saltus.curves.schema import curves_from
from saltus.forecast.time.recipes import shipped_recipes
from saltus.parity.task import MultitaskSparseParity
from saltus.present.report import write
from saltus.reproduce.studies.recipe_jobs import RecipeSettings
from saltus.reproduce.studies.recipe_study import forecast_rows, report_on
from saltus.reproduce.studies.study_runs import StudyRun, moments_of
from saltus.reproduce.studies.study_scores import by_family_and_known, coverage_by_class, reliability, score
from saltus.theory.frequencies import PowerLaw
from saltus.train.job import Job
from saltus.train.kernel.training import MLPTraining

FREQUENCIES = PowerLaw(0.6, 3)
TRAINING = MLPTraining(9000, learning_rate=0.02, init_std=0.02, batch_size=250)
STEPS = np.unique(np.geomspace(10, 9000, 130).round())


def drawn(number: int, last: float = 9000.0) -> StudyRun:
    """A run whose rises are logistic in the step and come as the inverse of the frequency, with a little noise."""
    frequency = FREQUENCIES.first()
    half = 700.0 * (1 + 0.1 * number) * frequency[0] / frequency
    steps = STEPS[last >= STEPS]
    noise = 0.002 * np.random.default_rng(number).normal(size=(3, steps.size))
    curves = curves_from(
        expit(9 * (steps / half[:, None] - 1)) + noise,
        steps,
        frequencies=frequency,
        settings={"training": {"optimizer": "sgd", "batch_size": 250}},
    )
    return StudyRun(number, "sgd", False, Job(MultitaskSparseParity(FREQUENCIES), TRAINING, number), curves)


RUNS = [drawn(0), drawn(1, last=3200.0)]


@pytest.fixture(scope="module")
def all_rows() -> pd.DataFrame:
    return forecast_rows(RUNS, shipped_recipes())


@pytest.fixture(scope="module")
def rows(all_rows: pd.DataFrame) -> pd.DataFrame:
    return all_rows[all_rows["told"] == "everything"]


def test_moments_are_the_steps_at_which_skills_stand() -> None:
    strength, steps = RUNS[0].curves["strength"].to_numpy()[0], RUNS[0].curves["step"].to_numpy()
    found = moments_of(RUNS[0].curves)
    assert [moment.known for moment in found] == [1, 2, 3]
    for k, moment in enumerate(found):
        assert strength[k][steps < moment.now].max() < 0.8 <= strength[k][steps == moment.now]
    assert [moment.known for moment in moments_of(RUNS[0].curves, most=2)] == [1, 2]
    flat = xr.zeros_like(RUNS[0].curves["strength"])
    assert moments_of(RUNS[0].curves.assign(strength=flat)) == []
    # A ceiling lowers all alike.
    scaled = RUNS[0].curves.assign(strength=0.9 * RUNS[0].curves["strength"])
    assert moments_of(scaled, ceiling=0.9)[0].now == found[0].now


def test_a_row_a_skill_to_come_with_its_scores(rows: pd.DataFrame) -> None:
    assert len(rows[rows["run"] == 0]) == 2 + 1
    last = rows[(rows["run"] == 1) & (rows["known"] == 1) & (rows["skill"] == 3)].iloc[0]
    assert math.isnan(last["measured_time"])  # it would come at 4466 steps, and the run ends at 3200
    assert last["pit_to"] == 1.0
    assert last["hit"] == (last["interval_to"] > last["last_step"])
    came = rows[rows["measured_time"].notna()]
    error = np.log10(came["forecast_time"] / came["measured_time"])
    np.testing.assert_allclose(error, came["log10_error"], atol=1e-12)
    inside = (came["measured_time"] >= came["interval_from"]) & (came["measured_time"] <= came["interval_to"])
    assert inside.equals(came["hit"])
    central = (came["pit_from"] >= 0.05) & (came["pit_from"] <= 0.95)
    assert (central == inside).mean() > 0.9  # a cdf between grid points may fall to the other side of an end
    # Curves that follow it are forecast by 1/frequency, up to where steps are measured.
    np.testing.assert_allclose(came["inverse"], came["measured_time"], rtol=0.02)


def test_sums_count_each_run_and_skill(rows: pd.DataFrame) -> None:
    scores = by_family_and_known(rows)
    one = next(found for found in scores if found["family"] == "sgd" and found["known"] == 1)
    own = rows[rows["known"] == 1]
    assert (one["n_runs"], one["n_skills"], one["n_censored"]) == (2, len(own), int(own["measured_time"].isna().sum()))
    assert one["median_error"] == pytest.approx(float(own["log10_error"].abs().median()))
    assert one["coverage"] == pytest.approx(float(own["hit"].mean()))
    assert one["median_error_inverse"] < 0.01
    assert [found["family"] for found in scores[:1]] == ["all"]
    assert score(rows).n_skills == 2 + 2  # however often each is forecast
    assert [point["level"] for point in reliability(rows)][-1] == 0.95


def test_classes_count_a_skill_once_and_leave_out_forbidden_forecasts(rows: pd.DataFrame) -> None:
    allowed = rows.assign(on_curves="use with care")
    found = coverage_by_class(allowed)["sgd"]
    assert [(one.known, one.scheduled) for one in found] == [(1, False), (2, False)]
    assert [one.skills for one in found] == [(allowed["known"] == n).sum() for n in (1, 2)]
    again = pd.concat([allowed, allowed.assign(known=allowed["known"] + 3)])  # as the fourth skill came
    assert coverage_by_class(again)["sgd"][-1].skills == allowed[["run", "skill"]].drop_duplicates().shape[0]
    assert coverage_by_class(rows.assign(on_curves="do not use")) == {}


def test_forecasts_that_are_told_less_go_by_other_recipes(all_rows: pd.DataFrame) -> None:
    by = all_rows.groupby("told")["recipe"].agg(set).to_dict()
    assert by["everything"] == {"sgd"}
    assert by["no optimiser"] == {"unknown"}
    assert by["no frequencies"] == {"rank"}
    assert "no network" not in by  # recipes of plain descent do not ask for it
    assert set(coverage_by_class(all_rows.assign(on_curves="trust"))) == {"sgd", "unknown", "rank"}


def test_the_report_has_everything(all_rows: pd.DataFrame, tmp_path: Path) -> None:
    report = report_on(all_rows, RecipeSettings(0, 2), 0, shipped_recipes())
    written = {path.name for path in write(report, tmp_path)}
    assert {"errors.png", "reliability.png", "forecasts.csv", "coverage.json", "summary.json"} <= written
    assert len(report.table.texts) == len(report.summary["scores"])
    assert report.summary["scores"][0]["n_forecasts"] == 2 + 2  # only those that were told everything
    kept = json.loads((tmp_path / "coverage.json").read_text())
    assert kept == json.loads(json.dumps(report.summary["coverage"]))
    assert any(remark.startswith(("trust", "use with care", "do not use")) for remark in report.remarks)
