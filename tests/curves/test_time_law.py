"""The law of emergence times: a known law, an independent fit, and runs in which skills are missing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import linregress

from saltus.curves.time_law import fit_time_law, log_moments

SKILLS = np.arange(1, 6)


def test_it_finds_the_law_that_made_the_times() -> None:
    law = fit_time_law(np.array([[300.0], [500.0]]) * SKILLS**1.9)
    assert law is not None
    assert law.exponent == pytest.approx(1.9, rel=1e-12)
    assert law.error == pytest.approx(0, abs=1e-12)
    assert law.prefactor == pytest.approx(math.sqrt(300 * 500), rel=1e-12)
    np.testing.assert_allclose(law(SKILLS), law.prefactor * SKILLS**1.9, rtol=1e-12)
    assert law.per_decade(alpha=0.9)[0] == pytest.approx(10, rel=1e-12)  # what decoupled skills do


def test_one_run_is_the_regression_line_with_its_error_from_scatter() -> None:
    rng = np.random.default_rng(0)
    times = 100 * SKILLS**1.5 * np.exp(0.2 * rng.standard_normal(5))
    times[2] = math.nan
    law, seen = fit_time_law(times[None]), np.isfinite(times)
    wanted = linregress(np.log(SKILLS[seen]), np.log(times[seen]))
    assert law is not None
    assert (law.exponent, law.error) == pytest.approx((wanted.slope, wanted.stderr), rel=1e-10)
    assert math.log(law.prefactor) == pytest.approx(wanted.intercept, rel=1e-10)


def test_the_standard_error_is_the_spread_of_repeated_experiments() -> None:
    rng = np.random.default_rng(1)
    laws = [fit_time_law(SKILLS**1.9 * np.exp(0.3 * rng.standard_normal((6, 5)))) for _ in range(2000)]
    exponents, errors = np.array([(law.exponent, law.error) for law in laws if law is not None]).T
    # The mean of 2000 squared errors, each with 5 degrees of freedom, is known to sqrt(2 / 5 / 2000) = 1.4 %.
    assert np.mean(errors**2) == pytest.approx(exponents.var(ddof=1), rel=0.09)
    assert exponents.mean() == pytest.approx(1.9, abs=4 * exponents.std() / math.sqrt(2000))


def test_runs_without_two_skills_do_not_count() -> None:
    nothing = [math.nan] * 3
    assert fit_time_law([nothing, [5.0, math.nan, math.nan]]) is None
    law = fit_time_law([nothing, [1.0, 2.0, math.nan]])
    assert law is not None
    assert law.n_runs == 1
    assert law.exponent == pytest.approx(1)
    assert math.isnan(law.error)  # two points always lie on a line


def test_moments_count_only_skills_that_emerged() -> None:
    mean, spread, count = log_moments([[1.0, 8.0, math.nan], [math.e**2, math.nan, math.nan]])
    np.testing.assert_allclose(mean, [1, math.log(8), math.nan])
    np.testing.assert_allclose(spread, [math.sqrt(2), math.nan, math.nan])
    np.testing.assert_array_equal(count, [2, 1, 0])
