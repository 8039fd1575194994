"""Frequencies fitted to curves that were drawn with known ones, departing from the model by a known law."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from saltus import Calibration, InputError, assess, calibrate_time, fit_frequencies
from saltus.forecast.time.departure import Departure, DepartureLaw
from tests.helpers import synthetic_time

LAW = Departure(tuple(DepartureLaw(at, exponent=0.07, spread=0.03) for at in (0.05, 0.5, 0.95)), 2.0, 24)


def drawn(
    rng: np.random.Generator, mix: NDArray[np.float64], *, noise: float = 0.005, last: int = 40_000
) -> xr.Dataset:
    """One run of logistic curves; each skill but the first is late by the law, and by a normal error of its own."""
    steps = np.unique(np.geomspace(10, last, 120).astype(int))
    decades = np.log10(mix[0] / mix)
    late = 10 ** (0.07 * decades + 0.03 * rng.standard_normal(len(mix)) * (decades > 0))
    curves = synthetic_time(rng, 1, noise=noise, mix=mix / late, steps=steps)
    return curves.assign_coords(frequency=("skill", np.full(len(mix), np.nan)))


def power_law(alpha: float, n: int) -> NDArray[np.float64]:
    weights = np.arange(1, n + 1) ** -(alpha + 1.0)
    return np.asarray(weights / weights.sum())


@pytest.mark.parametrize("alpha", [0.3, 0.9])
def test_a_common_alpha_is_found_within_its_error(alpha: float) -> None:
    rng = np.random.default_rng(1)
    scores, chosen = [], []
    for _ in range(20):
        curves = drawn(rng, power_law(alpha, 6))
        fit = fit_frequencies(curves.sel(step=curves["step"] <= 6000), departure=LAW)
        scores.append((fit.alpha - alpha) / fit.alpha_error)
        chosen.append(fit.forms[0].name)
    assert np.mean(np.abs(scores) < 1.645) > 0.69  # 90 % are expected, with a standard deviation of 6.7 %
    assert abs(np.mean(scores)) < 0.6
    assert chosen.count("common alpha") >= 18


def test_uneven_frequencies_ask_for_free_rates() -> None:
    mix = np.array([0.4, 0.36, 0.08, 0.07, 0.05, 0.04])
    curves = drawn(np.random.default_rng(2), mix)
    fit = fit_frequencies(curves, departure=LAW)
    assert fit.forms[0].name == "free rates"
    ratio = np.log10(fit.frequencies.pmf(np.arange(1, 7)) / fit.frequencies.pmf(1) * mix[0] / mix)
    assert np.all(np.abs(ratio) < 4 * 0.03)
    assert any(
        "the skills follow no power law of their rank" in why for why in assess(curves, "fitted").verdict.reasons
    )


def test_intervals_hold_what_comes_as_often_as_they_say() -> None:
    rng = np.random.default_rng(3)
    hits: list[bool] = []
    for _ in range(20):
        curves = drawn(rng, power_law(rng.uniform(0.3, 0.9), 6))
        until = 1.6 * float(calibrate_second(curves))
        known = curves.sel(step=curves["step"] <= until)
        fit = fit_frequencies(known, departure=LAW)
        forecast = calibrate_time(known, fit.frequencies).forecast(
            fit.frequencies, measured=curves, until=until, departure=LAW, frequency_error=fit.log10_error
        )
        assert forecast.measured is not None
        to_come = forecast.measured.mean > until
        hits += [bool(forecast.hit[k]) for k in np.flatnonzero(to_come)]
    assert len(hits) > 50
    # Skills of one run err together (one alpha): 20 runs show a coverage to about 6 %.
    assert np.mean(hits) > 0.75


def calibrate_second(curves: xr.Dataset) -> float:
    """When the second skill passes half its strength, by eye."""
    strength = curves["strength"].to_numpy()[0, 1]
    return float(curves["step"].to_numpy()[(strength > 0.5).argmax()])


def test_a_skill_that_has_not_come_says_that_it_is_rarer() -> None:
    curves = drawn(np.random.default_rng(4), power_law(0.9, 3), noise=0.001)
    second = calibrate_second(curves)
    early = fit_frequencies(curves.sel(step=curves["step"] <= 1.1 * second), departure=LAW)
    without = curves.isel(skill=[0, 1]).sel(step=curves["step"] <= 1.1 * second)
    assert early.dated.tolist() == [True, True, False]
    assert early.alpha >= fit_frequencies(without, departure=LAW).alpha - early.alpha_error
    assert early.log10_error[2] > early.log10_error[1] > 0


def test_growth_dates_a_skill_before_it_emerges() -> None:
    curves = drawn(np.random.default_rng(5), power_law(0.6, 2), noise=0.001)
    strength = curves["strength"].to_numpy()[0, 1]
    part = curves.isel(step=slice(0, int((strength > 0.3).argmax())))
    forecast = assess(part, "fitted", departure=LAW).forecast
    assert forecast is not None
    assert forecast.sharpened.tolist() == [False, True]
    truth = 10 ** np.interp(0.5, strength, np.log10(curves["step"].to_numpy()))  # steps lie 7 % apart
    low, high = forecast.interval[1]
    assert low < truth < high
    assert high / low < 1.5  # nothing but its own growth dates it


def test_what_cannot_be_fitted_is_refused_in_one_line() -> None:
    curves = drawn(np.random.default_rng(6), power_law(0.6, 3))
    alone = curves.sel(step=curves["step"] <= 900)
    with pytest.raises(
        InputError, match="a second skill must have begun to grow; received 'skill 1 alone'; wait until"
    ):
        fit_frequencies(alone)
    with pytest.raises(InputError, match=r"must rise through R/S = 0\.1 and 0\.5"):
        fit_frequencies(curves.sel(step=curves["step"] <= 100))
    assert isinstance(calibrate_time(curves, fit_frequencies(curves).frequencies), Calibration)


def test_a_skill_that_is_not_dated_keeps_its_place_between_those_that_are() -> None:
    mix = np.array([0.4, 0.36, 0.1, 0.08, 0.035, 0.03])
    curves = drawn(np.random.default_rng(2), mix)
    curves["strength"][0, 3] = np.nan
    fit = fit_frequencies(curves, departure=LAW)
    assert fit.dated.tolist() == [True, True, True, False, True, True]
    known = [0, 1, 2, 4, 5]
    ratio = np.log10(fit.frequencies.pmf(np.arange(1, 7)) / fit.frequencies.pmf(1) * mix[0] / mix)
    assert np.all(np.abs(ratio[known]) < 4 * 0.03)
    assert fit.log10_error[3] > fit.log10_error[2]
