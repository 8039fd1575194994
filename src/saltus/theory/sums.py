"""Sums over skills at a cost that does not grow with their number.

Two tools, both from the Euler-Maclaurin formula (ours, ``docs/derivations/o1-sums.md``): sums of a power of the
skill index, and a rule of nodes and weights that sums any function which is smooth in the logarithm of the index.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bernoulli

from saltus._types import Floats

# Ten explicit terms and eight Bernoulli corrections leave less than 1e-16 for every exponent up to 12.
_EXPLICIT_TERMS = 10
_BERNOULLI_TERMS = 8
_BERNOULLI = bernoulli(2 * _BERNOULLI_TERMS)

# Index, in units of the sharpness, below which terms are added one by one; measured error of the rest: 1e-13.
_EXPLICIT_SPAN = 8.0
_PANEL_SPAN = 3.2  # largest change of the summand's logarithm over one panel
_GREGORY_ORDER = 12  # degree up to which the endpoint weights are exact
_PANEL_NODES, _PANEL_WEIGHTS = np.polynomial.legendre.leggauss(16)


def power_sum(exponent: float, first: ArrayLike, count: ArrayLike) -> Floats:
    """The sum of ``(first + j)^-exponent`` over ``j = 0, ..., count - 1``; arguments as in `relative_power_sum`."""
    return np.asarray(np.asarray(first, dtype=float) ** -exponent * relative_power_sum(exponent, first, count))


def relative_power_sum(exponent: float, first: ArrayLike, count: ArrayLike) -> Floats:
    """The sum of ``(1 + j/first)^-exponent`` over ``j = 0, ..., count - 1``: a power sum in units of its first term.

    Args:
        exponent: any number above 1 (an infinite sum must converge).
        first: the first base, at least 1, any shape.
        count: how many terms, at least 0, possibly ``inf``; broadcast against ``first``.

    Returns:
        The sums, relative error about 1e-15, also where ``exponent`` is close to 1 and zeta differences cancel.
    """
    unit, terms = np.broadcast_arrays(np.asarray(first, dtype=float), np.asarray(count, dtype=float))
    j = np.arange(_EXPLICIT_TERMS)
    bases = (unit[..., None] + j) / unit[..., None]
    explicit = np.sum(np.where(j < terms[..., None], bases**-exponent, 0.0), axis=-1)
    start = unit + _EXPLICIT_TERMS
    length = np.maximum(terms - _EXPLICIT_TERMS, 0.0)
    # expm1 keeps every digit of start^-a - stop^-a when a is small or the range is short.
    a = exponent - 1
    integral = unit * (start / unit) ** -a * -np.expm1(-a * np.log1p(length / start)) / a
    ends = _endpoint(exponent, start, unit) - _endpoint(exponent, start + length, unit)
    return np.asarray(explicit + integral + ends)


def _endpoint(exponent: float, x: Floats, unit: Floats) -> Floats:
    """One end's f/2 - sum_i B_2i/(2i)! f^(2i-1) in Euler-Maclaurin's formula, for f = (x/unit)^-exponent."""
    inverse_square = x**-2.0
    coefficient, corrections = exponent / x, np.zeros_like(x)
    for i in range(1, _BERNOULLI_TERMS + 1):
        corrections = corrections + _BERNOULLI[2 * i] / math.factorial(2 * i) * coefficient
        coefficient = coefficient * (exponent + 2 * i - 1) * (exponent + 2 * i) * inverse_square
    return np.asarray((x / unit) ** -exponent * (0.5 + corrections))


def sum_rule(first: float, last: float, *, sharpness: float, shift: float = 0.0) -> tuple[Floats, Floats]:
    """Nodes and weights that turn a sum over whole ``k`` from ``first`` to ``last`` into a short one.

    Whole numbers one by one as long as the summand can change from one to the next; from there on the integral over
    ``log(k + shift)`` by Gauss-Legendre panels, and Gregory's endpoint weights for the difference of sum and integral.

    Args:
        first: first index, at least 1 (a whole number).
        last: last index, finite; an empty rule if below ``first``.
        sharpness: largest logarithmic derivative of the summand in ``log(k + shift)`` that matters.
        shift: the offset of the power law.

    Returns:
        ``(k, weight)``, shape ``(n_nodes,)`` each: the sum of ``f(k)`` over the range equals ``sum weight * f(k)``; not
        every node is a whole number. Relative error about 1e-13 of the sum of ``|f|``.
    """
    # Floats, for indices beyond 64 bits.
    first, last = float(first), float(last)
    smooth_from = max(first, np.ceil(_EXPLICIT_SPAN * sharpness - shift))
    if last - smooth_from < 4 * _GREGORY_ORDER:
        k = np.arange(first, max(last, first - 1) + 1)
        return k, np.ones_like(k)
    explicit = np.arange(first, smooth_from)
    ends = np.arange(len(_GREGORY_WEIGHTS))
    k, weight = log_panels(smooth_from + shift, last + shift, sharpness)
    return (
        np.concatenate([explicit, smooth_from + ends, k - shift, last - ends]),
        np.concatenate([np.ones_like(explicit), _GREGORY_WEIGHTS, weight, _GREGORY_WEIGHTS]),
    )


def log_panels(low: float, high: float, sharpness: float) -> tuple[Floats, Floats]:
    """Nodes and weights of the integral over ``x`` from ``low`` to ``high``, with ``log x`` as the variable."""
    span = math.log(high / low)
    n_panels = math.ceil(span * sharpness / _PANEL_SPAN)
    half_width = span / n_panels / 2
    centres = half_width * np.arange(1, 2 * n_panels, 2)
    # Counting down from the end keeps the last positions, which decide a saturated sum, exact to the last digit.
    x = high * np.exp(-(centres[:, None] + half_width * _PANEL_NODES).ravel())
    return x, x * np.tile(half_width * _PANEL_WEIGHTS, n_panels)


def _gregory_weights(order: int) -> Floats:
    """Weights ``c_j`` on ``f(0), f(1), ...`` for one end: sum minus integral, exact for degree ``order``."""
    gregory = [Fraction(1)]
    for n in range(1, order + 2):
        terms = (gregory[i] * Fraction((-1) ** (n - i), n + 1 - i) for i in range(n))
        gregory.append(-sum(terms, Fraction(0)))
    weights = [
        sum(gregory[m + 1] * math.comb(m, j) * (-1) ** (m - j) for m in range(j, order + 1)) for j in range(order + 1)
    ]
    return np.array([float(w) for w in weights])


_GREGORY_WEIGHTS = _gregory_weights(_GREGORY_ORDER)
