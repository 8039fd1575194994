"""Plans, against the forecasts that they turn around and against counting by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from saltus import Frequencies, InputError, PowerLaw, calibrate_time, plan_budget, plan_frequency, plan_skills
from saltus.forecast.time.departure import PAPER, Departure, DepartureLaw
from tests.helpers import FREQUENCIES, LOGIT, RATE, SCALE, synthetic_time

FIT = calibrate_time(synthetic_time(np.random.default_rng(0), 1, noise=0.0))


@pytest.mark.parametrize("threshold", [0.05, 0.5])
def test_the_model_as_published_needs_a_frequency_in_closed_form(threshold: float) -> None:
    plan = plan_frequency(FIT, 5000, threshold=threshold, departure=PAPER)
    assert plan.expected == pytest.approx((np.log(threshold / (1 - threshold)) - LOGIT) / (RATE * 5000), rel=1e-6)


def test_a_skill_of_the_planned_frequency_is_forecast_for_that_step() -> None:
    plan = plan_frequency(FIT, 7000)
    assert plan.safe > plan.expected
    for frequency, end in ((plan.expected, None), (plan.safe, 1)):
        forecast = FIT.forecast(Frequencies([1 - frequency, frequency]))
        time = forecast.emergence_time[1] if end is None else forecast.interval[1, end]
        assert time == pytest.approx(7000, rel=2e-3)  # distributions are kept on grids, frequencies found to 1e-4


def test_what_no_frequency_can_do_is_nan() -> None:
    plan = plan_frequency(FIT, -LOGIT / RATE / 2)
    assert math.isnan(plan.expected)
    assert math.isnan(plan.safe)


def test_the_scarcest_of_time_data_and_parameters_decides() -> None:
    departure = Departure((DepartureLaw(0.5, exponent=0.1),))
    half = -LOGIT / (RATE * FREQUENCIES.pmf([1, 2, 3]))
    late = half * (FREQUENCIES.pmf(1) / FREQUENCIES.pmf([1, 2, 3])) ** 0.1
    plan = plan_skills(FIT, FREQUENCIES, time=late[1] * 1.001, departure=departure)
    np.testing.assert_allclose(plan.time, late, rtol=1e-6)
    assert plan.learned.tolist() == [True, True, False]
    assert plan.lacking == ("", "", "time")
    # d_k = D_c (1 - 1/4) samples give half the strength; two of four nodes as well.
    plan = plan_skills(FIT, FREQUENCIES, data=1000, parameters=6, shots=400, nodes_per_skill=4)
    np.testing.assert_allclose(plan.data, 300 / FREQUENCIES.pmf([1, 2, 3]))
    assert plan.parameters.tolist() == [2, 6, 10]
    assert plan.lacking == ("", "data", "data")
    assert plan_skills(FIT, FREQUENCIES, parameters=0).lacking == ("parameters",) * 3


def test_budget_is_the_best_of_all_whole_numbers_of_parameters() -> None:
    frequencies, compute = PowerLaw(0.6, 12), 40_000.0
    best = plan_budget(FIT, frequencies, compute)
    losses = []
    for n in range(1, 13):
        strength = 1 / (1 + np.exp(-(LOGIT + RATE * frequencies.first() * compute / n)))
        strength[n:] = 0
        losses.append(float(frequencies.first() @ (1 - strength) ** 2) * SCALE**2 / 2)
    assert best.n_parameters == 1 + int(np.argmin(losses))
    assert best.loss == pytest.approx(min(losses), rel=1e-6)


def test_bad_requests_are_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="by must be a finite number greater than 0; received 0; give a step"):
        plan_frequency(FIT, 0)
    with pytest.raises(InputError, match="data must be at least 0; received -1; leave it out for no limit"):
        plan_skills(FIT, FREQUENCIES, data=-1)
