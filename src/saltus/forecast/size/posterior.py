"""Posterior of the one constant of a size form, on a grid of its logarithm, from all measurements of all runs.

A measured R/S scatters about the form by its own error, by the chance in training sets, and by noise of networks, the
largest half-way up; runs may differ in their constant. Noise and spread between runs are not known, and summed over.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.special import logsumexp
from scipy.stats import norm

from saltus._types import Floats

LEVELS = (0.0005, 0.005, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.995, 0.9995)
"""Probabilities of the quantiles by which a posterior is kept."""
_FLOOR = 0.04  # R/S that any network misses a form by, on its plateaus too
_NOISES = tuple(np.geomspace(0.05, 0.5, 8).tolist())  # R/S half-way up, each as likely
_SPREADS = (0.0, 0.05, 0.1, 0.2, 0.4)  # sd of log(constant) between runs
_USUAL_SPREAD = 0.2  # scale of their Cauchy prior
_REACH = 6.0  # half-width of a spread's normal law, in its standard deviations
_TINY = 1e-300


def constant_quantiles(grid: Floats, expected: Floats, strength: Floats, variance: Floats, rise: Floats) -> Floats:
    """Quantiles of log(constant) at `LEVELS`.

    Args:
        grid: log(constant), evenly spaced, shape ``(n_grid,)``; each point is as likely before anything is measured.
        expected: R/S by the form, shape ``(n_grid, points)``.
        strength: measured R/S, NaN where it was not measured, shape ``(runs, points)``.
        variance: of each measurement by its own error and by the chance in training sets, same shape.
        rise: 1 for a point that may be half-way up and 0 for one on a plateau, ``4 R (1 - R)``, shape ``(points,)``.
    """
    log_weight = _log_posterior(grid, expected, strength, variance, rise)
    weight = np.exp(log_weight - log_weight.max())
    total = np.cumsum(weight) - weight / 2  # by the middle of a point's cell
    return np.interp(LEVELS, total / weight.sum(), grid)


def _log_posterior(grid: Floats, expected: Floats, strength: Floats, variance: Floats, rise: Floats) -> Floats:
    seen = np.isfinite(strength)
    measured = np.where(seen, strength, 0.0)
    step, squares, terms = float(grid[1] - grid[0]), expected**2, []
    for noise in _NOISES:
        precision = np.where(seen, 1 / (variance + _FLOOR**2 + noise**2 * rise), 0.0)
        alone = 0.5 * (np.log(np.where(seen, precision, 1.0)) - precision * measured**2).sum(axis=1)
        of_runs = expected @ (precision * measured).T - 0.5 * squares @ precision.T + alone
        terms += [
            _spread(of_runs, spread / step).sum(axis=1) - math.log1p((spread / _USUAL_SPREAD) ** 2)
            for spread in (_SPREADS if len(strength) > 1 else _SPREADS[:1])
        ]
    return np.asarray(logsumexp(terms, axis=0))


def _spread(log_likelihood: Floats, points: float) -> Floats:
    """Log likelihood of the centre of runs that spread about it by so many points of the grid, ``(n_grid, runs)``."""
    if points == 0:
        return log_likelihood
    highest = log_likelihood.max(axis=0)
    spread = gaussian_filter1d(np.exp(log_likelihood - highest), points, axis=0, mode="constant", truncate=_REACH)
    return np.asarray(np.log(np.maximum(spread, _TINY)) + highest)


def by_chance(quantiles: Floats, n: int) -> Floats:
    """Values of equal probability of a number with these quantiles at `LEVELS`, shape ``(n,)``.

    Between the quantiles, and beyond them, it goes linearly with the normal law's.
    """
    known, wanted = norm.ppf(LEVELS), norm.ppf((np.arange(n) + 0.5) / n)
    inside = np.interp(wanted, known, quantiles)
    below, above = ((quantiles[i + 1] - quantiles[i]) / (known[i + 1] - known[i]) for i in (0, len(known) - 2))
    beyond = np.minimum(wanted - known[0], 0) * below + np.maximum(wanted - known[-1], 0) * above
    return np.asarray(inside + beyond)
