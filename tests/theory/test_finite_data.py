"""Expectations over counts for many samples, against sums over every count and against exact probabilities."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_expit
from scipy.stats import poisson

from saltus.theory.finite_data import Counts, LogisticPower, expected_logistic, sum_over_counts


@pytest.mark.parametrize("data", [1, 20, 1000, 10**6, 10**9])
@pytest.mark.parametrize("p", [1e-9, 0.003, 0.5, 0.999])
def test_binomial_probabilities(data: int, p: float) -> None:
    mean, deviation = data * p, math.sqrt(data * p * (1 - p))
    for distance in (-30, -3, 0, 1, 8):
        d = min(max(round(mean + distance * deviation), 0), data)
        with mpmath.workdps(50):
            q = mpmath.mpf(p)
            log_choose = mpmath.loggamma(data + 1) - mpmath.loggamma(d + 1) - mpmath.loggamma(data - d + 1)
            expected = float(log_choose + d * mpmath.log(q) + (data - d) * mpmath.log(1 - q))
        # The rounding of D p, one unit in the last place, times the distance from the mean; and that of the result.
        allowed = 4e-16 * (abs(distance) * math.sqrt(mean / (1 - p)) + abs(expected)) + 1e-14
        found = Counts(np.array([data * p]), data).log_probability(np.array([float(d)]))[0]
        assert found == pytest.approx(expected, rel=0, abs=allowed)


def every_count(data: int, p: float, start: float, growth: float, power: int) -> float:
    """Sum over all d of the binomial probability, by its recurrence in logarithms and extended precision."""
    d = np.arange(data + 1, dtype=np.longdouble)
    steps = np.log(data - d[:-1]) - np.log(d[:-1] + 1) + np.log(np.longdouble(p)) - np.log1p(-np.longdouble(p))
    log_probability = np.append(0, np.cumsum(steps)) + data * np.log1p(-np.longdouble(p))
    argument = start + np.longdouble(growth) * d / data
    log_logistic = -np.logaddexp(0, -argument)
    return float(np.exp(log_probability + power * log_logistic).sum())


@pytest.mark.parametrize("p", [1e-5, 0.002, 0.3, 0.98])
@pytest.mark.parametrize("growth", [-0.1, -20.0, -1000.0, 30.0])
@pytest.mark.parametrize("start", [0.0, 4.6, -4.6, 200.0])
@pytest.mark.parametrize("power", [1, 2, 4])
def test_strides_leave_the_sum_alone(p: float, growth: float, start: float, power: int) -> None:
    data = 30_000
    expected = every_count(data, p, start, growth, power)
    found = expected_logistic(np.array([p]), data, start=start, growth=growth, power=power)[0]
    # Where the result is exponentially small, its logarithm's rounding; the recurrence adds 1e-14 of its own.
    amplification = max(1.0, -math.log(max(expected, 1e-300)))
    assert found == pytest.approx(expected, rel=2e-13 + 4e-16 * amplification, abs=1e-300)


def test_poisson_counts_with_a_phase() -> None:
    mean, angle = np.array([0.3, 40.0, 3000.0]), np.array([0.0, 0.02])
    found = sum_over_counts(Counts(mean, math.inf), LogisticPower(3.0, -0.01, 2), angle)
    for j, m in enumerate(mean):
        d = np.arange(10_000.0)
        weight = poisson.pmf(d, m) * np.exp(2 * log_expit(3.0 - 0.01 * d))
        for i, theta in enumerate(angle):
            # scipy's Poisson probabilities are good to 1e-12 at this size.
            assert found[i, j] == pytest.approx(np.sum(weight * np.exp(1j * theta * (d - m))), rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(
    st.floats(1e-12, 1), st.integers(1, 10**12), st.floats(-690, 690), st.floats(-1e12, 1e12), st.integers(1, 4)
)  # fmt: skip
def test_expectations_lie_between_their_extremes(p: float, data: int, start: float, growth: float, power: int) -> None:
    found = expected_logistic(np.array([p]), data, start=start, growth=growth, power=power)[0]
    ends = np.exp(power * log_expit(np.array([start, start + growth])))
    # Probabilities sum to 1 within the rounding of D p.
    assert ends.min() * (1 - 1e-10) - 1e-300 <= found <= ends.max() * (1 + 1e-10)


@pytest.mark.parametrize("p", [0.2, 1.0])
def test_infinite_growth_asks_only_whether_a_skill_was_seen(p: float) -> None:
    unseen = (1 - p) ** 7
    arguments = {"data": 7, "start": -2.0, "power": 2}
    low = (1 + math.exp(2)) ** -2
    assert expected_logistic(np.array([p]), growth=-math.inf, **arguments)[0] == pytest.approx(low * unseen)  # type: ignore[arg-type]
    up = expected_logistic(np.array([p]), growth=math.inf, **arguments)[0]  # type: ignore[arg-type]
    assert up == pytest.approx(low * unseen + 1 - unseen)
