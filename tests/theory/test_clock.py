"""Clocks against sums over single updates, and against gradient flow integrated under a changing rate."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

from saltus import Frequencies, InputError, Linear, Multilinear, with_momentum
from saltus.theory.clock import RateClock, flow_rate, halving_clock, schedule_clock
from saltus.theory.protocols import Clock
from saltus.theory.schedules import read_schedule

UNEVEN = RateClock((0.3, 0.05, 2.0), (7, 19))
CLOCKS: list[Clock] = [RateClock((0.02,)), UNEVEN, RateClock((0.3, 0.6), (4.5,), momentum=0.9)]


def test_flow_time_after_whole_steps_is_the_sum_of_their_rates() -> None:
    rates = [0.3] * 7 + [0.05] * 12 + [2.0] * 11
    sums = [math.fsum(rates[:n]) for n in range(31)]
    np.testing.assert_allclose(UNEVEN.flow_time(np.arange(31)), sums, rtol=1e-14)


def test_flow_time_under_halvings_is_the_sum_of_halved_rates() -> None:
    rates = [0.4 * 0.5 ** (step // 10) for step in range(95)]
    clock = halving_clock(0.4, 10, until=95)
    np.testing.assert_allclose(clock.flow_time(np.arange(96)), [math.fsum(rates[:n]) for n in range(96)], rtol=1e-14)
    # A change at the last step asked for would hold for no step.
    assert halving_clock(0.4, 10, until=90).rates == clock.rates[:-1]


def test_flow_time_between_whole_steps_is_the_integral_of_the_rate() -> None:
    for step in (0.5, 7.25, 40.0):
        area = quad(lambda s: UNEVEN.rates[sum(s >= c for c in UNEVEN.changes)], 0, step, points=UNEVEN.changes)[0]
        assert UNEVEN.flow_time(step) == pytest.approx(area, rel=1e-10)  # quad's own goal is 1.5e-8


@pytest.mark.parametrize("clock", CLOCKS)
def test_step_inverts_flow_time(clock: Clock) -> None:
    steps = np.array([[0.0, 1.0, 4.5], [7.0, 19.0, 1e6]])
    np.testing.assert_allclose(clock.step(clock.flow_time(steps)), steps, rtol=1e-13)
    assert clock.flow_time(math.inf) == clock.step(math.inf) == math.inf


def test_the_clock_of_a_schedule_is_the_sum_over_its_updates() -> None:
    schedule = read_schedule("cosine:warmup=20,steps=100,floor=0.1")
    clock = schedule_clock(schedule, 0.3, 150, power=0.8)
    rates = [0.3 * i / 20 for i in range(20)]
    rates += [0.3 * (0.1 + 0.45 * (1 + math.cos(math.pi * (i - 20) / 80))) for i in range(20, 100)] + [0.03] * 400
    sums = [math.fsum(rate**0.8 for rate in rates[:n]) for n in range(501)]
    np.testing.assert_allclose(clock.flow_time(np.arange(501)), sums, rtol=1e-12)
    np.testing.assert_allclose(clock.step(sums[2:]), np.arange(2, 501), rtol=1e-12)


def test_a_time_that_a_schedule_does_not_reach_has_no_step() -> None:
    clock = schedule_clock(read_schedule("linear:steps=100"), 1.0, 100)
    assert clock.flow_time(math.inf) == pytest.approx(50.5)  # 1 + 0.99 + ... + 0.01
    assert clock.step([50.5 + 1e-9, math.inf]).tolist() == [math.inf, math.inf]
    # While the rate is 0, time stands still: it was reached at the first of those steps.
    waiting = RateClock((0.0, 0.1, 0.0, 0.1), (5, 10, 20))
    assert waiting.step([0.0, 0.25, 0.5, 0.6]).tolist() == pytest.approx([0.0, 7.5, 10.0, 21.0])


def test_momentum_adds_up_to_the_whole_effect_of_every_update() -> None:
    # A heavy ball under constant unit force: each update lives on as 1 + m + m^2 + ... = 1/(1 - m).
    speed = place = 0.0
    for _ in range(2000):
        speed = 0.9 * speed + 0.02
        place += speed
    # The last updates have not had all of their effect: m/(1 - m) = 9 of 2000 steps are missing.
    assert RateClock((0.02,), momentum=0.9).flow_time(2000 - 9) == pytest.approx(place, rel=1e-12)
    assert flow_rate(0.02, 0.9) == pytest.approx(0.2, rel=1e-15)
    assert with_momentum(Linear(Frequencies([1.0]), learning_rate=0.02), 0.9).learning_rate == flow_rate(0.02, 0.9)


def test_a_flow_of_rate_1_on_the_clock_is_the_flow_under_the_schedule() -> None:
    schedule = halving_clock(0.2, 25, until=200)
    model = Multilinear(Frequencies([0.7, 0.3]), target_scale=2.0, initial_strength=0.01)
    steps = np.linspace(0.0, 200.0, 41)
    for skill, share in ((1, 0.7), (2, 0.3)):
        # dR/dT = 2 eta(T) P R (S - R), one stretch of constant rate after the other.
        level, levels = 0.01, [0.01]
        for first, last in pairwise(steps):
            rate = 0.2 * 0.5 ** (first // 25)
            growth = lambda _, r, rate=rate, share=share: 2 * rate * share * r * (2.0 - r)  # noqa: E731
            level = solve_ivp(growth, (first, last), [level], rtol=1e-11, atol=1e-14).y[0, -1]
            levels.append(level)
        strength = model.strength(schedule.flow_time(steps), skills=[skill])[:, 0]
        np.testing.assert_allclose(strength, levels, rtol=1e-8)  # 40 stretches, each to 1e-11


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: RateClock((0.1, -0.1), (5,)), "every rate must be a finite number of at least 0; received -0.1; give"),
        (lambda: RateClock((0.1, 0.2)), "changes must be one fewer than rates; received (); give the step of each"),
        (lambda: RateClock((0.1, 0.2, 0.3), (5, 5)), "changes must ascend from above 0; received (5, 5); give steps"),
        (lambda: RateClock((0.1, 0.2), (0,)), "changes must ascend from above 0; received (0,); give steps"),
        (lambda: RateClock((0.1,), momentum=1), "momentum must lie from 0 to 1, 1 excluded; received 1; give e.g. 0.9"),
        (lambda: flow_rate(0.1, -0.1), "momentum must lie from 0 to 1, 1 excluded; received -0.1; give e.g. 0.9"),
        (lambda: UNEVEN.flow_time(-1), "step must be at least 0; received -1; count updates from the start"),
        (lambda: UNEVEN.step([0, -2]), "flow_time must be at least 0; received [0, -2]; count updates from the start"),
        (lambda: halving_clock(0.1, 0, 5), "every must be a finite number greater than 0; received 0; give the steps"),
        (lambda: halving_clock(0.1, 5, math.inf), "until must be a finite number greater than 0; received inf; give"),
    ],
)
def test_bad_input_says_what_must_hold(make: object, text: str) -> None:
    with pytest.raises(InputError, match="^" + re.escape(text)):
        make()  # type: ignore[operator]
