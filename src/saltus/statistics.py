"""Effective size of correlated samples, and intervals that combine error sources with few degrees of freedom."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from saltus._types import Floats

_WINDOW = 5.0  # length of the summed autocorrelations, in correlation times


def independent(residual: Floats) -> float:
    """Effective number of independent measurements, n (1 - rho)/(1 + rho).

    Args:
        residual: measured minus fitted values in order, shape ``(n,)``; rho >= 0 is their lag-1 autocorrelation.
    """
    power = residual @ residual
    rho = float(np.clip(residual[1:] @ residual[:-1] / power, 0.0, 0.99)) if power > 0 else 0.0
    return len(residual) * (1 - rho) / (1 + rho)


def degrees_of_sum(variances: ArrayLike, degrees: ArrayLike) -> Floats:
    """Degrees of freedom of sums of variances (Satterthwaite 1946); infinity for a sum of 0.

    Args:
        variances: terms of the sums, along the last axis.
        degrees: degrees of freedom of each term, at least 1; infinity where a variance is known.
    """
    parts = np.asarray(variances, dtype=float)
    spent = np.sum(parts**2 / np.maximum(np.asarray(degrees, dtype=float), 1.0), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spent > 0, parts.sum(axis=-1) ** 2 / spent, np.inf)


def student_quantile(probability: float, degrees: ArrayLike) -> Floats:
    """Quantile of Student's t; of the normal law for infinitely many degrees of freedom."""
    finite = np.minimum(np.asarray(degrees, dtype=float), 1e9)
    return np.asarray(stdtrit(finite, probability))


def student_probability(sigmas: ArrayLike, degrees: ArrayLike) -> Floats:
    """Probability of at most so many standard deviations under Student's t; the inverse of `student_quantile`."""
    finite = np.minimum(np.asarray(degrees, dtype=float), 1e9)
    return np.asarray(stdtr(finite, sigmas))


def powers_of_ten(exponent: ArrayLike) -> Floats:
    """Ten to these powers, elementwise; infinity where that is no number."""
    with np.errstate(over="ignore"):
        return np.asarray(10.0 ** np.asarray(exponent, dtype=float))


def correlation_time(values: Floats) -> float:
    """Number of neighbours that count as one: 1 + 2 sum of autocorrelations, at least 1.

    The sum ends where it has reached five times its own value (Sokal 1997), before noise fills it.

    Args:
        values: a series about 0, in order, shape ``(n,)``.
    """
    n = len(values)
    power = np.abs(np.fft.rfft(values, 2 * n)) ** 2
    covariance = np.fft.irfft(power)[:n]
    if covariance[0] <= 0:
        return 1.0
    times = 2 * np.cumsum(covariance / covariance[0]) - 1
    far_enough = np.arange(n) >= _WINDOW * times
    return float(max(times[int(far_enough.argmax()) if far_enough.any() else n - 1], 1.0))
