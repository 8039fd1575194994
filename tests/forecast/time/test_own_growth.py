"""What a skill's own early strengths say, on simulated skills whose times are known."""

from __future__ import annotations

import numpy as np
import pytest

from saltus.forecast.time.departure import PAPER
from saltus.forecast.time.own_growth import expected_shape, noise_floor, sharpen

LOGIT = -9.0
PRIOR_SD, SHAPE_SD = 0.06, 0.03


def simulate(rng: np.random.Generator, until: float, noise: float = 0.01) -> tuple[float, float, float]:
    """A skill half learned near step 1000 with a shape of its own, seen up to ``until``: (truth, mean, sd)."""
    truth = 3.0 + PRIOR_SD * rng.standard_normal()
    seen_as = truth + SHAPE_SD * rng.standard_normal()
    steps = np.geomspace(20, until, 60)
    strength = 1 / (1 + np.exp(-LOGIT * (1 - steps / 10**seen_as))) + noise * rng.standard_normal(60)
    mean, sd = sharpen(
        3.0,
        PRIOR_SD,
        steps=steps,
        strength=strength,
        error=np.full(60, noise),
        shape=expected_shape(LOGIT, 0.0, PAPER),
        lowest=0.05,
        shape_sd=SHAPE_SD,
    )
    return truth, mean, sd


def test_growth_above_the_floor_sharpens_and_keeps_its_word() -> None:
    rng = np.random.default_rng(4)
    truth, mean, sd = np.array([simulate(rng, until=900.0) for _ in range(150)]).T
    # Skills already visible are known to the shape's error, combined with what was forecast: 0.027.
    assert sd.mean() < 0.6 * PRIOR_SD
    assert np.std(mean - truth) < 0.6 * PRIOR_SD
    inside = np.abs(mean - truth) < 1.645 * sd
    assert abs(inside.mean() - 0.9) < 3 * np.sqrt(0.9 * 0.1 / 150)
    assert abs(np.mean(mean - truth)) < 4 * np.std(mean - truth) / np.sqrt(150)


def test_long_before_the_rise_nothing_is_learned() -> None:
    _, mean, sd = simulate(np.random.default_rng(5), until=200.0)
    assert mean == pytest.approx(3.0, abs=1e-3)
    assert sd == pytest.approx(PRIOR_SD, rel=0.01)


def test_a_skill_that_does_not_come_is_moved_into_the_future() -> None:
    steps = np.geomspace(20, 3000, 60)
    mean, _ = sharpen(
        3.0,
        PRIOR_SD,
        steps=steps,
        strength=np.zeros(60),
        error=np.full(60, 0.01),
        shape=expected_shape(LOGIT, 0.0, PAPER),
        lowest=0.05,
        shape_sd=SHAPE_SD,
    )
    to_floor = np.log10(1 - np.log(0.05 / 0.95) / LOGIT)  # log10 of time at 0.05 over time at 0.5
    # It lies at least this much later than forecast; forecast and shape share the surprise as their variances.
    gap = np.log10(3000) - to_floor - 3.0
    assert mean == pytest.approx(3.0 + gap * PRIOR_SD**2 / (PRIOR_SD**2 + SHAPE_SD**2), abs=0.01)


@pytest.mark.parametrize("noise", [0.003, 0.03])
def test_noise_floor_is_the_scatter_not_the_rise(noise: float) -> None:
    rng = np.random.default_rng(6)
    rise = 1 / (1 + np.exp(-np.linspace(-8, 8, 400)))
    # The median of 398 squares, neighbours correlated, is known to about 10 %.
    assert noise_floor(rise + noise * rng.standard_normal(400)) == pytest.approx(noise, rel=0.3)
    assert noise_floor(rise) < 1e-3
    assert noise_floor(np.array([0.1, np.nan, 0.2])) == 0.0
