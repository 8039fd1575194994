"""Michaud et al.'s setting: exponents against sums by hand, and a small instance of the whole recipe."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from saltus.cli import main
from saltus.present.report import Report, write
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.studies import michaud as recipe
from saltus.reproduce.studies.michaud import PRESETS, Settings, exponents
from saltus.theory.frequencies import PowerLaw

TINY = Settings(
    n_skills=12,
    n_bits=12,
    steps=900,
    batch_size=300,
    width=60,
    learning_rate=0.01,
    n_measurements=40,
    strength_samples=80,
    n_seeds=2,
    n_relevant=2,
)


@pytest.fixture(scope="module")
def report() -> Report:
    return recipe.reproduce(TINY, RunOptions(seed=3))


def test_exponents_of_pure_power_laws_are_theirs() -> None:
    k = np.arange(1, 31.0)
    found = exponents(k**-1.4, 7 * k**0.7, 3 * k**-0.4)
    assert (found.time, found.loss_in_time, found.loss_in_skills) == pytest.approx((0.5, 4 / 7, 0.4))
    assert math.isnan(exponents(k[:5], k[:5], k[:5]).time)  # three points from the third skill on are too few


@pytest.mark.parametrize("n_skills", [100, 500])
def test_the_models_exponents_are_those_of_the_sum_over_skills(n_skills: int) -> None:
    last = 20
    k = np.arange(1, n_skills + 1.0)
    p = k**-1.4 / np.sum(k**-1.4)
    # R/S = 1/(1 + 99 exp(-2 p T)) at r = 0.01, eta = S = 1 (Eq. 11), which is one half at T = log(99)/(2 p).
    times = np.log(99) / (2 * p[:last])
    loss = np.array([0.5 * np.sum(p * (1 - 1 / (1 + 99 * np.exp(-2 * p * t))) ** 2) for t in times])
    x, t, y = (np.log(values[2:last]) for values in (k, times, loss))
    found = recipe._of_model(PowerLaw(0.4, n_skills), p, last)
    assert found.time == pytest.approx(1.0)
    for value, of in ((found.loss_in_time, t), (found.loss_in_skills, x)):
        covariance = np.cov(of, y)
        assert value == pytest.approx(-covariance[0, 1] / covariance[0, 0], rel=1e-9)


def test_with_infinitely_many_skills_the_exponents_near_their_laws() -> None:
    last = 3000
    found = recipe._of_model(PowerLaw(0.4, math.inf), np.arange(1.0, last + 1) ** -1.4, last)
    assert found.loss_in_skills == pytest.approx(0.4, rel=0.02)
    assert found.loss_in_time == pytest.approx(0.4 / 1.4, rel=0.02)


def test_the_recipe_reads_its_exponents_off_the_runs(report: Report) -> None:
    times = np.array(report.summary["emergence_times"])
    assert times.shape == (2, 12)
    last = report.summary["skills"]["last"]
    assert last >= 6  # enough of a run to read a slope off
    assert np.isfinite(times[:, :last]).all()
    p = TINY.task.frequencies.first()
    slopes = [-np.polyfit(np.log(p[2:last]), np.log(run[2:last]), 1)[0] for run in times]
    (time,) = (one for one in report.summary["exponents"] if one["exponent"] == "time")
    assert time["measured"] == pytest.approx(np.mean(slopes))
    assert time["standard_error"] == pytest.approx(abs(slopes[1] - slopes[0]) / 2)
    for one in report.summary["exponents"]:
        assert one["model"] > one["model_infinite"] * 0.999  # finitely many skills steepen the loss
        assert math.isfinite(one["measured"])


def test_the_report_says_how_it_was_made(report: Report, tmp_path: Path) -> None:
    assert report.table.headings[3] == "model, n_s = 12"
    assert report.summary["seeds"] == [3, 4]
    assert report.summary["settings"]["training"]["loss"] == "logistic"
    assert report.summary["settings"]["task"]["disjoint"] is False
    names = {path.name for path in write(report, tmp_path)}
    assert names == {"quanta.png", "quanta.pdf", "curves.csv", "summary.csv", "summary.json"}
    json.loads((tmp_path / "summary.json").read_text())


def test_a_run_too_short_for_any_skill_has_no_exponents() -> None:
    from dataclasses import replace

    report = recipe.reproduce(replace(TINY, steps=20, n_seeds=1), RunOptions())
    assert [row[1] for row in report.table.texts] == ["–", "–", "–"]
    assert report.remarks == ["0 of 12 skills emerged, in order of frequency, in every run"]


def test_presets_check_themselves(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for settings in PRESETS.values():
        assert settings.task.n_skills == settings.n_skills
        assert settings.training.measurement_steps[-1] == settings.steps
    assert main(["reproduce", "michaud", "--preset", "huge", "--out", str(tmp_path)]) == 2
    assert "preset must be" in capsys.readouterr().err
