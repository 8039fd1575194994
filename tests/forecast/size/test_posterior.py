"""Posteriors of a constant against sums by hand, sizes of any unit, and all risen skills together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from saltus import assess, calibrate_data, calibrate_parameters
from saltus.curves.schema import curves_from
from saltus.forecast.size.posterior import LEVELS, by_chance, constant_quantiles
from tests.helpers import MIX, NODES, SHOTS, SIZES, synthetic_data, synthetic_width


def test_the_posterior_of_one_point_is_its_normal_law() -> None:
    """A strength on a straight line of known variance: no noise half-way up is added where nothing rises."""
    grid = np.linspace(-2, 2, 801)
    variance = np.full((1, 1), 0.3**2 - 0.04**2)  # with the floor of 0.04
    found = constant_quantiles(grid, grid[:, None], np.array([[0.25]]), variance, np.zeros(1))
    # Sums over a grid of 0.005, cut at five standard deviations: thousandths, more in the farthest tails.
    np.testing.assert_allclose(found[2:-2], norm(0.25, 0.3).ppf(LEVELS[2:-2]), atol=2e-3)


def test_runs_that_differ_widen_the_posterior_by_their_spread() -> None:
    grid = np.linspace(-3, 3, 1201)

    def width(*measured: float) -> float:
        at = np.array(measured)[:, None]
        found = constant_quantiles(grid, grid[:, None], at, np.full(at.shape, 1e-4), np.zeros(1))
        return float(found[LEVELS.index(0.95)] - found[LEVELS.index(0.05)])

    apart = width(-0.3, 0.3, 0.0, -0.1, 0.2)
    # Five runs with a standard deviation of 0.24: their mean's normal law is 0.35 wide, Student's 0.46.
    assert 0.30 < apart < 0.50
    assert width(0.0, 0.0, 0.0, 0.0, 0.0) < apart / 3


def test_values_by_chance_follow_the_quantiles() -> None:
    exact = norm(1.0, 0.2)
    values = by_chance(exact.ppf(LEVELS), 4000)
    np.testing.assert_allclose(values, exact.ppf((np.arange(4000) + 0.5) / 4000), rtol=1e-9)


@pytest.mark.parametrize(("n_runs", "noise"), [(10, 0.3), (1, 0.08)])
def test_intervals_of_the_posterior_hold_the_constant(n_runs: int, noise: float) -> None:
    rng = np.random.default_rng(11)
    fits = [calibrate_parameters(synthetic_width(rng, n_runs, noise=noise), None) for _ in range(30)]
    held = [low * one.constant <= NODES <= high * one.constant for one in fits for low, high in [one.relative_interval]]
    assert np.mean(held) >= 22 / 30  # 27 are expected, with a standard deviation of 1.6: three of them less


def test_sizes_of_any_unit_give_the_same_forecasts() -> None:
    curves = synthetic_data(np.random.default_rng(0), 5, noise=0.01)
    millions = curves.assign_coords(data=np.array(SIZES) / 1e6)
    one, other = (assess(seen).forecast for seen in (curves, millions))
    assert one is not None
    assert other is not None
    # Chance in training sets plays no part where sizes do not count samples: a few percent.
    np.testing.assert_allclose(other.emergence_time * 1e6, one.emergence_time, rtol=0.06)
    fit = calibrate_data(millions)
    assert fit.shots * 1e6 == pytest.approx(SHOTS, rel=0.06)
    widths = synthetic_width(np.random.default_rng(0), 1)
    halves = widths.assign_coords(parameters=widths["parameters"].to_numpy() / 7)
    assert calibrate_parameters(halves).nodes_per_skill == pytest.approx(NODES / 7, rel=1e-5)


def test_all_risen_skills_calibrate_by_default() -> None:
    curves = synthetic_data(np.random.default_rng(1), 3, noise=0.02)
    made = assess(curves)
    assert made.calibration is not None
    assert made.calibration.skills == (1, 2, 3)
    assert made.calibration == calibrate_data(curves, None, (1, 2, 3))
    few = assess(curves, until=float(SIZES[np.flatnonzero(np.array(SIZES) * MIX[1] < 0.5 * SHOTS)[-1]]))
    assert few.calibration is not None
    assert few.calibration.skills == (1,)
    alone = assess(curves, on_skill=2).calibration
    assert alone is not None
    assert alone.skills == (2,)


def test_a_skill_that_has_not_risen_has_no_part_in_the_fit() -> None:
    x = np.array([1.0, 50, 100, 150, 200, 300])
    strength = np.stack([1 - np.sqrt(1 - np.minimum(x / 200, 1)), np.zeros(6)])
    curves = curves_from(strength, x, over="data", frequencies=[1.0, 1e-9])
    assert calibrate_data(curves, None, None).skills == (1,)
