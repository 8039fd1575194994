"""Exact random draws of skills, at a cost that does not grow with the number of skills."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from saltus._types import Floats, Integers
from saltus.errors import InputError

_LARGEST_SKILL = np.iinfo(np.int64).max


@dataclass(frozen=True)
class SkillCounts:
    """How often each skill was observed in a dataset, kept for the observed skills only.

    Attributes:
        skills: observed skills, 1-based, ascending, shape ``(K,)``.
        n_observed: d_k of each, at least 1, shape ``(K,)``.
    """

    skills: Integers
    n_observed: Integers

    @property
    def n_data(self) -> int:
        """Number of samples, D."""
        return int(self.n_observed.sum())

    def dense(self, n_skills: int) -> Integers:
        """(d_1, ..., d_n_skills) with the zeros, shape ``(n_skills,)``; no skill beyond may have been observed."""
        if self.skills.size and self.skills[-1] > n_skills:
            raise InputError(
                "n_skills must reach the largest observed skill", n_skills, f"give at least {self.skills[-1]}"
            )
        counts = np.zeros(n_skills, dtype=np.int64)
        counts[self.skills - 1] = self.n_observed
        return counts


def choose_from(probabilities: Floats, n: int, rng: np.random.Generator) -> Integers:
    """``n`` independent positions, counted from 1, with the given probabilities (their sum need not be 1 exactly)."""
    edges = np.cumsum(probabilities)
    # Scaling by the last edge keeps rounding in the cumulative sum from ever drawing one position too many.
    return np.asarray(np.searchsorted(edges, rng.random(n) * edges[-1], side="right") + 1, dtype=np.int64)


def count_draws(counts_from_one: Integers, rarer: Integers) -> SkillCounts:
    """Counts of skills 1, 2, ... together with single draws of rarer skills."""
    (observed,) = np.nonzero(counts_from_one)
    skills, counts = np.unique(rarer, return_counts=True)
    return SkillCounts(
        np.concatenate([observed + 1, skills]), np.concatenate([counts_from_one[observed], counts]).astype(np.int64)
    )


def power_law_draws(
    alpha: float, offset: float, *, first: float, last: float, n: int, rng: np.random.Generator
) -> Integers:
    """``n`` independent skills from ``first`` to ``last`` with probability proportional to (k + offset)^-(alpha + 1).

    Exact rejection: a Pareto variable is rounded to the nearest whole number; by convexity the mass it puts on ``k`` is
    at least (k + offset)^-(alpha + 1). A skill above 2^63 - 1 is reported as 2^63 - 1.
    """
    draws = np.empty(n, dtype=np.int64)
    done = 0
    while done < n:
        y = _pareto(alpha, first + offset - 0.5, last + offset + 0.5, n - done, rng)
        # Whole numbers from here on: k + offset - offset need not be k.
        k = np.clip(np.floor(y - offset + 0.5), first, last)
        kept = k[rng.random(k.size) < _mass_over_envelope(alpha, k + offset)]
        draws[done : done + kept.size] = _as_integers(kept)
        done += kept.size
    return draws


def _pareto(alpha: float, low: float, high: float, n: int, rng: np.random.Generator) -> Floats:
    """Draws with density proportional to y^-(alpha + 1) between ``low`` and ``high``, by inversion."""
    mass = -math.expm1(-alpha * math.log(high / low)) if high < math.inf else 1.0
    log_ratio = -np.log1p(-rng.random(n) * mass) / alpha
    return low * np.exp(np.minimum(log_ratio, 600.0))


def _mass_over_envelope(alpha: float, x: Floats) -> Floats:
    """x^-(alpha+1) over the integral of y^-(alpha+1) from x - 1/2 to x + 1/2."""
    half = 0.5 / x
    width = np.expm1(-alpha * np.log1p(-half)) - np.expm1(-alpha * np.log1p(half))
    return np.asarray(alpha / (x * width))


def _as_integers(skills: Floats) -> Integers:
    small = skills < 2.0**63
    return np.where(small, np.where(small, skills, 0.0).astype(np.int64), _LARGEST_SKILL)
