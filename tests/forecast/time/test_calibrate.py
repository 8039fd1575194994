"""Calibration on synthetic curves with known constants, and the forecasts that follow."""

from __future__ import annotations

import numpy as np
import pytest

from saltus import Frequencies, InputError, PowerLaw, calibrate_time
from saltus.curves.schema import curves_from
from saltus.forecast.time.departure import PAPER
from tests.helpers import FLOW_RATE, FREQUENCIES, LOGIT, RATE, SCALE, synthetic_time


@pytest.mark.parametrize(
    ("n_runs", "run_spread", "source"),
    [(1, 0.0, "residuals"), (12, 0.0, "spread over runs"), (12, 0.1, "spread over runs")],
)
def test_known_constants_are_recovered_within_their_standard_errors(
    n_runs: int, run_spread: float, source: str
) -> None:
    rng = np.random.default_rng(7)
    repetitions = 300
    scores = []
    for _ in range(repetitions):
        fit = calibrate_time(synthetic_time(rng, n_runs, noise=0.02, run_spread=run_spread), on_skill=2)
        assert fit.error_source == source
        scores.append(
            [
                np.log(fit.rate / RATE) / (fit.rate_error / fit.rate),
                (fit.initial_logit - LOGIT) / fit.initial_logit_error,
                (fit.feature_rate_squared - RATE / (2 * FLOW_RATE * SCALE)) / fit.feature_rate_squared_error,
                np.log(fit.half_exposure * RATE / -LOGIT) / (fit.half_exposure_error / fit.half_exposure),
            ]
        )
    size = np.abs(scores)
    # Student's t with 11 degrees of freedom puts 2.9 % of the scores beyond 2.5, a normal law 1.2 %, and 34 % beyond 1;
    # three binomial standard errors of 300 repetitions are 3 % and 8 %.
    assert np.all((size > 2.5).mean(axis=0) < 0.06)
    assert np.all(np.abs((size > 1).mean(axis=0) - 0.34) < 0.09)


def test_a_noiseless_curve_is_recovered_exactly_whichever_skill_is_used() -> None:
    curves = synthetic_time(np.random.default_rng(0), 1, noise=0.0)
    for skill in (1, 2, 3):
        fit = calibrate_time(curves, FREQUENCIES, on_skill=skill)
        assert fit.rate == pytest.approx(RATE, rel=1e-9)
        assert fit.initial_logit == pytest.approx(LOGIT, rel=1e-9)
        assert fit.initial_strength == pytest.approx(SCALE / (1 + np.exp(-LOGIT)), rel=1e-8)
        assert fit.residual < 1e-9


def test_forecast_of_a_noiseless_model_meets_its_crossing_times() -> None:
    curves = synthetic_time(np.random.default_rng(0), 2, noise=0.0)
    for threshold in (0.05, 0.5, 0.95):
        forecast = calibrate_time(curves).forecast(FREQUENCIES, measured=curves, threshold=threshold, departure=PAPER)
        logit = np.log(threshold / (1 - threshold))
        by_hand = (logit - LOGIT) / (RATE * curves["frequency"].to_numpy())
        np.testing.assert_allclose(forecast.emergence_time, by_hand, rtol=1e-9)
        # Measured on a grid of 7 % steps with straight lines between: curvature is worth under 1 %.
        assert np.all(np.abs(forecast.log10_ratio) < 0.005)


def test_forecast_without_measurements_knows_no_ratio_and_takes_other_frequencies() -> None:
    calibration = calibrate_time(synthetic_time(np.random.default_rng(0), 1, noise=0.0))
    forecast = calibration.forecast(Frequencies([3, 1]), threshold=0.05, departure=PAPER)
    by_hand = (np.log(0.05 / 0.95) - LOGIT) / (RATE * np.array([0.75, 0.25]))
    np.testing.assert_allclose(forecast.emergence_time, by_hand, rtol=1e-8)
    assert forecast.skill.tolist() == [1, 2]
    assert np.isnan(forecast.log10_ratio).all()
    with pytest.raises(InputError, match="n_skills must be finite here; received inf; "):
        calibration.forecast(PowerLaw(0.6))


def test_given_frequencies_replace_those_of_the_curves() -> None:
    curves = synthetic_time(np.random.default_rng(0), 1, noise=0.0)
    even = calibrate_time(curves, Frequencies([1, 1, 1]))
    assert even.rate * (1 / 3) == pytest.approx(RATE * float(curves["frequency"][0]), rel=1e-9)


def test_summary_has_all_constants_and_says_what_is_unknown() -> None:
    curves = synthetic_time(np.random.default_rng(0), 1, noise=0.01)
    assert calibrate_time(curves).summary()["feature_rate_squared"] == pytest.approx(RATE / 0.4, rel=0.05)
    curves.attrs["flow_learning_rate"] = float("nan")
    unknown = calibrate_time(curves).summary()
    assert np.isnan(unknown["feature_rate_squared"])
    assert unknown["rate"] == pytest.approx(RATE, rel=0.05)


def test_bad_input_is_refused_in_one_line() -> None:
    curves = synthetic_time(np.random.default_rng(0), 1, noise=0.0)
    with pytest.raises(InputError, match="on_skill must be at most 3, the number of skills; received 4; choose one of"):
        calibrate_time(curves, on_skill=4)
    with pytest.raises(
        InputError, match=r"the skill to calibrate on must rise through R/S = 0\.1 and 0\.5; received 0\.0"
    ):
        calibrate_time(curves.isel(step=slice(0, 40)), on_skill=3)


@pytest.mark.parametrize(
    ("n", "last", "noise", "rho"), [(6, 0.45, 0.05, 0.0), (12, 0.45, 0.02, 0.0), (60, 3, 0.02, 0.6)]
)
def test_intervals_hold_with_few_measurements_and_with_ones_that_go_together(
    n: int, last: float, noise: float, rho: float
) -> None:
    rng = np.random.default_rng(11)
    half = -LOGIT / RATE
    steps = np.linspace(0.15 * half, (last - LOGIT) / RATE, n).astype(int)
    hits, refused = [], 0
    for _ in range(300):
        kicks = rng.standard_normal(n) * np.sqrt(1 - rho**2)
        kicks[0] /= np.sqrt(1 - rho**2)
        for i in range(1, n):
            kicks[i] += rho * kicks[i - 1]
        strength = 1 / (1 + np.exp(-(LOGIT + RATE * steps))) + noise * kicks
        curves = curves_from(strength[None], steps, frequencies=[1.0])
        try:
            forecast = calibrate_time(curves).forecast(Frequencies([1.0]), departure=PAPER)
        except InputError:
            refused += 1
            continue
        low, high = forecast.interval[0]
        hits.append(low <= half <= high)
    assert refused < 150
    # A share of 90 % has a standard deviation of 1.7 % to 2.4 %. A normal interval that takes residuals as independent
    # holds 88 % of the first two kinds and 53 % of the last.
    assert 0.84 < np.mean(hits) < 0.96


def test_a_skill_that_jumps_between_two_measurements_tells_no_rate() -> None:
    curves = synthetic_time(np.random.default_rng(0), 1, noise=0.0)
    jump = np.where(np.arange(curves.sizes["step"]) < 90, 0.0, 1.0)
    with pytest.raises(InputError, match="measure more often while it rises"):
        calibrate_time(curves.assign(strength=curves["strength"] * 0 + jump))
