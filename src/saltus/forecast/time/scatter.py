"""Scatter of single skills about the power law of their run: normal, and now and then a straggler.

The logarithm of a skill's time strays from the law by a normal error, a straggler's by an exponential delay in
addition. Stragglers are skills of which a batch holds few samples: the fewer, the more often.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, log_ndtr

from saltus._types import Floats

_FEW = 1.5  # log10 of the samples of a skill in a batch at which `Scatter.log_odds` holds
_SAMPLES_UNKNOWN = 10**_FEW  # samples of a skill in a batch that nobody told
_LEAST_SD = 1e-4  # least standard deviation, decades: densities stay numbers


@dataclass(frozen=True)
class Scatter:
    """Law of log10(time of a skill) about its run's power law, in decades.

    Attributes:
        spread: standard deviation of skills as frequent as the most frequent one.
        spread_per_decade: standard deviation that each decade of frequency adds, in quadrature.
        delay: mean delay of a straggler; 0 without stragglers.
        log_odds: logarithm of the odds of straggling with 30 samples of the skill in a batch.
        log_odds_per_decade: the same that each decade of samples adds.
    """

    spread: float
    spread_per_decade: float = 0.0
    delay: float = 0.0
    log_odds: float = 0.0
    log_odds_per_decade: float = 0.0

    def sd(self, decades: ArrayLike, other: ArrayLike = 0.0) -> Floats:
        """Standard deviation of the normal part of skills ``decades`` rarer than the first, with another error."""
        own = np.hypot(self.spread, self.spread_per_decade * np.asarray(decades, dtype=float))
        return np.maximum(np.hypot(own, other), _LEAST_SD)

    def straggling(self, samples: ArrayLike) -> Floats:
        """Probability of straggling by the samples of a skill in a batch, NaN where they are not known."""
        known = np.asarray(samples, dtype=float)
        if self.delay <= 0:
            return np.zeros_like(known)
        known = np.where(np.isfinite(known) & (known > 0), known, _SAMPLES_UNKNOWN)
        return np.asarray(expit(self.log_odds + self.log_odds_per_decade * (np.log10(known) - _FEW)))

    def log_density(self, late: ArrayLike, sd: ArrayLike, straggling: ArrayLike) -> Floats:
        """Logarithm of the density of being so late, per decade; arguments broadcast."""
        z = np.asarray(np.divide(late, sd), dtype=float)
        normal = -0.5 * z**2 - np.log(sd * np.sqrt(2 * np.pi))
        if self.delay <= 0:
            return np.asarray(normal)
        straggler = self._log_tail(z, sd) - math.log(self.delay)
        with np.errstate(divide="ignore"):  # a chance of 0 is no straggler
            both = np.logaddexp(np.log1p(-np.asarray(straggling)) + normal, np.log(straggling) + straggler)
        return np.asarray(both)

    def cdf(self, late: ArrayLike, sd: ArrayLike, straggling: ArrayLike) -> Floats:
        """Probability of being at most so late; arguments broadcast."""
        return np.asarray(np.exp(self.log_cdf(late, sd, straggling)))

    def log_cdf(self, late: ArrayLike, sd: ArrayLike, straggling: ArrayLike) -> Floats:
        """Logarithm of the same."""
        z = np.asarray(np.divide(late, sd), dtype=float)
        below = log_ndtr(z)
        if self.delay <= 0:
            return np.asarray(below)
        still_late = np.minimum(self._log_tail(z, sd) - below, 0.0)  # rounding may leave it above 0
        with np.errstate(divide="ignore"):  # certain stragglers, far too early
            return np.asarray(below + np.log1p(-np.asarray(straggling) * np.exp(still_late)))

    def log_sf(self, late: ArrayLike, sd: ArrayLike, straggling: ArrayLike) -> Floats:
        """Logarithm of the probability of being later; arguments broadcast."""
        z = np.asarray(np.divide(late, sd), dtype=float)
        if self.delay <= 0:
            return np.asarray(log_ndtr(-z))
        with np.errstate(divide="ignore"):
            both = np.logaddexp(log_ndtr(-z), np.log(straggling) + self._log_tail(z, sd))
        return np.asarray(both)

    def _log_tail(self, z: Floats, sd: ArrayLike) -> Floats:
        """Logarithm of exp(sd^2/(2 delay^2) - late/delay) Phi(z - sd/delay): the delay times a straggler's density."""
        ratio = np.asarray(sd) / self.delay
        return np.asarray(0.5 * ratio**2 - ratio * z + log_ndtr(z - ratio))
