"""The integral in the prefactor of the time law, complete by polylogarithms and incomplete by quadrature.

With s = alpha/(alpha + 1), h(z) = (1 + e^z/c)^-2 and c = S/r - 1 (the u of Nam et al. 2024, Eq. 238 and 321, is z/2),

    integral over z > 0 of z^(s-1) h(z)  =  Gamma(s) [Li_{s-1}(-c) - Li_s(-c)]

(ours, ``docs/derivations/polylog-prefactor.md``).
"""

from __future__ import annotations

import cmath
import math

import numpy as np
from scipy.special import bernoulli, expit

from saltus.theory.sums import log_panels

_SERIES_TERMS = 24  # terms of an alternating series: relative error (3 + sqrt 8)^-24 = 4e-19
# Terms of the Hurwitz zeta function: together they leave less than 1e-16.
_EXPLICIT_TERMS = 15
_BERNOULLI_TERMS = 10
_BERNOULLI = bernoulli(2 * _BERNOULLI_TERMS)
# h is below exp(-80) this far beyond its onset.
_SETTLED = 40.0
_UNDERFLOW = 400.0  # distance beyond the onset at which h underflows


def onset_integral(alpha: float, log_odds: float) -> float:
    """The complete integral, from z = 0; relative error about 1e-13.

    Args:
        alpha: exponent of the frequencies minus one, greater than 0.
        log_odds: log(S/r - 1), any finite number.
    """
    s = alpha / (alpha + 1)
    if log_odds <= 0:
        return math.gamma(s) * _polylog_difference(s, math.exp(log_odds))
    # Inversion formula of Jonquiere: Li_s(-c) from Li_s(-1/c), which converges, and a Hurwitz zeta function.
    order_s, order_below = _inversion_term(s, log_odds), _inversion_term(s - 1, log_odds)
    reflected = cmath.exp(1j * math.pi * s) * _polylog_sum(s, math.exp(-log_odds))
    return math.gamma(s) * (order_below - order_s + reflected).real


def onset_integral_above(alpha: float, log_odds: float, lower: float) -> float:
    """The integral from z = ``lower`` >= 0; relative error about 1e-13."""
    if lower == 0:
        return onset_integral(alpha, log_odds)
    s, onset = alpha / (alpha + 1), max(log_odds, 0.0)
    if lower > onset + _UNDERFLOW:
        return 0.0
    z, weight = log_panels(lower, max(lower, onset) + _SETTLED, sharpness=max(onset, lower, 7.5))
    return float(np.sum(weight * z ** (s - 1) * expit(log_odds - z) ** 2))


def _polylog_difference(s: float, c: float) -> float:
    """Li_{s-1}(-c) - Li_s(-c) for 0 <= c <= 1, without cancellation for small c."""
    return _alternating([(k + 1) * c ** (k + 2) * (k + 2) ** -s for k in range(_SERIES_TERMS)])


def _polylog_sum(s: float, c: float) -> float:
    """Li_{s-1}(-c) + Li_s(-c) for 0 <= c <= 1."""
    return -_alternating([(k + 2) * c ** (k + 1) * (k + 1) ** -s for k in range(_SERIES_TERMS)])


def _alternating(terms: list[float]) -> float:
    """Sum of (-1)^k terms[k], continued to infinity (Cohen, Rodriguez Villegas and Zagier 2000, Algorithm 1)."""
    n = len(terms)
    d = math.cosh(n * math.log(3 + math.sqrt(8)))
    b, c, total = -1.0, -d, 0.0
    for k, term in enumerate(terms):
        c = b - c
        total += c * term
        b *= (k + n) * (k - n) / ((k + 0.5) * (k + 1))
    return total / d


def _inversion_term(s: float, log_odds: float) -> complex:
    """(2 pi i)^s / Gamma(s) zeta(1 - s, 1/2 - i log_odds / (2 pi))."""
    zeta = _hurwitz_zeta(1 - s, complex(0.5, -log_odds / (2 * math.pi)))
    return cmath.exp(s * cmath.log(2j * math.pi)) / math.gamma(s) * zeta


def _hurwitz_zeta(s: float, q: complex) -> complex:
    """Hurwitz zeta for real s other than 1 and complex q with positive real part (Euler-Maclaurin)."""
    total = sum(((q + j) ** -s for j in range(_EXPLICIT_TERMS)), 0j)
    a = q + _EXPLICIT_TERMS
    total += a ** (1 - s) / (s - 1) + a**-s / 2
    coefficient = s * a ** (-s - 1)
    for i in range(1, _BERNOULLI_TERMS + 1):
        total += float(_BERNOULLI[2 * i]) / math.factorial(2 * i) * coefficient
        coefficient *= (s + 2 * i - 1) * (s + 2 * i) / a**2
    return total
