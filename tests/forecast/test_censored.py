"""A skill that stands at the threshold when first measured emerged before: a bound, and never a date."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from saltus import Frequencies, assess, calibrate_time, crossing_times, emergence_times, fit_frequencies
from saltus.curves.crossings import emerged_before
from saltus.curves.schema import curves_from
from saltus.forecast.time.dates import dates_of
from saltus.forecast.time.departure import Departure, DepartureLaw, shipped_departure
from tests.helpers import LOGIT, RATE, logistic

HALF = -LOGIT / RATE  # exposure at half strength, in steps at frequency 1


def curves(mix: list[float], steps: np.ndarray, names: list[str] | None = None) -> xr.Dataset:
    """Noiseless skills of the decoupled model, measured at these steps."""
    made = curves_from(logistic(LOGIT + RATE * np.array(mix)[:, None] * steps), steps, frequencies=mix)
    return made if names is None else made.assign_coords(skill_name=("skill", names))


MIX = [0.6, 0.25, 0.15]
FULL = np.arange(0, 4001, 50)
LAW = Departure((DepartureLaw(0.5, spread=0.05),), reach=2.0)  # no skill strays by more than a tenth of a decade
LATE = FULL[FULL >= 1000]  # skill 1 has its half at 750


def test_crossings_know_what_they_did_not_see() -> None:
    late = curves(MIX, LATE)
    seen, earlier = crossing_times(late), emerged_before(late)
    np.testing.assert_allclose(seen[0], [np.nan, HALF / 0.25, HALF / 0.15], rtol=1e-3)
    np.testing.assert_array_equal(earlier, [[1000, np.nan, np.nan]])
    times = emergence_times(late)
    assert times.censored.tolist() == [True, False, False]
    assert (times.before[0], times.n_before.tolist(), times.n_emerged.tolist()) == (1000, [1, 0, 0], [0, 1, 1])
    assert not emergence_times(curves(MIX, FULL)).censored.any()


def test_a_forecast_is_not_scored_by_a_bound_but_can_miss_it() -> None:
    late = curves(MIX, LATE)
    calibration = calibrate_time(late, on_skill=2)
    right = calibration.forecast(Frequencies(MIX), measured=late)
    assert math.isnan(right.log10_ratio[0])
    assert right.hit[0] is None
    assert math.isnan(right.too_late[0])
    even = Frequencies([0.34, 0.33, 0.33])  # as if skill 1 came with skill 3, at 2,900
    wrong = calibrate_time(late, even, on_skill=3).forecast(even, measured=late)
    assert wrong.hit[0] is False
    assert wrong.too_late[0] == pytest.approx(math.log10(wrong.emergence_time[0] / 1000))
    from_start = curves_from(np.vstack([np.full(len(FULL), 0.7), logistic(LOGIT + RATE * 0.25 * FULL)]), FULL)
    at_start = calibration.forecast(Frequencies([0.5, 0.5]), measured=from_start)
    assert math.isnan(at_start.too_late[0])  # it was there before the training


def test_a_bound_that_the_calibration_breaks_is_a_doubt_and_one_that_it_keeps_is_none() -> None:
    late = curves(MIX, LATE)
    kept = assess(late, on_skill=2, departure=LAW)
    assert not any("emerged at least" in reason for reason in kept.verdict.reasons)
    assert kept.summary()["skills"][0]["observed_time"] != kept.summary()["skills"][0]["observed_time"]
    assert [skill["emerged_before"] for skill in kept.summary()["skills"]] == [1000.0, None, None]
    broken = assess(late, Frequencies([0.34, 0.33, 0.33]), on_skill=3, departure=LAW)
    assert broken.verdict.level == "do not use"
    assert any(
        "skill 1 emerged at least 0.4" in reason and "dex earlier" in reason for reason in broken.verdict.reasons
    )


def test_fitted_frequencies_do_not_take_the_bound_for_a_date() -> None:
    mix = [k**-1.6 for k in range(1, 7)]
    mix = [share / sum(mix) for share in mix]
    steps = np.arange(1500, 30_001, 100)  # skill 1 had emerged at 837
    late = curves(mix, steps)
    fit = fit_frequencies(late, on_skill=2)
    assert not fit.dated[0]
    whole = fit_frequencies(curves(mix, np.arange(0, 30_001, 100)), on_skill=2)
    assert fit.alpha == pytest.approx(whole.alpha, abs=0.02)
    constants = calibrate_time(late, Frequencies([1.0] * 6), 2)
    dates = dates_of(late, constants, shipped_departure())
    assert np.asarray(dates.before).tolist() == [True] + [False] * 5
    assert dates.log_time[0] == pytest.approx(math.log10(1500))
    likely = dates.log_likelihood(np.array([[-0.5] * 6, [0.5] * 6]))[:, 0]
    assert likely[0] > -0.2 > likely[1]  # more frequent: surely before; rarer: hardly
    there = late.assign(strength=late["strength"].where(late["skill"] > 1, 0.9)).assign_coords(step=steps - 1500)
    assert dates_of(there, constants, shipped_departure()).log_likelihood(np.full((1, 6), 3.0))[0, 0] == 0.0


def test_a_first_measurement_on_the_rise_still_calibrates() -> None:
    on_rise = FULL[FULL >= 650]  # R/S = 0.23 there
    calibration = calibrate_time(curves(MIX, on_rise))
    assert calibration.half_exposure == pytest.approx(HALF, rel=1e-6)


def test_without_a_skill_to_calibrate_on_the_verdict_says_how_it_stands_and_who_could() -> None:
    late = curves(MIX, LATE, ["copy", "mod", "sort"])
    assert assess(late, on_skill=1).verdict.reasons[0] == (
        "no skill to calibrate on has emerged while it was measured (skill 'copy' emerged before it was measured: "
        "R/S = 0.95 at step 1000); on skill 'mod' or skill 'sort' it could be"
    )
    early = late.sel(step=late["step"] <= 1200)
    assert (
        assess(early, on_skill=3)
        .verdict.reasons[0]
        .startswith("no skill to calibrate on has emerged (highest R/S so far: 0.00)")
    )
    flat = curves_from(np.full((1, 1, 3), 0.71), [0, 10, 20], frequencies=[1.0])
    assert assess(flat).verdict.reasons[0] == (
        "no skill to calibrate on has emerged while it was measured (skill 1 emerged before the training: "
        "R/S = 0.71 at step 0)"
    )


def test_runs_of_several_configurations_are_a_doubt() -> None:
    seen = curves(MIX, FULL)
    seen.attrs["configurations"] = 3
    assert any("seem to be 3 configurations" in reason for reason in assess(seen).verdict.reasons)
