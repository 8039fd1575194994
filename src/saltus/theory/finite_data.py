"""Exact expectations, over how often a skill was observed, of powers of a logistic in that count.

Every strength and loss of the multilinear model on D samples is such a power, ``expit(start + growth d/D)^power``, of
d ~ Binomial(D, p). Its product with the probability of d is log-concave in d: one peak with two monotone flanks.
Bisection finds the peak and where the flanks have died away, and only what lies between is summed, with a stride far
below the width of the peak (ours, ``docs/derivations/finite-data.md``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln, kl_div, log_expit, xlog1py

from saltus._types import Flags, Floats, Integers
from saltus.theory.bisection import first_where

Complex = NDArray[np.complex128]

# Terms below exp(-40) of the largest one are left out.
_LOG_CUT = 40.0
_LOG_UNDERFLOW = -800.0  # log of a largest term whose sum underflows
# A peak sampled this often between its ends (18 standard deviations) is summed to rounding, also when tilted.
_SAMPLES_ACROSS = 72
# The logistic has poles at distance pi / slope: strides up to this over slope leave exp(-2 pi^2 / 0.5) = 1e-17.
_STRIDE_TIMES_SLOPE = 0.5
_MOST_TERMS_AT_ONCE = 1_000_000


@dataclass(frozen=True)
class Counts:
    """The number of observations of skills: d ~ Binomial(trials, mean/trials), or Poisson for infinite ``trials``.

    Args:
        mean: expected numbers, above 0, shape ``(K,)``.
        trials: a whole number of at least 1, or ``inf``.
    """

    mean: Floats
    trials: float

    def log_probability(self, d: Floats) -> Floats:
        """log P(d), to rounding for any number of trials (Loader 2000's saddle-point form); ``d`` like ``mean``."""
        own = -_log_factorial_excess(d) - _deviance(d, self.mean)
        if math.isinf(self.trials):
            return own
        rest = self.trials - d
        total = _log_factorial_excess(np.asarray(self.trials))
        return own + total - _log_factorial_excess(rest) - _deviance(rest, self.trials - self.mean)

    def log_ratio(self, d: Floats) -> Floats:
        """log P(d + 1)/P(d)."""
        ratio = np.log(self.mean / (d + 1))
        if math.isinf(self.trials):
            return np.asarray(ratio)
        # Nothing follows d = trials, and a skill that is always seen has no misses: both stay finite numbers.
        left, misses = np.maximum(self.trials - d, 1e-300), np.maximum(self.trials - self.mean, 1e-300)
        return np.asarray(ratio + np.log(left) - np.log(misses))

    def largest(self) -> Floats:
        """A count that is never exceeded (by more than a part in 1e100, for Poisson)."""
        if math.isinf(self.trials):
            return np.asarray(np.ceil(self.mean + 30 * np.sqrt(self.mean) + 200))
        return np.full_like(self.mean, self.trials)

    def of(self, members: slice | Integers) -> Counts:
        return Counts(self.mean[members], self.trials)


@dataclass(frozen=True)
class LogisticPower:
    """The function ``expit(start + slope d)^power`` of a number of observations ``d``."""

    start: float
    slope: float
    power: int

    def log(self, d: Floats) -> Floats:
        return np.asarray(self.power * log_expit(self.start + self.slope * d))


def expected_logistic(p: Floats, data: float, *, start: float, growth: float, power: int) -> Floats:
    """E[expit(start + growth d/D)^power] with d ~ Binomial(D, p).

    Args:
        p: success probabilities above 0, up to 1, shape ``(K,)``.
        data: D, a whole number of at least 1.
        start: the logistic's argument at d = 0.
        growth: increase of the argument at d = D, of either sign, possibly infinite.
        power: exponent of the logistic, at least 1.

    Returns:
        The expectations, shape ``(K,)``, relative error about 1e-13.
    """
    if math.isinf(growth):
        log_unseen = xlog1py(data, -p)
        learned = 0.0 if growth < 0 else -np.expm1(log_unseen)
        return np.asarray(expit(start) ** power * np.exp(log_unseen) + learned)
    counts = Counts(data * p, data)
    return np.asarray(sum_over_counts(counts, LogisticPower(start, growth / data, power), np.zeros(1))[0].real)


def sum_over_counts(counts: Counts, function: LogisticPower, angle: Floats) -> Complex:
    """E[function(d) exp(i angle (d - mean))], shape ``angle.shape + (K,)``, for a one-dimensional ``angle``."""
    low, high = _window(counts, function)
    stride = _stride(low, high, counts, function)
    n_terms = np.floor((high - low) / stride).astype(np.int64) + 1
    result = np.empty((angle.size, low.size), dtype=complex)
    for block in _blocks(n_terms, _MOST_TERMS_AT_ONCE // angle.size):
        owner, d = _observations(low[block], stride[block], n_terms[block])
        own = counts.of(block).of(owner)
        terms = np.exp(own.log_probability(d) + function.log(d))
        rotated = terms * np.exp(1j * angle[:, None] * (d - own.mean)) if np.any(angle) else terms[None, :]
        firsts = np.cumsum(n_terms[block]) - n_terms[block]
        result[:, block] = stride[block] * np.add.reduceat(rotated, firsts, axis=1)
    return result


def _log_factorial_excess(n: Floats) -> Floats:
    """log(n!) - (n log n - n), without the cancellation of large terms."""
    large = np.maximum(n, 16.0)
    square = large**-2.0
    stirling = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / large
    small = _SMALL_EXCESS[np.minimum(n, 16).astype(np.int64)]
    return np.where(n < 16, small, 0.5 * np.log(2 * np.pi * large) + stirling)


def _deviance(x: Floats, mean: Floats) -> Floats:
    """x log(x/mean) + mean - x, without cancellation near x = mean."""
    v = (x - mean) / np.maximum(x + mean, 1e-300)
    square = np.minimum(v * v, 0.01)
    series = np.zeros_like(v)
    for i in range(8, 0, -1):
        series = (series + 1 / (2 * i + 1)) * square
    return np.where(np.abs(v) < 0.1, v * (x - mean + 2 * x * series), kl_div(x, mean))


def _window(counts: Counts, function: LogisticPower) -> tuple[Floats, Floats]:
    """First and last d that matter, by bisection on the log-concave product."""

    def log_term(d: Floats) -> Floats:
        return counts.log_probability(d) + function.log(d)

    def falls_after(d: Floats) -> Flags:
        return np.asarray(counts.log_ratio(d) + function.log(d + 1) - function.log(d) <= 0)

    none, largest = np.zeros_like(counts.mean), counts.largest()
    peak = first_where(falls_after, none, largest)
    highest = log_term(peak)
    threshold = highest - _LOG_CUT
    # An expectation that underflows in any case needs no more than its peak.
    matters = highest > _LOG_UNDERFLOW
    low = first_where(lambda d: log_term(d) >= threshold, np.where(matters, none, peak), peak)
    high = first_where(lambda d: log_term(d) < threshold, peak, np.where(matters, largest, peak))
    return low, high


def _stride(low: Floats, high: Floats, counts: Counts, function: LogisticPower) -> Floats:
    """Largest stride that still sums to rounding; 1 where the window meets the first or last possible count."""
    limit = _STRIDE_TIMES_SLOPE / max(abs(function.slope), 1e-300)
    stride = np.maximum(np.floor(np.minimum((high - low) / _SAMPLES_ACROSS, limit)), 1.0)
    return np.where((low > 0) & (high < counts.largest()), stride, 1.0)


def _blocks(n_terms: Integers, most: int) -> Iterator[slice]:
    """Consecutive slices with at most ``most`` terms together (or of one element)."""
    ends = np.cumsum(n_terms)
    start = 0
    while start < n_terms.size:
        reach = (ends[start - 1] if start else 0) + most
        stop = max(int(np.searchsorted(ends, reach, side="right")), start + 1)
        yield slice(start, stop)
        start = stop


def _observations(low: Floats, stride: Floats, n_terms: Integers) -> tuple[Integers, Floats]:
    """All counts of all windows in one array, and the index of the window that each belongs to."""
    owner = np.repeat(np.arange(n_terms.size), n_terms)
    within = np.arange(owner.size) - np.repeat(np.cumsum(n_terms) - n_terms, n_terms)
    return owner, low[owner] + stride[owner] * within


def _small_excess() -> Floats:
    n = np.arange(1.0, 17.0)
    return np.append(0.0, gammaln(n + 1) - n * np.log(n) + n)


_SMALL_EXCESS = _small_excess()
