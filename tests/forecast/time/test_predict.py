"""Forecasts over steps from given constants, departures and errors: every number by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from saltus import Calibration, Frequencies, InputError
from saltus.curves.schema import curves_from
from saltus.forecast.time.departure import PAPER, Departure, DepartureLaw
from saltus.forecast.time.own_growth import growth, sharpen
from saltus.forecast.time.predict import expected_emergence
from tests.helpers import logistic

RATE, HALF = 0.04, 200.0
MIX = Frequencies([8, 3, 1])
P = np.array([8, 3, 1]) / 12
DECADES = np.log10(0.5 / P)
LAWS = Departure((DepartureLaw(0.05, 0.04, 0.12, 0.05, 0.01), DepartureLaw(0.5, 0.02, 0.1, 0.03, 0.02)), 2.0, 12)
COVARIANCE, OF_FIT = ((0.04, -0.006), (-0.006, 0.0025)), ((0.01, -0.001), (-0.001, 0.0009))


def calibration(**others: Any) -> Calibration:
    values: dict[str, Any] = {
        "covariance": COVARIANCE,
        "fit_covariance": OF_FIT,
        "fit_degrees": 12.0,
        "residual": 0.01,
        "skills": (1,),
        "n_runs": 4,
    }
    return Calibration(
        rate=RATE,
        half_exposure=HALF,
        error_source="spread over runs",
        target_scale=3.0,
        flow_learning_rate=math.nan,
        frequency=0.5,
        n_skills=3,
        **(values | others),
    )


def variance(covariance: tuple[tuple[float, float], tuple[float, float]], threshold: float) -> float:
    """Of log10(half + logit/rate), to first order in the constants' logarithms."""
    after = math.log(threshold / (1 - threshold)) / RATE
    slope = np.array([-after, HALF]) / (HALF + after) / math.log(10)
    return float(slope @ np.array(covariance) @ slope)


@pytest.mark.parametrize(("threshold", "delay", "exponent"), [(0.05, 0.04, 0.12), (0.5, 0.02, 0.1)])
def test_a_forecast_is_the_models_time_with_the_departure_and_students_interval(
    threshold: float, delay: float, exponent: float
) -> None:
    error = np.array([0.0, 0.02, 0.05])
    forecast = calibration().forecast(MIX, threshold=threshold, departure=LAWS, level=0.8, frequency_error=error)
    exposure = HALF + math.log(threshold / (1 - threshold)) / RATE
    log_time = np.log10(exposure / P) + delay + exponent * DECADES
    np.testing.assert_allclose(np.log10(forecast.emergence_time), log_time, rtol=1e-9)
    spread, per_decade = (0.05, 0.01) if threshold == 0.05 else (0.03, 0.02)
    parts = np.stack(
        [
            np.full(3, variance(OF_FIT, threshold)),
            np.full(3, variance(COVARIANCE, threshold) - variance(OF_FIT, threshold)),
            spread**2 + (per_decade * DECADES) ** 2,
            ((1 + exponent) * error) ** 2,
        ]
    )
    found = forecast.uncertainty
    for part, name in zip(parts, ("fit", "runs", "misfit", "frequencies"), strict=True):
        np.testing.assert_allclose(getattr(found, name), np.sqrt(part), rtol=1e-9, err_msg=name)
    total = parts.sum(axis=0)
    np.testing.assert_allclose(found.total, np.sqrt(total), rtol=1e-9)
    degrees = total**2 / (parts[0] ** 2 / 12 + parts[1] ** 2 / 3 + parts[2] ** 2 / 11)
    np.testing.assert_allclose(forecast.degrees, degrees, rtol=1e-9)
    reach = student(degrees).ppf(0.9) * np.sqrt(total)
    np.testing.assert_allclose(
        np.log10(forecast.interval), np.column_stack([log_time - reach, log_time + reach]), rtol=1e-9
    )
    assert not forecast.sharpened.any()


def test_runs_that_differ_less_than_their_fits_show_no_difference() -> None:
    quiet = calibration(covariance=OF_FIT, fit_covariance=COVARIANCE).forecast(MIX, departure=PAPER)
    assert quiet.uncertainty.runs.tolist() == [0, 0, 0]
    np.testing.assert_allclose(quiet.uncertainty.total, quiet.uncertainty.fit)


