"""Fig. 10: halvings of the loss by hand, by their limits and by integration."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from saltus.cli import main
from saltus.present.report import Report
from saltus.reproduce.paper.fig9 import Settings
from saltus.reproduce.paper.fig10 import PRESETS, reproduce
from saltus.reproduce.shared.options import RunOptions


@pytest.fixture(scope="module")
def report() -> Report:
    return reproduce(PRESETS["paper"], RunOptions())


@pytest.mark.parametrize("settings", [Settings(), Settings(target_scale=5.0, learning_rate=0.02, horizon=300.0)])
def test_the_linear_model_halves_its_loss_at_a_constant_rate(settings: Settings) -> None:
    linear = [skill for skill in reproduce(settings, RunOptions()).summary["skills"] if skill["model"] == "linear"]
    assert [skill["share"] for skill in linear] == [0.5, 0.2, 0.1]
    for skill in linear:
        halving = math.log(2) / (2 * settings.learning_rate * skill["share"])
        assert skill["halving_times"] == pytest.approx([halving] * 3, rel=1e-12)


def test_the_multilinear_model_first_waits_then_overtakes() -> None:
    # For r -> 0: x = 1 - 2^(-j/2) of S at halving j, the first after log(S/r x/(1-x)), the others apart by logits of x.
    start, scale, rate = 1e-12, 3.0, 0.1
    settings = replace(PRESETS["paper"], initial_strength=start, target_scale=scale, learning_rate=rate)
    logits = [math.log(2 ** (j / 2) - 1) for j in (1, 2, 3)]
    expected = np.diff([-math.log(scale / start), *logits])
    for skill in reproduce(settings, RunOptions()).summary["skills"]:
        if skill["model"] == "multilinear":
            # Corrections are of the order of r/S.
            np.testing.assert_allclose(
                np.multiply(skill["halving_times"], 2 * rate * scale * skill["share"]), expected, rtol=1e-10
            )
            assert skill["halving_times"][0] > 20 * skill["halving_times"][2]


def test_the_integrated_flow_is_at_the_halvings_at_these_times(report: Report) -> None:
    # The integrator's tolerance of 1e-12 a step adds up to 1e-10 or so.
    assert report.summary["agreement"]["largest_difference_closed_form_integrated"] < 1e-8
    for skill in report.summary["skills"]:
        assert skill["integrated_loss"] == pytest.approx([0.5, 0.25, 0.125], abs=1e-8)


def test_the_table_of_curves_is_the_loss_of_equation_10(report: Report) -> None:
    curves = report.tables["curves"]
    for share in (0.5, 0.2, 0.1):
        linear = curves[(curves["model"] == "linear") & (curves["share"] == share)]
        # 1 - R/S has lost digits where R/S is near 1: 2e-16 of a missing 1e-7 or more, what is left is below atol.
        np.testing.assert_allclose(linear["loss"], np.exp(-2 * share * linear["time"]), rtol=1e-8, atol=1e-16)
        multilinear = curves[(curves["model"] == "multilinear") & (curves["share"] == share)]
        expected = (1 / (1 + np.exp(2 * share * multilinear["time"]) / 99) / 0.99) ** 2
        np.testing.assert_allclose(multilinear["loss"], expected, rtol=1e-8, atol=1e-16)


def test_the_command_prints_the_table_and_writes_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "fig10", "--out", str(tmp_path)]) == 0
    assert set(os.listdir(tmp_path)) == {"losses.png", "losses.pdf", "curves.csv", "summary.csv", "summary.json"}
    printed = capsys.readouterr().out
    for share in (0.5, 0.2, 0.1):
        assert f"{math.log(2) / (2 * share):.3f}" in printed
