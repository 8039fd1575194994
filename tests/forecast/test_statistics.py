"""Counts of independent measurements and degrees of freedom, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from saltus.statistics import degrees_of_sum, independent, student_quantile


def test_residuals_that_alternate_or_vanish_all_count() -> None:
    assert independent(np.array([1.0, -1.0, 1.0, -1.0])) == 4
    assert independent(np.zeros(5)) == 5


def test_neighbours_that_go_together_count_for_less() -> None:
    # Three equal residuals: rho = 2/3, so 3 (1 - 2/3)/(1 + 2/3) = 3/5.
    assert independent(np.full(3, 0.2)) == pytest.approx(3 / 5)
    # (2, 1): rho = 2/5, so 2 (3/5)/(7/5) = 6/7; a tiny pair is a pair all the same.
    assert independent(np.array([2.0, 1.0])) == pytest.approx(6 / 7)
    assert independent(1e-3 * np.array([2.0, 1.0])) == pytest.approx(6 / 7)
    # rho of a thousand equal ones is 0.999, and no rho counts for more than 0.99.
    assert independent(np.ones(1000)) == pytest.approx(1000 * 0.01 / 1.99)


def test_an_autoregression_counts_as_its_theory_says() -> None:
    rng = np.random.default_rng(0)
    residual = np.zeros(40_000)
    for i, kick in enumerate(rng.standard_normal(40_000)):
        residual[i] = 0.5 * residual[i - 1] + kick
    # rho = 0.5 is known to sqrt(0.75/40000) = 0.4 %, which moves (1 - rho)/(1 + rho) by 1.2 %; four of them.
    assert independent(residual) == pytest.approx(40_000 / 3, rel=0.05)


def test_degrees_of_a_sum_are_satterthwaites() -> None:
    assert degrees_of_sum([2.0, 2.0], [4, 4]) == pytest.approx(8)
    assert degrees_of_sum([3.0, 1.0], [9, 2]) == pytest.approx(16 / (9 / 9 + 1 / 2))
    assert degrees_of_sum([3.0, 0.0], [7, 2]) == pytest.approx(7)
    assert degrees_of_sum([3.0, 1.0], [np.inf, 2]) == pytest.approx(32)  # a known variance spends nothing
    assert degrees_of_sum([3.0], [0.25]) == 1  # no fewer than one
    assert degrees_of_sum([0.0, 0.0], [4, 4]) == np.inf
    assert degrees_of_sum([0.5, 0.0], [np.inf, 3]) == np.inf
    np.testing.assert_allclose(degrees_of_sum([[1.0, 1.0], [1.0, 0.0]], [5, 5]), [10, 5])


def test_quantiles_are_students_and_in_the_limit_normal() -> None:
    np.testing.assert_allclose(student_quantile(0.9, [1, 4.5, 30]), student([1, 4.5, 30]).ppf(0.9))
    assert student_quantile(0.95, np.inf) == pytest.approx(norm.ppf(0.95), rel=1e-7)
