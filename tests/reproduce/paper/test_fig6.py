"""Fig. 6: times and falls of the loss against formulas by hand and the integrated flow."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from saltus.cli import main
from saltus.present.report import Report
from saltus.reproduce.paper.fig6 import PRESETS, reproduce
from saltus.reproduce.shared.options import RunOptions

PAPER = PRESETS["paper"]


@pytest.fixture(scope="module")
def report() -> Report:
    return reproduce(PAPER, RunOptions())


def test_the_papers_system() -> None:
    assert (PAPER.alpha, PAPER.target_scale) == (0.6, 5.0)


def test_times_and_stage_like_pairs_are_those_of_equations_40_and_41(report: Report) -> None:
    weights = [k**-1.6 for k in range(1, 6)]
    wait = math.log(5 / PAPER.initial_strength - 1)
    odds = math.log(0.95 / 0.05)
    for k, stage in enumerate(report.summary["stages"], start=1):
        share = weights[k - 1] / sum(weights)
        assert stage["frequency"] == pytest.approx(share, rel=1e-12)
        assert stage["emergence_time"] == pytest.approx((wait - odds) / (2 * 0.02 * share * 5), rel=1e-12)
        assert stage["saturation_time"] == pytest.approx(odds / (0.02 * share * 5), rel=1e-12)
        # Eq. 41 with tau proportional to k^1.6: the rate drops out.
        expected = None if k == 5 else ((k + 1) / k) ** 1.6 > (wait + odds) / (wait - odds)
        assert stage["stage_like"] is expected
    assert [row[4] for row in report.table.texts] == ["yes", "yes", "yes", "no", "–"]


def test_the_integrated_flow_gives_the_same_strengths_and_falls(report: Report) -> None:
    # The integrator's tolerance of 1e-12 a step adds up to 1e-10 or so while a skill grows by six decades.
    assert report.summary["agreement"]["largest_difference_closed_form_integrated"] < 1e-8
    for stage in report.summary["stages"]:
        assert stage["integrated_at_emergence"] == pytest.approx(0.05, abs=1e-8)
        assert stage["integrated_at_saturation"] == pytest.approx(0.95, abs=1e-8)
        assert stage["loss_fall"] == pytest.approx(stage["loss_fall_integrated"], abs=1e-7)


def test_each_stage_drops_the_loss_by_its_share(report: Report) -> None:
    stages = report.summary["stages"]
    assert sum(stage["loss_step"] for stage in stages) == pytest.approx(12.5, rel=1e-12)
    assert sum(stage["loss_fall"] for stage in stages) == pytest.approx((5 - PAPER.initial_strength) ** 2 / 2, rel=1e-8)
    for stage in stages:
        if stage["stage_like"]:
            # At a standstill the next skill is below epsilon, which takes at most 2 epsilon P_(k+1) S^2 / 2 more off.
            following = stages[stage["skill"]]["loss_step"]
            assert abs(stage["loss_fall"] - stage["loss_step"]) < 2 * PAPER.threshold * following


def test_stairs_sharpen_with_a_smaller_start_at_the_rate_of_the_closest_pair() -> None:
    starts = np.array([1e-12, 1e-30])
    errors = []
    for start in starts:
        stages = reproduce(replace(PAPER, initial_strength=start), RunOptions()).summary["stages"]
        errors.append(max(abs(stage["loss_fall"] / stage["loss_step"] - 1) for stage in stages))
    # Half way between skills 4 and 5 the logit of skill 5 is -W (1 - (4/5)^1.6) / 2, with W = log(S/r) its whole way;
    # what skill 5 has by then is missing from its fall. Corrections are of the order of the error itself, 1 %.
    rate = np.log(errors[0] / errors[1]) / np.log(starts[0] / starts[1])
    assert rate == pytest.approx((1 - 0.8**1.6) / 2, rel=0.01)


def test_the_command_prints_the_table_and_writes_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "fig6", "--out", str(tmp_path)]) == 0
    assert set(os.listdir(tmp_path)) == {"stages.png", "stages.pdf", "curves.csv", "summary.csv", "summary.json"}
    printed = capsys.readouterr().out
    for step in (7.4084, 2.4439, 1.2774, 0.8062, 0.5641):  # 12.5 k^-1.6 / sum over j of j^-1.6
        assert f"{step:.4f}" in printed


def test_the_table_of_curves_gives_the_loss(report: Report) -> None:
    curves = report.tables["curves"]
    share = np.arange(1, 6) ** -1.6 / np.sum(np.arange(1, 6) ** -1.6)
    relative = curves[[f"strength_{k}" for k in range(1, 6)]].to_numpy()
    np.testing.assert_allclose(curves["loss"], 12.5 * (1 - relative) ** 2 @ share, rtol=1e-12, atol=1e-12)
