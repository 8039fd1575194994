"""Measured steps, total losses, and the law of times a decade, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import linregress

from saltus import InputError
from saltus.curves.crossings import crossing_times, emergence_times
from saltus.curves.schema import curves_from
from saltus.curves.spacing import geometric_steps
from saltus.curves.table import tidy_columns, tidy_table, total_loss
from saltus.curves.time_law import TimeLaw, fit_time_law, log_moments


@pytest.mark.parametrize(("steps", "ratio"), [(1, 1.02), (7, 1.02), (1000, 1.02), (54_321, 1.1), (1 << 20, 2.0)])
def test_steps_grow_by_a_ratio_at_most_from_0_to_the_last(steps: int, ratio: float) -> None:
    found = geometric_steps(steps, ratio)
    assert (found[0], found[1], found[-1]) == (0, 1, steps)
    assert found.dtype == np.int64
    gaps = np.diff(found)
    assert np.all(gaps >= 1)
    # Whole steps: a number rounded down may lie a whole step below the place that the ratio gives it.
    assert np.all(gaps[1:] <= np.maximum((ratio - 1) * (found[1:-1] + 1) + 1, 1))
    # No more places than the ratio asks for, beside 0 and the last.
    assert len(found) <= math.log(steps) / math.log(ratio) + 4


def test_powers_of_two_are_met_one_by_one_and_by_default_steps_are_2_percent_apart() -> None:
    assert geometric_steps(8, 2.0).tolist() == [0, 1, 2, 4, 8]
    assert geometric_steps(1).tolist() == [0, 1]
    default = geometric_steps(1_000_000)
    far = default[default > 100_000]
    # Rounding is worth less than 1 in 100 000, and so many places in all divide 6 decades evenly.
    count = math.ceil(6 * math.log(10) / math.log(1.02))
    assert (far[1:] / far[:-1])[:-1] == pytest.approx(10 ** (6 / count), rel=3e-5)


def test_the_total_loss_weighs_skills_by_their_frequency_and_does_not_guess() -> None:
    loss = np.array([[[2.0, 1.0], [4.0, np.nan]], [[0.0, 8.0], [1.0, 1.0]]])
    curves = curves_from(np.zeros((2, 2, 2)), [0, 10], skill_loss=loss, frequencies=[0.75, 0.25])
    np.testing.assert_allclose(total_loss(curves), [[2.5, np.nan], [0.25, 6.25]])


def test_columns_leave_out_places_where_nothing_was_measured() -> None:
    columns = tidy_columns(
        [1, 2],
        [0, 5, 9],
        {"a": np.array([[1, 2, np.nan], [4, np.nan, 6.0]]), "b": np.full((2, 3), np.nan)},
        over="data",
    )
    assert list(columns) == ["skill", "data", "a", "b"]
    assert columns["skill"].tolist() == [1, 1, 2, 2]
    assert columns["data"].tolist() == [0, 5, 0, 9]
    assert columns["a"].tolist() == [1, 2, 4, 6]


def test_a_law_a_decade_has_the_error_of_its_exponent() -> None:
    law = TimeLaw(exponent=1.2, error=0.05, prefactor=3.0, n_runs=2)
    factor, error = law.per_decade(alpha=0.6)
    assert factor == pytest.approx(10**0.75)
    # The derivative by the exponent, by central differences.
    high, low = (TimeLaw(1.2 + h, 0.05, 3.0, 2).per_decade(0.6)[0] for h in (1e-6, -1e-6))
    assert error == pytest.approx(0.05 * (high - low) / 2e-6, rel=1e-6)
    np.testing.assert_allclose(law([1, 2]), [3, 3 * 2**1.2])


def test_one_run_shows_no_spread_and_none_no_mean() -> None:
    times = emergence_times(curves_from(np.array([[0.0, 1.0], [0.0, 0.4]]), [0, 10]))
    np.testing.assert_array_equal(times.mean, [5.0, np.nan])
    np.testing.assert_array_equal(times.sd, [np.nan, np.nan])
    assert (times.n_emerged.tolist(), times.threshold) == ([1, 0], 0.5)
    mean, spread, count = log_moments([[math.e, math.nan]])
    np.testing.assert_allclose(mean, [1, np.nan])
    assert np.isnan(spread).all()
    assert count.tolist() == [1, 0]


def test_a_strength_of_just_the_threshold_has_reached_it() -> None:
    curves = curves_from([[0.0, 0.25, 0.5]], [0, 10, 20])
    assert crossing_times(curves)[0, 0] == 20
    assert crossing_times(curves, 0.25)[0, 0] == 10
    assert crossing_times(curves, 1e-9)[0, 0] == pytest.approx(4e-8)
    assert np.isnan(crossing_times(curves, 1 - 1e-9)[0, 0])


def test_arrays_at_the_limits_of_what_curves_may_hold() -> None:
    curves = curves_from([[0.5, 0.6]], [0, 1], runs=[-3], target_scale=1e-9, frequencies=[1e-12])
    assert curves["run"].to_numpy().tolist() == [-3]
    with pytest.raises(InputError, match="runs must be whole numbers; received"):
        curves_from([[0.5, 0.6]], [0, 1], runs=[math.inf])
    with pytest.raises(InputError, match="strength must be over runs, skills and measurements"):
        curves_from([0.5, 0.6], [0, 1])


def test_three_skills_of_one_run_and_two_runs_tell_an_error() -> None:
    x = np.log([1, 2, 3])
    y = 1.5 * x + np.array([0.0, 0.1, -0.1])
    one = fit_time_law(np.exp([y]))
    wanted = linregress(x, y)
    assert one is not None
    assert (one.exponent, one.error) == pytest.approx((wanted.slope, wanted.stderr))
    two = fit_time_law([[1.0, 2.0], [1.0, 8.0]])  # exponents 1 and 3
    assert two is not None
    assert (two.exponent, two.error) == pytest.approx((2, 1))  # sqrt(2)/sqrt(2)


def test_rows_of_all_runs_are_numbered_through() -> None:
    assert tidy_table(curves_from(np.zeros((2, 1, 2)), [0, 1])).index.tolist() == [0, 1, 2, 3]
