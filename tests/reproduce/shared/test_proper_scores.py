"""CRPS and shares that held, against closed forms, integrals and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from saltus.reproduce.shared.over_runs import error_of_mean
from saltus.reproduce.shared.proper_scores import crps, held

GRID = np.linspace(-7, 7, 2001)


@pytest.mark.parametrize("outcome", [0.0, 0.37, -2.0, 3.0, 9.0, -8.5])
@pytest.mark.parametrize("sd", [1.0, 0.3])
def test_of_a_normal_law_the_closed_form(outcome: float, sd: float) -> None:
    z = outcome / sd
    closed = sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / math.sqrt(math.pi))  # Gneiting & Raftery 2007
    # The grid is linear between points 0.007 apart: its error is a square of that.
    assert crps(GRID, norm.cdf(GRID / sd), outcome) == pytest.approx(closed, abs=1e-4)


@given(st.floats(-4, 4), st.floats(-4, 4))
def test_up_to_an_end_the_numerical_integral(outcome: float, end: float) -> None:
    grid = np.linspace(-2, 2.5, 30)
    cdf = 0.8 * norm.cdf(grid)
    cdf[0] = 0.0

    def squared(x: float) -> float:
        below = 0.0 if x < grid[0] else float(np.interp(x, grid, cdf))
        return (below - (x >= outcome)) ** 2

    high = min(end, max(grid[-1], outcome))  # beyond both, a mass that never comes would count without end
    kinks = [x for x in (*grid, outcome) if -4 < x < high]
    expected = quad(squared, -4, high, points=kinks, limit=200)[0] if high > -4 else 0.0
    assert crps(grid, cdf, outcome, end) == pytest.approx(expected, abs=1e-7)


def test_the_truth_scores_best_with_outcomes_that_end_unseen() -> None:
    outcomes = norm.rvs(size=400, random_state=1)
    end = 0.5

    def mean(shift: float, sd: float) -> float:
        cdf = norm.cdf((GRID - shift) / sd)
        return float(np.mean([crps(GRID, cdf, one if one < end else math.inf, end) for one in outcomes]))

    truth = mean(0.0, 1.0)
    for wrong in ((0.6, 1.0), (-0.6, 1.0), (0.0, 0.4), (0.0, 2.5)):
        assert mean(*wrong) > truth


def test_shares_that_held_are_the_levels_where_forecasts_are_right() -> None:
    at = norm.cdf(norm.rvs(size=20_000, random_state=2))
    unseen = at > 0.6  # its end cuts every run there
    low, high = np.where(unseen, 0.6, at), np.where(unseen, 1.0, at)
    for level in (0.3, 0.5, 0.9):
        assert held(low, high, level).mean() == pytest.approx(level, abs=0.01)  # three standard errors
    assert held([0.04, 0.5, 0.96], [0.04, 0.5, 0.96], 0.9).tolist() == [0, 1, 0]
    assert held([1.0, 0.0], [1.0, 1.0], 0.9).tolist() == [0, pytest.approx(0.9)]


def test_the_error_of_a_mean_counts_runs() -> None:
    rng = np.random.default_rng(3)
    of_run = rng.normal(size=200)
    run, value = np.repeat(np.arange(200), 5), np.repeat(of_run, 5)  # all skills of a run share its luck
    assert error_of_mean(run, value) == pytest.approx(of_run.std() / math.sqrt(200), rel=0.06)
    assert error_of_mean(np.arange(1000), rng.normal(size=1000)) == pytest.approx(1 / math.sqrt(1000), rel=0.1)
    assert math.isnan(error_of_mean([1, 1], [0.0, 1.0]))
