"""Rivals of forecasts: they find the truth where it is theirs, and say nothing where they cannot."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit

from saltus.reproduce.studies.simple_rivals import by_frequency, by_own_broken_law, by_own_logistic, learned_exponent

STEPS = np.geomspace(10, 1000, 120)


def test_the_exponent_is_learned_with_skills_that_had_not_come() -> None:
    rng = np.random.default_rng(0)
    decades = rng.uniform(0.2, 1.2, 2000)
    ratio = 0.8 * decades + 0.1 * rng.normal(size=2000)
    end = rng.uniform(0.3, 1.0, 2000)
    censored = ratio > end
    found = learned_exponent(decades, np.minimum(ratio, end), censored)
    # Standard errors are below 0.005 for this many; without the censored ones gamma would be 0.7.
    assert found.gamma == pytest.approx(0.8, abs=0.015)
    assert found.sd == pytest.approx(0.1, abs=0.01)


def test_by_frequency_starts_from_the_most_frequent_one_that_came() -> None:
    times, frequency = np.array([math.nan, 100.0, 250.0, math.nan]), np.array([0.4, 0.3, 0.2, 0.1])
    assert by_frequency(times, frequency, 200.0, 1.0) == pytest.approx([200, 200, 200, 300])
    assert by_frequency(times, frequency, 200.0, 2.0)[3] == pytest.approx(900)


def test_a_logistic_is_continued() -> None:
    now = 800.0
    steps = STEPS[now >= STEPS]
    for half in (850.0, 1200.0):
        strength = expit(6 * (steps / half - 1))
        assert by_own_logistic(steps, strength, now) == pytest.approx(half, rel=0.01)


def test_a_broken_power_law_is_continued() -> None:
    steps = STEPS[STEPS <= 500]
    loss = (1 + (steps / 300) ** 5) ** (-0.2)  # falls as 1/step beyond 300: a half at 300 (2^5 - 1)^(1/5)
    assert by_own_broken_law(steps, 1 - loss, 500.0) == pytest.approx(300 * 31**0.2, rel=0.05)


def test_without_growth_they_say_nothing() -> None:
    flat = np.zeros_like(STEPS)
    assert math.isnan(by_own_logistic(STEPS, flat, 1000.0))
    assert math.isnan(by_own_broken_law(STEPS, flat, 1000.0))
    assert math.isnan(by_own_logistic(STEPS[:5], flat[:5] + 0.3, 1000.0))
