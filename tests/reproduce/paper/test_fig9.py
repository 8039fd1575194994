"""Fig. 9: waits by hand and by integration, and no delay in the linear model."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from saltus.cli import main
from saltus.present.report import Report
from saltus.reproduce.paper.fig9 import PRESETS, Settings, reproduce
from saltus.reproduce.shared.options import RunOptions

PAPER = PRESETS["paper"]


@pytest.fixture(scope="module")
def report() -> Report:
    return reproduce(PAPER, RunOptions())


def test_the_papers_shares() -> None:
    assert PAPER.shares == (0.5, 0.2, 0.1)


@pytest.mark.parametrize("settings", [PAPER, replace(PAPER, target_scale=5.0, learning_rate=0.02, horizon=300.0)])
def test_times_are_those_of_equations_11_and_125(settings: Settings) -> None:
    scale, rate = settings.target_scale, settings.learning_rate
    odds = scale / settings.initial_strength - 1
    for skill in reproduce(settings, RunOptions()).summary["skills"]:
        share = skill["share"]
        if skill["model"] == "linear":
            emerged, half = (-math.log(1 - x) / (rate * share) for x in (0.05, 0.5))
        else:
            emerged, half = (math.log(odds * x / (1 - x)) / (2 * rate * scale * share) for x in (0.05, 0.5))
        assert skill["emergence_time"] == pytest.approx(emerged, rel=1e-12)
        assert skill["half_time"] == pytest.approx(half, rel=1e-12)


def test_the_integrated_flow_is_at_the_levels_at_these_times(report: Report) -> None:
    # The integrator's tolerance of 1e-12 a step adds up to 1e-10 or so.
    assert report.summary["agreement"]["largest_difference_closed_form_integrated"] < 1e-8
    for skill in report.summary["skills"]:
        assert skill["integrated_strength"] == pytest.approx([0.05, 0.5], abs=1e-8)


def test_only_the_multilinear_model_waits_and_the_more_the_smaller_its_start(report: Report) -> None:
    waits: dict[float, dict[str, float]] = {}
    for start in (1e-2, 1e-4, 1e-8):
        skills = reproduce(replace(PAPER, initial_strength=start), RunOptions()).summary["skills"]
        waits[start] = {skill["model"]: skill["wait"] for skill in skills}
        # The wait is the same for every share.
        assert all(skill["wait"] == pytest.approx(waits[start][skill["model"]], rel=1e-12) for skill in skills)
    assert waits[1e-2]["multilinear"] < waits[1e-4]["multilinear"] < waits[1e-8]["multilinear"] < 1
    assert {round(wait["linear"], 12) for wait in waits.values()} == {round(math.log(0.95) / math.log(0.5), 12)}


def test_the_command_prints_the_table_and_writes_the_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "fig9", "--out", str(tmp_path)]) == 0
    assert set(os.listdir(tmp_path)) == {"strengths.png", "strengths.pdf", "curves.csv", "summary.csv", "summary.json"}
    printed = capsys.readouterr().out
    for time in (math.log(99) / (2 * 0.1), math.log(2) / 0.1):
        assert f"{time:.3f}" in printed


def test_the_table_of_curves_labels_its_rows(report: Report) -> None:
    curves = report.tables["curves"]
    for share in PAPER.shares:
        linear = curves[(curves["model"] == "linear") & (curves["share"] == share)]
        np.testing.assert_allclose(linear["strength"], -np.expm1(-share * linear["time"]), rtol=1e-12)
        multilinear = curves[(curves["model"] == "multilinear") & (curves["share"] == share)]
        expected = 1 / (1 + 99 * np.exp(-2 * share * multilinear["time"]))
        np.testing.assert_allclose(multilinear["strength"], expected, rtol=1e-12)
