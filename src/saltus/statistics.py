"""Effective size of correlated samples, and intervals that combine error sources with few degrees of freedom."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from saltus._types import Floats


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


def powers_of_ten(exponent: ArrayLike) -> Floats:
    """Ten to these powers, elementwise; infinity where that is no number."""
    with np.errstate(over="ignore"):
        return np.asarray(10.0 ** np.asarray(exponent, dtype=float))
