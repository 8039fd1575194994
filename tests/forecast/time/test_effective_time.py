"""Effective time against sums over updates, and laws that hold over it whatever the schedule."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from saltus import Frequencies, InputError, calibrate_time, curves_from
from saltus.forecast.time.effective_time import in_effective_time, logged_clock
from saltus.theory.clock import schedule_clock
from saltus.theory.schedules import read_schedule

MIX = Frequencies([0.6, 0.3, 0.1])
SCHEDULES = ("cosine:warmup=2000,steps=20000,floor=0.1", "wsd:warmup=500,steps=20000", "restarts:every=4000,floor=0.2")


def scheduled(text: str, every: int = 100) -> xr.Dataset:
    """Curves of the law over the sum of the shares, measured in steps, beside the rates that a logger keeps."""
    steps = np.arange(0, 20001, every)
    share = read_schedule(text).share(np.arange(20001))
    exposure = MIX.first()[:, None] * np.concatenate([[0.0], np.cumsum(share)])[steps]
    curves = curves_from(1 / (1 + np.exp(-(exposure - 3000) / 400)), steps, frequencies=MIX.first())
    return curves.assign_coords(learning_rate=(("run", "step"), 3e-4 * share[steps][None]))


@pytest.mark.parametrize("text", SCHEDULES)
def test_logged_rates_make_the_clock_of_their_schedule(text: str) -> None:
    clock, exact = logged_clock(scheduled(text), 0.8), schedule_clock(read_schedule(text), 1.0, 20000, power=0.8)
    assert clock is not None
    steps = np.arange(0, 20001, 500)
    # The trapezium of a rate that jumps at a restart is off by half an interval there.
    np.testing.assert_allclose(clock.flow_time(steps), exact.flow_time(steps), rtol=0.02, atol=60)


@pytest.mark.parametrize("text", SCHEDULES)
def test_the_law_is_found_over_effective_time_and_not_over_steps(text: str) -> None:
    curves = scheduled(text, every=20)
    clock = logged_clock(curves, 1.0)
    assert clock is not None
    over_time = calibrate_time(in_effective_time(curves, clock))
    # An interval's trapezium and a linear crossing: some parts in a thousand.
    assert over_time.half_exposure == pytest.approx(3000, rel=0.01)
    assert over_time.rate == pytest.approx(1 / 400, rel=0.05)
    assert over_time.residual < 0.2 * calibrate_time(curves).residual + 1e-3


def test_a_rate_that_stays_or_is_not_told_makes_no_clock() -> None:
    curves = scheduled("constant")
    assert logged_clock(curves, 1.0) is None
    assert logged_clock(curves.drop_vars("learning_rate"), 1.0) is None
    assert logged_clock(curves.assign_coords(learning_rate=curves["learning_rate"] * np.nan), 1.0) is None


def test_rates_known_at_some_steps_alone_are_joined() -> None:
    curves = scheduled("linear:steps=20000")
    sparse = curves.assign_coords(learning_rate=curves["learning_rate"].where(curves["step"] % 1000 == 300))
    clock, exact = logged_clock(sparse, 1.0), schedule_clock(read_schedule("linear:steps=20000"), 1.0, 20000)
    assert clock is not None
    # Before the first logged rate it is held, and rates are shares of the highest that was logged.
    scale = 1 - 300 / 20000
    np.testing.assert_allclose(clock.flow_time([5000, 15000]) * scale, exact.flow_time([5000, 15000]), rtol=2e-3)


def test_runs_of_different_rates_have_no_common_clock() -> None:
    one = scheduled("cosine:steps=20000")
    both = xr.concat([one, one.assign_coords(learning_rate=one["learning_rate"] * 2, run=[1])], "run")
    with pytest.raises(
        InputError, match="^runs must share their learning rates, as at step 0; received .0.0003, 0.0006.; read one run"
    ):
        logged_clock(both, 1.0)
