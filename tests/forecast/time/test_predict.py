"""Forecasts from given constants and departures: medians, intervals and their sources by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from saltus import Calibration, Frequencies, InputError
from saltus.curves.schema import curves_from
from saltus.forecast.time.departure import PAPER, Departure, DepartureLaw
from tests.helpers import logistic

RATE, HALF = 0.04, 200.0
MIX = Frequencies([8, 3, 1])
P = np.array([8, 3, 1]) / 12
DECADES = np.log10(0.5 / P)
LAWS = Departure((DepartureLaw(0.05, 0.04, 0.12, 0.05), DepartureLaw(0.5, 0.02, 0.1, 0.03, 0.02)), 2.0, 12)
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


def test_a_forecast_by_a_departure_is_its_normal_law() -> None:
    """A departure that is insisted on spreads skills about the calibrated one; Student's tails of 0.1.0 are gone."""
    error = np.array([0.0, 0.02, 0.05])
    forecast = calibration().forecast(MIX, departure=LAWS, level=0.8, frequency_error=error)
    log_time = np.log10(HALF / P) + 0.02 + 0.1 * DECADES
    np.testing.assert_allclose(np.log10(forecast.emergence_time), log_time, atol=2e-4)
    of_half = [np.array(one)[1, 1] / math.log(10) ** 2 for one in (OF_FIT, COVARIANCE)]
    parts = np.stack(
        [
            np.full(3, of_half[0]),
            np.full(3, of_half[1] - of_half[0]),
            0.03**2 + (0.02 * DECADES) ** 2,
            (1.1 * error) ** 2,
        ]
    )
    found, sd = forecast.uncertainty, np.sqrt(parts.sum(axis=0))
    np.testing.assert_allclose(found.total, sd, rtol=5e-3)
    for part, name in zip(parts, ("fit", "runs", "misfit", "frequencies"), strict=True):
        np.testing.assert_allclose(getattr(found, name), np.sqrt(part), rtol=0.02, err_msg=name)
    np.testing.assert_allclose(
        found.fit**2 + found.runs**2 + found.misfit**2 + found.frequencies**2, found.total**2, rtol=1e-9
    )
    reach = norm.ppf(0.9) * sd
    np.testing.assert_allclose(
        np.log10(forecast.interval), np.column_stack([log_time - reach, log_time + reach]), atol=1e-3
    )
    assert not forecast.sharpened.any()


def test_other_thresholds_follow_the_calibrated_curve_and_the_departure_of_its_shape() -> None:
    forecast = calibration().forecast(MIX, threshold=0.05, departure=LAWS)
    exposure = HALF + math.log(0.05 / 0.95) / RATE
    log_time = np.log10(exposure / P) + 0.04 + 0.1 * DECADES + 0.02 * np.maximum(DECADES, 0)
    np.testing.assert_allclose(np.log10(forecast.emergence_time), log_time, atol=5e-4)
    assert np.all(forecast.uncertainty.total > calibration().forecast(MIX, departure=LAWS).uncertainty.total)


def test_runs_that_differ_less_than_their_fits_show_no_difference() -> None:
    quiet = calibration(covariance=OF_FIT, fit_covariance=COVARIANCE).forecast(MIX, departure=PAPER)
    assert quiet.uncertainty.runs.tolist() == [0, 0, 0]
    np.testing.assert_allclose(quiet.uncertainty.total, quiet.uncertainty.fit, rtol=0.01)


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


def test_a_skills_own_growth_sharpens_its_forecast() -> None:
    """Skill 2 is on its way at step 700, due at 800; skill 1 was calibrated on."""
    forecast = calibration().forecast(MIX, measured=GROWING, until=700, departure=LAWS)
    before = calibration().forecast(MIX, departure=LAWS)
    assert forecast.sharpened.tolist() == [False, True, False]
    assert forecast.uncertainty.total[1] < before.uncertainty.total[1]
    assert abs(math.log10(forecast.emergence_time[1] / 800)) < abs(math.log10(before.emergence_time[1] / 800))
    assert np.all(forecast.interval[1:] >= 700)
    for until in (None, 0):  # nothing may be used, or nothing after the start
        none = calibration().forecast(MIX, measured=GROWING, until=until, departure=LAWS)
        np.testing.assert_array_equal(none.emergence_time, before.emergence_time)


def test_forecasts_that_know_no_error_stay_as_they_are() -> None:
    none = ((0.0, 0.0), (0.0, 0.0))
    forecast = calibration(covariance=none, fit_covariance=none).forecast(MIX, departure=PAPER)
    # The least spread is 1e-4 decades.
    np.testing.assert_allclose(forecast.emergence_time, HALF / P, rtol=1e-3)
    np.testing.assert_allclose(forecast.interval, np.column_stack([HALF / P, HALF / P]), rtol=1e-3)


def test_a_forecast_is_set_beside_the_measured_times() -> None:
    steps = [0, 300, 600, 1200]
    strength = np.array([[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0.2]])
    forecast = calibration().forecast(MIX, measured=curves_from(strength, steps), departure=PAPER, level=0.9)
    # Crossings by straight lines: 150 and 450, and none; the model says 300, 800, 2400.
    np.testing.assert_allclose(forecast.log10_ratio, [math.log10(300 / 150), math.log10(800 / 450), np.nan], atol=2e-4)
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
