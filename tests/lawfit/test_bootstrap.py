"""Intervals: their coverage over repeated data, against Student's t, over runs, and their seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats

from saltus import fit_law
from saltus.lawfit.bootstrap import expanded_interval, resampled
from saltus.lawfit.fit import fit_points
from saltus.lawfit.forms import FORMS
from saltus.lawfit.objective import Objective
from saltus.lawfit.points import checked_points

X = np.geomspace(1e3, 1e9, 30)


@pytest.mark.parametrize(("delta", "form", "sets"), [(math.inf, "power-offset", 120), (1e-3, "power", 120)])
def test_intervals_cover_what_they_say(delta: float, form: str, sets: int) -> None:
    offset = 1.5 if form == "power-offset" else 0.0
    truth = {"A": 30.0, "b": 0.3} | ({"E": 1.5} if offset else {})
    hits = dict.fromkeys(truth, 0)
    for seed in range(sets):
        noise = np.random.default_rng(seed).normal(size=X.size)
        loss = (offset + 30 * X**-0.3) * np.exp(0.02 * noise)
        fit = fit_law(X, loss, form, delta=delta, n_bootstrap=250, level=0.9, seed=seed)
        for name, value in truth.items():
            low, high = fit.intervals[name]
            hits[name] += low <= value <= high
    # Binomial: three standard errors of 0.027, and 0.04 for what the bootstrap promises only for many points.
    for count in hits.values():
        assert 0.9 - 3 * 0.027 - 0.04 <= count / sets <= 0.9 + 3 * 0.027 + 0.04


@pytest.mark.parametrize("n", [5, 20, 1000])
def test_an_interval_of_a_mean_is_students(n: int) -> None:
    # Resampled means of n normal values have the variance s^2 (n-1)/n / n; here all their quantiles.
    spread = math.sqrt((n - 1) / n / n)
    means = spread * stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    low, high = expanded_interval(means, 0.95, n, n - 1)
    expected = stats.t.ppf(0.975, n - 1) / math.sqrt(n)
    assert (low, high) == pytest.approx((-expected, expected), rel=1e-3)  # quantiles of 200,000 values


def test_runs_are_drawn_whole() -> None:
    rng = np.random.default_rng(5)
    n_runs = 12
    x = np.tile(X, n_runs)
    runs = np.repeat(np.arange(n_runs), X.size)
    level = 0.05 * rng.normal(size=n_runs)  # each run is off by a factor of its own
    loss = 3 * x**-0.3 * np.exp(level[runs] + 0.001 * rng.normal(size=x.size))

    def width(**options: ArrayLike) -> float:
        low, high = fit_law(x, loss, delta=math.inf, runs=options.get("runs")).band(math.sqrt(X[0] * X[-1]))
        return math.log(high / low)

    # In the middle the law is the mean over runs, with a standard error of sd/sqrt(12); a resampled variance is known
    # to a few per cent, and its outer order statistics too.
    expected = 2 * stats.t.ppf(0.975, n_runs - 1) * level.std(ddof=1) / math.sqrt(n_runs)
    assert width(runs=runs) == pytest.approx(expected, rel=0.15)
    # Points one by one take the 30 errors of a run for independent: sqrt(30) = 5.5 times too sure.
    assert width() < expected / 4
    slope = fit_law(x, loss, delta=math.inf, runs=runs).intervals["b"]
    assert slope[1] - slope[0] < 1e-3  # runs differ in level only


def test_the_seed_decides_the_intervals_and_the_names_of_runs_do_not() -> None:
    loss = 3 * X**-0.3 * np.exp(0.02 * np.random.default_rng(0).normal(size=X.size))
    runs = np.repeat(np.arange(6), 5)
    first, again, other = (fit_law(X, loss, n_bootstrap=100, seed=seed).intervals for seed in (1, 1, 2))
    assert first == again != other
    named, counted = (fit_law(X, loss, runs=names, n_bootstrap=100) for names in ([f"run {r}" for r in runs], runs))
    assert named.n_runs == 6
    assert named.intervals == counted.intervals


def test_a_plain_call_is_95_percent_of_1000_resamples_of_huber_with_seed_0() -> None:
    loss = 3 * X**-0.3 * np.exp(0.02 * np.random.default_rng(0).normal(size=X.size))
    plain, spelled = fit_law(X, loss), fit_law(X, loss, "power", delta=1e-3, n_bootstrap=1000, level=0.95, seed=0)
    assert plain.intervals == spelled.intervals
    assert (plain.parameters, plain.delta, plain.level) == (spelled.parameters, 1e-3, 0.95)
    points = checked_points(X, loss, None, 1)
    few = fit_points(points, FORMS["power"], 1e-3, n_bootstrap=20)
    assert few.intervals == fit_law(X, loss, n_bootstrap=20, seed=0).intervals


@pytest.mark.parametrize("by_runs", [False, True])
def test_a_resample_is_a_weighted_fit_and_parts_change_nothing(by_runs: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    loss = 3 * X**-0.3 * np.exp(0.05 * rng.normal(size=X.size))
    points = checked_points(X, loss, np.repeat(np.arange(6), 5) if by_runs else None, 1)
    z, y = points.scaled(points.scale)
    objective = Objective(FORMS["power"], z, y, np.ones((1, y.size)), math.inf)
    theta = np.polyfit(z[:, 0], y, 1)[::-1] * [1, -1]
    together = resampled(objective, theta, points, 7, np.random.default_rng(9))
    assert together.shape == (7, 2)
    drawn = np.random.default_rng(9).multinomial(points.n_runs, np.full(points.n_runs, 1 / points.n_runs), size=7)
    for weight, found in zip(drawn[:, points.run], together, strict=True):
        slope, start = np.polyfit(z[:, 0], y, 1, w=np.sqrt(weight))
        # The bootstrap's minimiser stops when a part in 1e9 of the objective is left to gain.
        assert found == pytest.approx([start, -slope], abs=1e-5)
    # Three at a time: 30 points and 2 parameters make 60 entries each.
    monkeypatch.setattr("saltus.lawfit.bootstrap._MOST_ENTRIES", 180)
    in_parts = resampled(objective, theta, points, 7, np.random.default_rng(9))
    np.testing.assert_allclose(in_parts, together, rtol=0, atol=1e-12)