def test_quantiles_before_any_growth_are_students() -> None:
    expected = expected_emergence(calibration(), P, 0.5, LAWS, np.zeros(3))
    for probability in (0.05, 0.5, 0.9):
        sigmas = student(expected.degrees).ppf(probability)
        wanted = expected.log_time + sigmas * np.sqrt(expected.variances.total)
        np.testing.assert_allclose(np.log10(expected.quantile(probability)), wanted)


def test_thresholds_start_where_the_calibrated_curve_does() -> None:
    fit = calibration()
    lowest = 1 / (1 + math.exp(RATE * HALF))
    fit.forecast(MIX, threshold=lowest * 1.01, departure=PAPER)
    for threshold in (lowest * 0.99, 0.0, 1.0):
        with pytest.raises(
            InputError, match=r"threshold must lie between 0\.000335, where the calibrated curve starts"
        ):
            fit.forecast(MIX, threshold=threshold)
    with pytest.raises(InputError, match="until must be a step of at least 0; received -1"):
        fit.forecast(MIX, until=-1)
    with pytest.raises(InputError, match="as many skills as there are frequencies; received 2; give frequencies of 2"):
        fit.forecast(MIX, measured=curves_from(np.zeros((2, 1)), [0]))


STEPS = np.linspace(0, 900, 46).astype(int)
GROWING = curves_from(logistic(RATE * (P[:, None] * STEPS - HALF)), STEPS, frequencies=P)


@pytest.mark.parametrize("threshold", [0.05, 0.5])
def test_a_skills_own_growth_moves_it_by_the_shift_at_half_strength(threshold: float) -> None:
    """Skill 2 is on its way at step 700; skill 1 was calibrated on."""
    until = 700 if threshold == 0.5 else 400
    fit, error = calibration(), np.array([0.0, 0.02, 0.05])
    forecast = fit.forecast(
        MIX, measured=GROWING, until=until, threshold=threshold, departure=LAWS, frequency_error=error
    )
    before = fit.forecast(MIX, threshold=threshold, departure=LAWS, frequency_error=error)
    half = fit.forecast(MIX, departure=LAWS, frequency_error=error)
    assert forecast.sharpened.tolist() == [False, True, True]
    assert forecast.emergence_time[0] == before.emergence_time[0]
    known = GROWING.isel(step=(STEPS > 0) & (until >= STEPS))
    for k in (1, 2):
        steps, strength, noise = growth(known.isel(skill=k), fit.residual)
        prior, sd = math.log10(half.emergence_time[k]), float(half.uncertainty.total[k])
        mean, after = sharpen(
            prior,
            sd,
            steps=steps,
            strength=strength,
            error=noise,
            initial_logit=-RATE * HALF,
            decades=float(DECADES[k]),
            departure=LAWS,
        )
        shift = math.log10(forecast.emergence_time[k] / before.emergence_time[k])
        assert shift == pytest.approx(mean - prior, abs=1e-9)
        # The threshold's own variance, beyond that at half strength, is not sharpened away.
        at = float(before.uncertainty.total[k])
        wanted = min(at, math.sqrt(after**2 + max(at**2 - sd**2, 0.0)))
        assert forecast.uncertainty.total[k] == pytest.approx(wanted, rel=1e-9)
    assert forecast.uncertainty.total[1] < before.uncertainty.total[1]


def test_only_skills_that_were_measured_and_are_still_to_come_are_sharpened() -> None:
    fit = calibration(skills=(2,))
    measured = GROWING.copy(deep=True)
    measured["strength"][0, 2] = np.nan
    forecast = fit.forecast(MIX, measured=measured, until=900, departure=LAWS)
    assert forecast.sharpened.tolist() == [False] * 3  # emerged, calibrated on, never measured
    again = calibration(skills=(3,)).forecast(MIX, measured=GROWING, until=300, departure=LAWS)
    assert again.sharpened.tolist() == [False, True, False]  # skill 1 comes at step 300 exactly
    for until in (None, 0):  # nothing may be used, or nothing after the start
        none = fit.forecast(MIX, measured=GROWING, until=until, departure=LAWS)
        np.testing.assert_array_equal(none.emergence_time, fit.forecast(MIX, departure=LAWS).emergence_time)


