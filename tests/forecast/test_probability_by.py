"""Probability of emergence by an amount: the inverse of the quantiles, and a share of drawn times."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import EmergenceForecast, Frequencies, InputError, assess, calibrate_data, calibrate_time, read_schedule
from saltus.forecast.size.arrivals import SizesByError, SizesByPosterior
from saltus.forecast.size.posterior import LEVELS
from tests.forecast.test_schedules import scheduled as drawn_under
from tests.helpers import FREQUENCIES, synthetic_data, synthetic_time

STEPS = calibrate_time(synthetic_time(np.random.default_rng(0), 3, noise=0.01, run_spread=0.05)).forecast(FREQUENCIES)
DATA = calibrate_data(synthetic_data(np.random.default_rng(0), 3), Frequencies([0.5, 0.3, 0.2])).forecast(FREQUENCIES)


@cache
def scheduled() -> EmergenceForecast:
    """Of a run whose rate ends at step 9000, before the rarest skill has its time."""
    curves = drawn_under("linear:warmup=1000,steps=9000", np.random.default_rng(0)).sel(step=slice(0, 8000))
    found = assess(curves.drop_vars("learning_rate"), schedule=read_schedule("linear:warmup=1000,steps=9000")).forecast
    assert found is not None
    return found


@settings(deadline=None, max_examples=30)
@given(st.floats(0.001, 0.999))
def test_it_is_the_inverse_of_the_quantiles(probability: float) -> None:
    for forecast in (STEPS, DATA, scheduled()):
        for k, amount in enumerate(forecast.quantile(probability)):
            if np.isfinite(amount):
                assert forecast.probability_by(float(amount))[k] == pytest.approx(probability, abs=1e-9)


def test_of_a_standard_error_it_is_the_share_of_drawn_times() -> None:
    rng, n, degrees = np.random.default_rng(1), 40_000, 3.0
    sizes = SizesByError(np.array([3.0, 4.0]), np.array([0.1, 0.02]), degrees)
    for k in range(2):
        drawn = sizes.log_size[k] + sizes.sd[k] * rng.standard_t(degrees, n)
        for log_size in sizes.log_size[k] + np.log10([0.9, 1.0, 1.08]):
            expected = float(np.mean(drawn <= log_size))
            assert sizes.probability_by(log_size)[k] == pytest.approx(expected, abs=4 * 0.5 / n**0.5)  # four errors


def test_of_a_posterior_it_is_the_share_of_drawn_constants_and_misfits() -> None:
    """A skewed posterior, of which shares are drawn by the inverse of its own distribution: an exponential."""
    rng, n = np.random.default_rng(2), 40_000
    shift = -0.1 * np.log(1 - np.array(LEVELS))  # quantiles of an exponential law with mean 0.1
    sizes = SizesByPosterior.of(np.array([3.0, 4.0]), shift, np.array([0.05, 0.0]))
    for k, misfit in enumerate((0.05, 0.0)):
        drawn = 3.0 + k + rng.exponential(0.1, n) + misfit * rng.standard_normal(n)
        for beyond in (0.02, 0.1, 0.3):
            expected = float(np.mean(drawn <= 3 + k + beyond))
            # Four errors; between quantiles it goes with the normal law: half a percent.
            assert sizes.probability_by(3 + k + beyond)[k] == pytest.approx(expected, abs=4 * 0.5 / n**0.5 + 0.005)
        low, high = sizes.quantile(0.05)[k] - 3 - k, sizes.quantile(0.95)[k] - 3 - k
        assert high + low > 0.2  # lopsided: the median is near 0.07


def test_a_schedule_that_ends_leaves_a_rest() -> None:
    forecast = scheduled()
    whole = forecast.probability_by(np.inf)
    np.testing.assert_allclose(whole, forecast.probability_by(9001))  # the rate is 0 from there on
    assert whole[-1] < 1
    assert forecast.quantile(float(whole[-1]) + 0.01 * (1 - float(whole[-1])))[-1] == np.inf


def test_ends_of_the_range() -> None:
    log_size = np.log10(DATA.emergence_time)
    sure = replace(DATA, arrivals=SizesByError(log_size, np.zeros(3), np.inf))
    assert sure.probability_by(DATA.emergence_time[0] * 1.01).tolist() == [1, 0, 0]
    never = replace(DATA, arrivals=SizesByError(np.array([np.inf, 2.0, 2.3]), np.full(3, 0.1), np.inf))
    assert never.probability_by(1e6)[0] == 0
    for forecast in (STEPS, DATA):
        assert forecast.probability_by(0).tolist() == [0, 0, 0]
        assert forecast.probability_by(np.inf).tolist() == pytest.approx([1, 1, 1])
        for bad in (-1, float("nan")):
            with pytest.raises(InputError, match="by must be at least 0"):
                forecast.probability_by(bad)
