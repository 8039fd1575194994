"""The integral of the time prefactor against mpmath's polylogarithm, quadrature, and its small-c limit."""

from __future__ import annotations

import math

import mpmath
import pytest

from saltus.theory.polylog import onset_integral, onset_integral_above

ALPHAS = [0.01, 0.3, 0.9, 5.0, 50.0]


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("log_odds", [-300.0, -2.0, -0.01, 0.0, 1e-9, 0.5, 3.0, 4.6, 12.0, 40.0])
def test_closed_form_is_a_difference_of_polylogarithms(alpha: float, log_odds: float) -> None:
    with mpmath.workdps(30 if log_odds > -100 else 300):
        s, c = mpmath.mpf(alpha) / (mpmath.mpf(alpha) + 1), mpmath.exp(mpmath.mpf(log_odds))
        expected = mpmath.re(mpmath.gamma(s) * (mpmath.polylog(s - 1, -c) - mpmath.polylog(s, -c)))
        # The accelerated alternating series at c = 1 adds up terms 20 times its sum, 24 of them.
        assert onset_integral(alpha, log_odds) == pytest.approx(float(expected), rel=1e-13, abs=0)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("log_odds", [-3.0, 0.0, 4.6, 60.0, 690.0])
def test_incomplete_integral_approaches_the_complete_one(alpha: float, log_odds: float) -> None:
    lower, s = 1e-7, alpha / (alpha + 1)
    # Below z = 1e-7 the integrand is z^(s-1) h(0), to a relative 2e-7 of a part that is then known to 1e-13.
    h, slope = (1 + math.exp(-log_odds)) ** -2, -2 / (1 + math.exp(log_odds))
    left_out = h * lower**s * (1 / s + slope * lower / (s + 1))
    complete = onset_integral_above(alpha, log_odds, lower) + left_out
    assert complete == pytest.approx(onset_integral(alpha, log_odds), rel=2e-13)
    assert onset_integral_above(alpha, log_odds, 0.0) == onset_integral(alpha, log_odds)


@pytest.mark.parametrize("lower", [0.01, 3.0, 30.0, 200.0])
@pytest.mark.parametrize("log_odds", [-1.0, 4.6, 25.0])
def test_incomplete_integral_is_the_integral(lower: float, log_odds: float) -> None:
    s, onset = mpmath.mpf(0.6) / mpmath.mpf(1.6), max(lower, log_odds)
    edges = [lower, *(onset + e for e in (0.5, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30, 50))]
    with mpmath.workdps(30):

        def integrand(z: mpmath.mpf) -> mpmath.mpf:
            return z ** (s - 1) / (1 + mpmath.exp(z - log_odds)) ** 2

        # mpmath's quadrature stops at an absolute error: the integrand must be of order 1.
        expected = integrand(lower) * mpmath.quad(lambda z: integrand(z) / integrand(lower), edges)
    assert onset_integral_above(0.6, log_odds, lower) == pytest.approx(float(expected), rel=1e-12, abs=0)


def test_nothing_is_left_far_beyond_the_onset() -> None:
    assert onset_integral_above(0.6, 4.6, 1e200) == 0