def test_one_measurement_on_the_way_up_is_enough() -> None:
    measured = GROWING.copy(deep=True)
    measured["strength"][0, 1] = measured["strength"][0, 1].where(measured["step"] == 700)
    fit = calibration()
    forecast = fit.forecast(MIX, measured=measured, until=700, departure=LAWS)
    before = fit.forecast(MIX, departure=LAWS)
    # R/S = 0.27 at step 700 leaves a shape's error of 0.04 and little else; from before 0.06.
    assert forecast.uncertainty.total[1] < 0.9 * before.uncertainty.total[1]
    assert abs(math.log10(forecast.emergence_time[1] / 800)) < abs(math.log10(before.emergence_time[1] / 800))


def test_forecasts_that_know_no_error_stay_as_they_are() -> None:
    none = ((0.0, 0.0), (0.0, 0.0))
    fit = calibration(covariance=none, fit_covariance=none)
    forecast = fit.forecast(MIX, measured=GROWING, until=400, departure=PAPER)
    np.testing.assert_allclose(forecast.emergence_time, HALF / P)
    np.testing.assert_allclose(forecast.interval, np.column_stack([HALF / P, HALF / P]))


def test_a_forecast_is_set_beside_the_measured_times() -> None:
    steps = [0, 300, 600, 1200]
    strength = np.array([[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0.2]])
    forecast = calibration().forecast(MIX, measured=curves_from(strength, steps), departure=PAPER, level=0.9)
    # Crossings by straight lines: 150 and 450, and none; the model says 300, 800, 2400.
    np.testing.assert_allclose(forecast.log10_ratio, [math.log10(300 / 150), math.log10(800 / 450), np.nan])
    low, high = forecast.interval.T
    assert forecast.hit == [bool(low[0] <= 150 <= high[0]), bool(low[1] <= 450 <= high[1]), None]
    assert forecast.quantile(0.05)[0] == pytest.approx(low[0])
    inside = calibration().forecast(MIX, measured=curves_from(strength, [0, 600, 800, 1200]), departure=PAPER)
    assert inside.hit[0] is True
    for probability in (0.0, 1.0):
        with pytest.raises(InputError, match="a probability must lie between 0 and 1"):
            forecast.quantile(probability)


def test_a_departure_spreads_and_delays_by_its_numbers() -> None:
    law = LAWS.laws[1]
    np.testing.assert_allclose(law.mean([0.0, 2.0]), [0.02, 0.22])
    np.testing.assert_allclose(law.sd([0.0, 2.0]), [0.03, 0.05])
    np.testing.assert_allclose(LAWS.sd([0.0, 2.0]), [0.03, 0.05])
    assert LAWS.time_per_decade() == pytest.approx(1.1)
    assert LAWS.time_per_decade(0.05) == pytest.approx(1.12)
    both_ways = Departure((*LAWS.laws, DepartureLaw(0.95, 0.0, 0.2, 0.1)))
    assert both_ways.time_per_decade() == pytest.approx(1.1)  # at half strength, unless another is named
    assert float(both_ways.mean(1.0)) == pytest.approx(0.12)
    assert float(both_ways.sd(0.0)) == pytest.approx(0.03)
    assert LAWS.shape_sd == pytest.approx(0.04)
    assert (float(PAPER.mean(3.0)), float(PAPER.sd(3.0)), PAPER.reach, PAPER.n_runs) == (0, 0, 0, 0)
    assert Departure((DepartureLaw(0.05, spread=0.1), DepartureLaw(0.5, spread=0.2))).shape_sd == 0
    assert LAWS.degrees == 11
    assert Departure(LAWS.laws, n_runs=2).degrees == 1
    assert Departure(LAWS.laws, n_runs=1).degrees == math.inf


def test_chances_of_a_surprise_are_two_sided_and_count_every_try() -> None:
    for n_runs, law in ((2, student(1)), (12, student(11)), (0, norm), (1, norm)):
        departure = Departure(LAWS.laws, n_runs=n_runs)
        for sigmas in (-3.0, 0.7):
            one = 2 * law.sf(abs(sigmas))
            for n in (1, 5):
                assert departure.chance(sigmas, n) == pytest.approx(1 - (1 - one) ** n, rel=1e-9)
    assert LAWS.chance(0.0, 1) == pytest.approx(1)
