"""The sampler of rare skills by itself, draw by draw and over whole distributions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import chisquare

from saltus.theory.sampling import choose_from, count_draws, power_law_draws


@pytest.mark.parametrize(("alpha", "offset"), [(0.6, 0.0), (0.6, 0.7), (2.5, 0.25), (0.05, 3.0)])
@pytest.mark.parametrize(("first", "last"), [(1, 6), (3, 40), (2, math.inf)])
def test_draws_of_every_skill_are_as_many_as_its_probability_says(
    alpha: float, offset: float, first: float, last: float
) -> None:
    n = 50_000
    draws = power_law_draws(alpha, offset, first=first, last=last, n=n, rng=np.random.default_rng(11))
    assert draws.size == n
    assert draws.min() == first
    assert draws.max() <= last
    shown = np.arange(first, min(last, first + 12) + 1)  # all others are one cell
    end = int(min(last, 10**6))
    weight = (np.arange(first, end + 1) + offset) ** -(alpha + 1.0)
    # Beyond 10^6 skills the sum is its integral, to a relative 1e-12.
    total = weight.sum() + ((end + 0.5 + offset) ** -alpha / alpha if last == math.inf else 0.0)
    expected = n * weight[: shown.size] / total
    observed = np.array([np.count_nonzero(draws == k) for k in shown])
    kept = expected > 5
    observed, expected = np.append(observed[kept], n), np.append(expected[kept], n)
    observed[-1], expected[-1] = n - observed[:-1].sum(), max(n - expected[:-1].sum(), 1e-9)
    # Seeded: one of twelve sets below 1e-4 would be a chance of 1 in 800.
    assert chisquare(observed, expected).pvalue > 1e-4


def test_positions_are_counted_from_one_and_none_is_drawn_too_many() -> None:
    class Ends:
        """Uniform numbers from one end of [0, 1) to the other."""

        def random(self, n: int) -> np.ndarray:
            return np.array([0.0, 0.2499, 0.25, 0.7499, 0.75, np.nextafter(1.0, 0.0)])[:n]

    positions = choose_from(np.array([0.5, 1.0, 0.5]), 6, Ends())  # type: ignore[arg-type]
    assert positions.tolist() == [1, 1, 2, 2, 3, 3]


def test_counts_of_frequent_and_rare_skills_join() -> None:
    counts = count_draws(np.array([3, 0, 2]), np.array([9, 7, 9]))
    assert counts.skills.tolist() == [1, 3, 7, 9]
    assert counts.n_observed.tolist() == [3, 2, 1, 2]
    assert counts.n_data == 8
    assert counts.dense(10).tolist() == [3, 0, 2, 0, 0, 0, 1, 0, 2, 0]
    assert counts.dense(9)[-1] == 2
