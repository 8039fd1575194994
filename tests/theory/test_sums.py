"""Power sums and sum rules against mpmath and against adding term by term."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus.theory.sums import power_sum, relative_power_sum, sum_rule


@pytest.mark.parametrize("exponent", [1.001, 1.01, 1.6, 3.0, 6.0, 12.0])
@pytest.mark.parametrize("first", [1.0, 1.5, 40.0, 1e9])
@pytest.mark.parametrize("count", [1, 9, 10, 11, 1000, 1e12, math.inf])
def test_power_sum_agrees_with_hurwitz_zeta(exponent: float, first: float, count: float) -> None:
    with mpmath.workdps(60):
        expected = mpmath.zeta(mpmath.mpf(exponent), mpmath.mpf(first))
        if count < math.inf:
            expected -= mpmath.zeta(mpmath.mpf(exponent), mpmath.mpf(first) + mpmath.mpf(count))
    # A handful of additions and one power: some units in the last place.
    assert float(power_sum(exponent, first, count)) == pytest.approx(float(expected), rel=3e-15, abs=0)


def test_relative_power_sum_does_not_underflow() -> None:
    # For k far beyond 1 the sum of (1 + j/k)^-s is k/(s - 1) + 1/2; the power k^-s itself underflows here.
    assert float(relative_power_sum(4.0, 1e150, math.inf)) == pytest.approx(1e150 / 3, rel=1e-14)


@given(st.floats(1.01, 6), st.floats(1, 100), st.integers(0, 300), st.integers(0, 300))
def test_power_sums_add_up(exponent: float, first: float, left: int, right: int) -> None:
    whole = power_sum(exponent, first, left + right)
    parts = power_sum(exponent, first, left) + power_sum(exponent, first + left, right)
    assert float(whole) == pytest.approx(float(parts), rel=1e-14)


@pytest.mark.parametrize("shift", [0.0, 3.7, 5000.0])
@pytest.mark.parametrize("onset", [0.0, 4.6, 60.0])
@pytest.mark.parametrize("scale", [1e1, 1e4, 1e7, 1e10])
def test_sum_rule_adds_up_a_sigmoid_of_a_power(shift: float, onset: float, scale: float) -> None:
    last = 50_000

    def summand(k: np.ndarray) -> np.ndarray:
        q = (k.astype(np.longdouble) + shift) ** np.longdouble(-1.6)
        return np.asarray(q / (1 + np.exp(np.minimum(scale * q - onset, 5000))) ** 2)

    k, weight = sum_rule(1, last, sharpness=1.6 * max(onset, 7.5, scale * last**-1.6), shift=shift)
    expected = summand(np.arange(1, last + 1)).sum()
    # The design error of the rule; extended precision keeps the rounding of the summands out of the comparison.
    assert float((summand(k) * weight).sum() / expected - 1) == pytest.approx(0, abs=3e-13)


def test_sum_rule_cost_does_not_follow_the_number_of_terms() -> None:
    few, _ = sum_rule(1, 10**6, sharpness=10)
    many, _ = sum_rule(1, 10**12, sharpness=10)
    # Twice the logarithm of the range, and no more than that.
    assert many.size < 2.2 * few.size


@pytest.mark.parametrize(("first", "last"), [(1, 0), (5, 5), (3, 40), (10.0**300, 1000)])
def test_short_and_empty_ranges_are_added_one_by_one(first: float, last: float) -> None:
    k, weight = sum_rule(first, last, sharpness=1.0)
    assert k.tolist() == (list(range(int(first), int(last) + 1)) if last >= first else [])
    assert np.all(weight == 1)
