"""Fig. 8: the ReLU network by finite differences of its loss, its growth rates by hand, and the model beside it."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from saltus.cli import main
from saltus.present.report import Report
from saltus.reproduce.paper.fig8 import PRESETS, Settings, flow, reproduce
from saltus.reproduce.shared.options import RunOptions

PAPER = PRESETS["paper"]
Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def report() -> Report:
    return reproduce(PAPER, RunOptions())


def network(weights: Floats, bits: tuple[int, ...]) -> float:
    """Eq. 112-114 for one input, term by term."""
    p, q, g, c = weights
    x1, x2, x3 = bits
    first, second = max(-p * x1 + p * x2 - p * x3, 0), max(-q * x1 + q * x2 - q * x3 + q, 0)
    third = max(g * x1 - g * x2 + g * x3 - g, 0)
    return float(-2 * p * first + q * second + g * third + c)


def loss(weights: Floats, scale: float) -> float:
    errors = [scale * (-1) ** sum(bits) - network(weights, bits) for bits in product((0, 1), repeat=3)]
    return float(np.mean(np.square(errors)) / 2)


@pytest.mark.parametrize("settings", [PAPER, Settings(target_scale=2.0, initial_strength=0.05, learning_rate=0.3)])
def test_the_flow_goes_down_the_slope_of_the_loss(settings: Settings) -> None:
    course = flow(settings)
    np.testing.assert_allclose(course.weights(np.array([0.0]))[:3, 0] ** 2 / 2, settings.initial_strength)
    h = 1e-5
    for time in np.linspace(0.1, 0.6, 6) * course.end:
        before, here, after = course.weights(np.array([time - 1e-3, time, time + 1e-3])).T
        velocity = (after - before) / 2e-3
        slope = [
            (loss(here + h * unit, settings.target_scale) - loss(here - h * unit, settings.target_scale)) / (2 * h)
            for unit in np.eye(4)
        ]
        # Central differences in time and in the weights, each of second order, at rates and weights of order 1.
        np.testing.assert_allclose(velocity, -settings.learning_rate * np.array(slope), rtol=1e-5, atol=1e-8)


def test_many_small_steps_down_finite_differences_take_the_network_along_its_flow() -> None:
    course, ends = flow(PAPER), []
    for steps in (400, 800):
        weights = np.array([math.sqrt(2 * PAPER.initial_strength)] * 3 + [0.0])
        for _ in range(steps):
            slope = [(loss(weights + 1e-5 * u, 1.0) - loss(weights - 1e-5 * u, 1.0)) / 2e-5 for u in np.eye(4)]
            weights = weights - 12.0 / steps * np.array(slope)
        ends.append(weights)
    # Euler's error is of first order, so twice the finer run less the coarser one is right to second order.
    exact = course.weights(np.array([12.0]))[:, 0]
    np.testing.assert_allclose(2 * ends[1] - ends[0], exact, rtol=0, atol=1e-3)


def test_it_ends_at_the_solution_and_the_modes_at_their_parts() -> None:
    settings = Settings(target_scale=2.0)
    course = flow(settings)
    end = course.weights(np.array([course.end]))[:, 0]
    np.testing.assert_allclose(end, [math.sqrt(2 * 2.0)] * 3 + [-2.0], rtol=1e-3)
    assert loss(np.array([2.0, 2.0, 2.0, -2.0]), 2.0) == 0
    strengths = course.strengths(np.array([0.0, course.end]))
    np.testing.assert_allclose(strengths[:, 0], np.array([0.5, 0.25, 0.25, 1]) * settings.initial_strength / 2.0)
    np.testing.assert_allclose(strengths[:, 1], [0.5, 0.25, 0.25, 1], atol=1e-3)
    # Eq. 7 for the whole network: its bias does not count.
    by_hand = np.mean([(-1) ** sum(bits) * network(end, bits) for bits in product((0, 1), repeat=3)]) / 2.0
    assert strengths[3, 1] == pytest.approx(by_hand, rel=1e-12)


def test_early_growth_by_hand() -> None:
    # While f is small, d(p^2)/dt = p^2 S and d(q^2)/dt = q^2 S/2, and the same for g: B^2 of 1/2 and 1/4.
    course = flow(Settings(initial_strength=1e-9))
    growth = np.diff(np.log(course.strengths(np.array([0.0, 4.0]))), axis=1)[:3, 0]
    np.testing.assert_allclose(growth, [4.0, 2.0, 2.0], rtol=1e-5)


def test_times_follow_the_modes(report: Report) -> None:
    first, second, third, whole, model = report.summary["curves"]
    assert first["half_time"] < second["half_time"] < third["half_time"]
    curves = report.tables["curves"]
    for column, curve in zip(("mode_1", "mode_2", "mode_3", "sum"), (first, second, third, whole), strict=True):
        for time, level in ((curve["half_time"], 0.5), (curve["saturation_time"], 0.95)):
            seen = np.interp(time, curves["time"], curves[column])
            # The table's 601 points are 0.05 apart: straight lines between them err by 1e-4.
            assert seen == pytest.approx(level * curve["final_strength"], abs=2e-4)
    odds = 1 / PAPER.initial_strength - 1
    assert model["half_time"] == pytest.approx(math.log(odds) / (2 / 3), rel=1e-12)
    assert whole["half_time_over_model"] == pytest.approx(whole["half_time"] / model["half_time"])


def test_a_third_is_the_rate_of_equal_half_time_to_a_few_percent(report: Report) -> None:
    agreement = report.summary["agreement"]
    found = agreement["feature_rate_squared_of_equal_half_time"]
    rates = {entry["initial_strength"]: entry["feature_rate_squared"] for entry in found}
    whole = report.summary["curves"][3]
    assert rates[PAPER.initial_strength] == pytest.approx(math.log(999) / 2 / whole["half_time"], rel=1e-9)
    assert all(abs(3 * rate - 1) < 0.05 for rate in rates.values())
    curves = report.tables["curves"]
    logistic = 1 / (1 + 999 * np.exp(-2 / 3 * curves["time"]))
    np.testing.assert_allclose(curves["extended_model"], logistic, rtol=1e-12)
    assert agreement["largest_residual"] == pytest.approx(np.abs(curves["sum"] - logistic).max(), rel=1e-9)


def test_twice_the_rate_takes_half_the_time() -> None:
    slow, fast = (flow(replace(PAPER, learning_rate=rate)).first_times((0.5,)) for rate in (1.0, 2.0))
    np.testing.assert_allclose(slow / fast, 2, rtol=1e-8)


def test_the_command_writes_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "fig8", "--out", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "modes.png",
        "modes.pdf",
        "curves.csv",
        "summary.csv",
        "summary.json",
    }
    assert "extended model" in capsys.readouterr().out
