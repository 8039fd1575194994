"""Fig. 5: the closed form of each mode, the whole network, and formulas by hand agree."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from saltus.present.report import Report
from saltus.reproduce.paper.fig5 import PRESETS, network_modes, reproduce
from saltus.reproduce.shared.options import RunOptions
from saltus.theory.flow import integrate_product

PAPER = PRESETS["paper"]


@pytest.fixture(scope="module")
def report() -> Report:
    return reproduce(PAPER, RunOptions())


def test_the_papers_modes() -> None:
    assert PAPER.modes == (1.0, 0.5, 0.25)


def test_times_are_those_of_equation_40(report: Report) -> None:
    for mode in report.summary["modes"]:
        scale, start = mode["singular_value"], PAPER.initial_strength
        odds = 0.95 / 0.05
        assert mode["emergence_time"] == pytest.approx(math.log((scale / start - 1) / odds) / (2 * scale), rel=1e-12)
        assert mode["saturation_time"] == pytest.approx(math.log(odds) / scale, rel=1e-12)


def test_the_network_is_where_the_closed_form_says(report: Report) -> None:
    # The integrator's tolerance of 1e-12 a step adds up to 1e-10 or so while a mode grows by six decades.
    for mode in report.summary["modes"]:
        assert mode["network_at_emergence"] == pytest.approx(0.05, abs=1e-8)
        assert mode["network_at_saturation"] == pytest.approx(0.95, abs=1e-8)
    curves = report.tables["curves"]
    difference = float((curves["strength"] - curves["network_strength"]).abs().max())
    assert report.summary["agreement"]["largest_difference_closed_form_network"] == difference < 1e-8


@pytest.mark.parametrize("seed", [0, 5])
def test_whatever_its_singular_vectors_the_network_is_decoupled_products(seed: int) -> None:
    settings = replace(PAPER, modes=(1.3, 0.7, 0.4, 0.2), initial_strength=1e-3, learning_rate=0.3)
    time = np.linspace(0, 60, 13)
    network = network_modes(settings, time, np.random.default_rng(seed))
    weight = math.sqrt(settings.initial_strength)
    for mode, strength in zip(settings.modes, network, strict=True):
        product = integrate_product((weight, weight), time, share=1.0, target_scale=mode, learning_rate=0.3)
        np.testing.assert_allclose(strength, product, rtol=0, atol=1e-8)


def test_a_large_start_is_not_stage_like(report: Report) -> None:
    assert [mode["stage_like"] for mode in report.summary["modes"]] == [True, True, None]
    overlapping = reproduce(replace(PAPER, initial_strength=1e-2), RunOptions())
    assert [mode["stage_like"] for mode in overlapping.summary["modes"]] == [False, False, None]
    assert [row[4] for row in overlapping.table.texts] == ["no", "no", "–"]


def test_the_command_prints_the_table_and_writes_the_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "saltus", "reproduce", "fig5", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(os.listdir(tmp_path)) == {"modes.png", "modes.pdf", "curves.csv", "summary.csv", "summary.json"}
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["settings"]["modes"] == [1.0, 0.5, 0.25]
    for mode in summary["modes"]:
        assert f"{mode['emergence_time']:.3f}" in done.stdout
