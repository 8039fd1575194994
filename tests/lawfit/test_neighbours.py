"""Intervals where losses are not independent, weighted losses, averaged rows, and tables of scores."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from saltus import InputError, fit_law
from saltus.lawfit import fit as module
from saltus.lawfit.fit import Status
from saltus.lawfit.forms import FORMS
from saltus.lawfit.objective import Objective
from saltus.lawfit.points import checked_points
from saltus.lawfit.study import study_losses
from saltus.statistics import correlation_time

Array = NDArray[np.float64]
X = np.linspace(10, 10_000, 600)


def in_a_row(rho: float, n: int, rng: np.random.Generator) -> Array:
    """Normal noise of variance 1 in which each value keeps the share rho of the one before."""
    noise = rng.normal(size=n)
    for i in range(1, n):
        noise[i] = rho * noise[i - 1] + math.sqrt(1 - rho**2) * noise[i]
    return noise


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_the_correlation_time_is_that_of_an_autoregression(rho: float) -> None:
    times = [correlation_time(in_a_row(rho, 5000, np.random.default_rng(seed))) for seed in range(10)]
    assert np.mean(times) == pytest.approx((1 + rho) / (1 - rho), rel=0.1)
    assert correlation_time(np.zeros(5)) == 1.0


def test_intervals_of_one_run_hold_though_its_losses_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    def held() -> float:
        hits = []
        for seed in range(40):
            noise = in_a_row(0.8, X.size, np.random.default_rng(seed))
            fit = fit_law(X, 5 * X**-0.2 * np.exp(0.02 * noise), n_bootstrap=100, delta=math.inf)
            low, high = fit.intervals["b"]
            hits.append(low <= 0.2 <= high)
        return float(np.mean(hits))

    # Of 40 intervals at 95 %, 34 or more hold in 98 of 100 tries; points drawn one by one hold half.
    assert held() >= 34 / 40
    monkeypatch.setattr(module, "_drawn", lambda points, residual: (points, ()))  # noqa: ARG005
    assert held() < 0.7


def test_the_blocks_are_said_and_too_few_give_no_interval() -> None:
    noise = in_a_row(0.9, X.size, np.random.default_rng(0))
    fit = fit_law(X, 5 * X**-0.2 * np.exp(0.02 * noise), n_bootstrap=20)
    (caution,) = fit.cautions
    assert caution.startswith("neighbouring residuals go together (about ")
    assert f"the bootstrap draws {fit.n_runs} blocks of " in caution
    assert 5 <= fit.n_runs <= 12
    slow = fit_law(X[:40], 5 * X[:40] ** -0.2 * np.exp(0.1 * np.sin(np.arange(40) / 8)), n_bootstrap=20)
    assert slow.intervals == {}
    assert slow.cautions[0].startswith("no intervals: neighbouring residuals go together")
    with pytest.raises(InputError, match="a band needs a bootstrap"):
        slow.band(100.0)
    white = fit_law(X, 5 * X**-0.2 * np.exp(0.02 * np.random.default_rng(0).normal(size=X.size)), n_bootstrap=20)
    assert (white.cautions, white.n_runs) == ((), X.size)


def test_a_few_runs_tell_no_interval() -> None:
    rng = np.random.default_rng(0)
    x, runs = np.tile(np.geomspace(1, 1000, 10), 5), np.repeat(np.arange(5), 10)
    loss = 5 * x**-0.2 * np.exp(0.01 * rng.normal(size=x.size))
    few = fit_law(x[:40], loss[:40], runs=runs[:40], n_bootstrap=50)
    assert few.intervals == {}
    assert few.cautions == ("no intervals: 4 runs are too few to tell how much runs differ",)
    assert fit_law(x, loss, runs=runs, n_bootstrap=50).intervals.keys() == {"A", "b"}


def test_the_residual_is_the_root_mean_square_of_log_loss() -> None:
    loss = 5 * X**-0.2 * np.exp(0.02 * np.random.default_rng(0).normal(size=X.size))
    fit = fit_law(X, loss, n_bootstrap=0)
    assert fit.residual == pytest.approx(math.sqrt(np.mean((np.log(loss) - np.log(fit(X))) ** 2)), rel=1e-9)


def test_losses_count_by_their_errors() -> None:
    rng = np.random.default_rng(0)
    x, poor = np.geomspace(1, 1e4, 40), np.arange(40) % 2 == 1
    error = np.where(poor, 0.2, 0.002)
    loss = 5 * x**-0.2 * np.exp(error * rng.normal(size=40))
    plain = fit_law(x, loss, n_bootstrap=0, delta=math.inf)
    weighed = fit_law(x, loss, errors=error * loss, n_bootstrap=0, delta=math.inf)
    # Weighted least squares of a straight line in logarithms.
    weighted = np.polynomial.polynomial.polyfit(np.log(x), np.log(loss), 1, w=1 / error)
    assert -weighed.parameters["b"] == pytest.approx(weighted[1], rel=1e-6)
    assert abs(weighed.parameters["b"] - 0.2) < 0.001 < abs(plain.parameters["b"] - 0.2)
    alike = fit_law(x, loss, errors=0.1 * loss, n_bootstrap=0)
    assert alike.parameters == pytest.approx(fit_law(x, loss, n_bootstrap=0).parameters, rel=1e-9)
    with pytest.raises(InputError, match="every error must be a finite number greater than 0; received 0"):
        fit_law(x, loss, errors=np.zeros(40))
    with pytest.raises(InputError, match="errors must be one for each loss"):
        fit_law(x, loss, errors=[1.0])


def test_derivatives_of_weighed_residuals_are_those_of_differences() -> None:
    rng = np.random.default_rng(1)
    z, y, theta = rng.random((30, 1)), rng.normal(size=30), np.array([[0.1, 0.5, 1.3]])
    objective = Objective(FORMS["power-offset"], z, y, np.ones((1, 30)), 0.3, rng.uniform(0.2, 3, 30))
    gradient, hessian, _ = objective.derivatives(theta)
    step = 1e-5 * np.eye(3)
    up, down = ([objective.derivatives(theta + sign * one) for one in step] for sign in (1, -1))
    values = [(objective.value(theta + one) - objective.value(theta - one))[0] / 2e-5 for one in step]
    np.testing.assert_allclose(gradient[0], values, rtol=1e-5, atol=1e-8)
    rows = [(a[0][0] - b[0][0]) / 2e-5 for a, b in zip(up, down, strict=True)]
    np.testing.assert_allclose(hessian[0], rows, rtol=1e-4, atol=1e-6)


def test_many_rows_are_averaged_in_equal_parts_of_log_x() -> None:
    steps = np.arange(1, 8001)
    loss = 5 * steps**-0.2 * np.exp(0.02 * np.random.default_rng(0).normal(size=steps.size))
    found = study_losses(pd.DataFrame({"step": steps, "loss": loss}), "loss", "step", bootstrap=50)
    assert found.n_averaged == 8000
    assert found.fit.n_points == found.points.loss.size <= 1000
    assert found.fit.parameters["b"] == pytest.approx(0.2, abs=0.005)
    points = checked_points([1, 2, 10, 100], [1, 4, 3, 5], None, 1, errors=[0.1, 0.4, 0.3, 0.5]).in_bins(2)
    np.testing.assert_allclose(points.x[:, 0], [math.sqrt(2), math.sqrt(1000)])
    np.testing.assert_allclose(points.loss, [2, math.sqrt(15)])
    assert points.error == pytest.approx([0.1 / math.sqrt(2)] * 2)


def test_scores_are_told_from_losses_and_fitted_as_what_is_missing() -> None:
    n = np.geomspace(1e6, 1e9, 20)
    score = 1 - 0.8 * (n / 1e6) ** -0.2
    table = pd.DataFrame({"n": n, "score": score})
    assert study_losses(table, "score", "n", bootstrap=0).rising == ("n",)
    found = study_losses(table, "score", "n", quantity="accuracy", bootstrap=0)
    assert found.rising == ()
    assert found.fit.parameters["b"] == pytest.approx(0.2)
    rates = study_losses(table.assign(score=1 - score), "score", "n", quantity="error_rate", bootstrap=0)
    assert rates.fit.parameters == pytest.approx(found.fit.parameters)
    with pytest.raises(InputError, match="every accuracy must lie between 0 and 1; received .*; divide percentages"):
        study_losses(table.assign(score=100 * score), "score", "n", quantity="accuracy")
    with pytest.raises(InputError, match="quantity must be one of loss, error_rate, accuracy; received 'f1'"):
        study_losses(table, "score", "n", quantity="f1")


def test_a_coefficient_beyond_numbers_is_said() -> None:
    x = np.linspace(1e9, 1.02e9, 30)
    fit = fit_law(x, 1 + np.exp(-(x - 1e9) / 4e6), "power-offset", n_bootstrap=0)
    assert fit.parameters["A"] == math.inf
    assert fit.status is not Status.AT_BOUND or "E" in fit.reason
    assert any(one.startswith("A is written as inf: beyond 1e308") for one in fit.cautions)
