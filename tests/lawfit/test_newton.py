"""The batch minimiser by itself: against least squares in closed form, at bounds, and where it must stop."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from saltus.lawfit.forms import FORMS
from saltus.lawfit.newton import descend, minimise
from saltus.lawfit.objective import Objective

EVERYWHERE = (np.full(2, -50.0), np.full(2, 50.0))


def line(seed: int, n: int = 40, delta: float = math.inf, members: int = 1) -> Objective:
    """A power law, y = a - b z, with noise and whole weights of each member's own."""
    rng = np.random.default_rng(seed)
    z = rng.random((n, 1))
    y = 0.4 - 1.7 * z[:, 0] + 0.3 * rng.normal(size=n)
    return Objective(FORMS["power"], z, y, rng.integers(1, 4, (members, n)).astype(float), delta)


def weighted_line(objective: Objective, member: int) -> np.ndarray:
    """theta of weighted least squares."""
    slope, start = np.polyfit(objective.z[:, 0], objective.y, 1, w=np.sqrt(objective.weight[member]))
    return np.array([start, -slope])


def test_every_member_of_a_batch_finds_its_own_minimum() -> None:
    objective = line(0, members=3)
    starts = np.array([[0.0, 0.0], [9.0, 9.0], [-20.0, 30.0]])
    found = minimise(objective, starts, EVERYWHERE, tolerance=1e-13)
    assert found.converged.all()
    for member in range(3):
        np.testing.assert_allclose(found.theta[member], weighted_line(objective, member), rtol=1e-6)
        residual = objective.y - found.theta[member, 0] + found.theta[member, 1] * objective.z[:, 0]
        assert found.value[member] == pytest.approx(np.sum(objective.weight[member] * residual**2) / 2, rel=1e-12)


def test_a_bound_holds_its_entry_and_the_others_find_the_best_beside_it() -> None:
    objective = line(1)
    free = weighted_line(objective, 0)
    lower = np.array([-50.0, free[1] + 0.5])
    found = minimise(objective, np.array([[3.0, 9.0]]), (lower, EVERYWHERE[1]), tolerance=1e-13)
    assert found.converged.all()
    assert found.theta[0, 1] == lower[1]
    # With the slope given, the start is the weighted mean of what is left.
    beside = np.average(objective.y + lower[1] * objective.z[:, 0], weights=objective.weight[0])
    assert found.theta[0, 0] == pytest.approx(beside, rel=1e-7)
    # The mirror image, from below an upper bound.
    upper = np.array([50.0, free[1] - 0.5])
    mirrored = minimise(objective, np.array([[3.0, -9.0]]), (EVERYWHERE[0], upper), tolerance=1e-13)
    assert mirrored.converged.all()
    assert mirrored.theta[0, 1] == upper[1]


def test_a_start_outside_the_box_is_moved_to_it() -> None:
    box = (np.array([1.0, -2.0]), np.array([2.0, -1.0]))
    found = minimise(line(2), np.array([[-7.0, 7.0]]), box, tolerance=1e-13, most_steps=0)
    assert found.theta.tolist() == [[1.0, -1.0]]
    assert found.converged.tolist() == [False]
    assert found.value[0] == line(2).value(np.array([[1.0, -1.0]]))[0]


def test_no_entry_moves_further_in_a_step_than_it_may() -> None:
    far = np.array([[-40.0, 40.0]])
    # Three, for losses within a factor e^15.
    once = minimise(line(3), far, EVERYWHERE, tolerance=1e-13, most_steps=1).theta
    assert np.abs(once - far).max() == pytest.approx(3.0, rel=1e-12)
    # Losses over more decades: a fifth of their range.
    steep = replace(line(3), y=100 * line(3).y)
    box = (np.full(2, -5000.0), np.full(2, 5000.0))
    once = minimise(steep, 100 * far, box, tolerance=1e-13, most_steps=1).theta
    assert np.abs(once - 100 * far).max() == pytest.approx(0.2 * np.ptp(steep.y), rel=1e-12)


def test_nothing_is_called_a_minimum_before_it_is_one() -> None:
    objective = line(4)
    start = np.array([[8.0, 8.0]])
    for steps in range(1, 12):
        found = minimise(objective, start, EVERYWHERE, tolerance=1e-13, most_steps=steps)
        lowest = objective.value(weighted_line(objective, 0)[None])[0]
        assert found.value[0] >= lowest * (1 - 1e-14)
        if found.converged[0]:
            assert found.value[0] <= lowest * (1 + 1e-12)
            break
    # Steps of 3 at most lead there from 8 away in three; then Newton's method, damped by a thousandth, is nearly done.
    assert 4 <= steps <= 8


def test_a_rough_tolerance_ends_sooner_and_less_exactly() -> None:
    objective = line(5)
    start = np.array([[0.5, 1.6]])
    lowest = objective.value(weighted_line(objective, 0)[None])[0]
    # Half the objective is more than there is to gain here, so the start's own first step is the last one.
    rough = minimise(objective, start, EVERYWHERE, tolerance=0.5)
    once = minimise(objective, start, EVERYWHERE, tolerance=1e-13, most_steps=1)
    assert rough.converged.tolist() == [True]
    assert once.converged.tolist() == [False]
    assert rough.theta.tolist() == once.theta.tolist()
    assert lowest < rough.value[0] < objective.value(start)[0]


def test_where_the_curvature_is_negative_the_first_step_goes_downhill() -> None:
    rng = np.random.default_rng(7)
    z = rng.random((30, 1))
    objective = Objective(FORMS["power-offset"], z, rng.normal(size=30), np.ones((1, 30)), math.inf)
    starts = rng.uniform([-3, -3, 0], [3, 3, 6], (400, 3))
    bends_down = np.linalg.eigvalsh(objective.derivatives(starts)[1])[:, 0] < -0.1
    starts = starts[bends_down]
    assert len(starts) > 50
    everywhere = (np.full(3, -50.0), np.full(3, 50.0))
    after = minimise(objective, starts, everywhere, tolerance=1e-13, most_steps=1)
    # A step may still be too long here and there, and is then taken back.
    assert np.all(after.value <= objective.value(starts))
    assert np.mean(after.value < objective.value(starts)) > 0.9


@pytest.mark.parametrize("delta", [0.05, 1e-3])
def test_coming_down_in_stages_finds_the_median_line_among_outliers(delta: float) -> None:
    objective = line(6, n=61, delta=delta)
    outliers = np.where(np.arange(61) % 3 == 0, 25.0, 0.0)
    clean = 0.4 - 1.7 * objective.z[:, 0]
    objective = replace(objective, y=clean + outliers, weight=np.ones((1, 61)))
    found = descend(objective, np.array([[10.0, 10.0]]), EVERYWHERE)
    assert found.converged.all()
    # A third of the points pulls by delta each, in one direction; the others balance it within delta.
    assert np.abs(found.theta[0] - [0.4, 1.7]).max() < 3 * delta
    pulled = np.clip(objective.y - found.theta[0, 0] + found.theta[0, 1] * objective.z[:, 0], -delta, delta)
    assert abs(pulled.sum()) < 1e-6 * delta * 61
    assert abs(pulled @ objective.z[:, 0]) < 1e-6 * delta * 61
