"""Backtests ask at earlier moments, know nothing later, and judge by what came."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr

from saltus import Frequencies, InputError, assess, backtest, curves_from
from saltus.curves.crossings import emergence_times
from saltus.forecast.backtest import Backtest, PastForecast, default_moments, score
from saltus.forecast.time.departure import PAPER
from tests.helpers import synthetic_data, synthetic_time

RARE = np.array([0.55, 0.3, 0.14, 0.01])


def training(seed: int = 0) -> xr.Dataset:
    """Four skills of which the last has not come by the end."""
    steps = np.unique(np.geomspace(1, 20_000, 80).astype(int))
    return synthetic_time(np.random.default_rng(seed), 1, noise=0.01, mix=RARE, steps=steps)


@pytest.fixture(scope="module")
def found() -> Backtest:
    return backtest(training(), departure=PAPER)


def test_each_moment_is_what_assess_gives_without_the_later_measurements(found: Backtest) -> None:
    curves = training()
    moments = sorted({one.moment for one in found.forecasts})
    for moment in (moments[0], moments[-1]):
        then = assess(curves.sel(step=slice(0, moment)), departure=PAPER)  # the future is cut away, not hidden
        assert then.forecast is not None
        mine = [one for one in found.forecasts if one.moment == moment]
        for one in mine:
            np.testing.assert_allclose(one.forecast, then.forecast.emergence_time[one.skill - 1], rtol=1e-12)
            np.testing.assert_allclose(one.interval, then.forecast.interval[one.skill - 1], rtol=1e-12)
            assert one.verdict == then.verdict.level


def test_forecasts_are_of_skills_that_had_not_come_and_are_judged_by_hand(found: Backtest) -> None:
    strength, steps = training()["strength"].to_numpy()[0], training()["step"].to_numpy()
    for one in found.forecasts:
        before = strength[one.skill - 1, steps < one.moment]
        assert before.max() < 0.5
        assert one.n_emerged == (strength[:, steps <= one.moment].max(axis=1) >= 0.5).sum()
        low, high = one.interval
        if one.skill == 4:  # it never came: only an interval that ended before contradicts
            assert math.isnan(one.observed)
            assert one.hit is (False if high < steps[-1] else None)
        else:
            late = (strength[one.skill - 1] >= 0.5).argmax()
            assert steps[late - 1] <= one.observed <= steps[late]
            assert one.hit is (low <= one.observed <= high)
            assert one.log10_error == pytest.approx(math.log10(one.forecast / one.observed))
    # The paper's own law, without any departure: errors of noise alone.
    errors = [abs(one.log10_error) for one in found.forecasts if math.isfinite(one.observed)]
    assert errors
    assert np.median(errors) < 0.02


def test_moments_are_those_of_emergence_with_others_between(found: Backtest) -> None:
    curves = training()
    steps = curves["step"].to_numpy()
    emerged = [steps[(row >= 0.5).argmax()] for row in curves["strength"].to_numpy()[0, :3]]
    assert set(emerged) <= set(found.moments)
    assert set(found.moments) <= set(steps.tolist())
    assert len(found.moments) <= 24
    assert found.moments[0] < emerged[0]
    assert found.moments[-1] < steps[-1]  # beyond it nothing could be judged
    # Refused are those before the first skill has come.
    assert found.refused
    assert all(one.moment < emerged[0] and one.n_emerged == 0 for one in found.refused)
    assert all("no skill to calibrate on has emerged" in one.reason for one in found.refused)


@pytest.mark.parametrize("n_skills", [0, 1, 40])
def test_default_moments_stay_few_and_measured(n_skills: int) -> None:
    at = np.arange(0.0, 5000, 10)
    rise = np.array([at >= 100 + 40 * k for k in range(max(n_skills, 1))]) * (1.0 if n_skills else 0.2)
    chosen = default_moments(at, emergence_times(curves_from(rise, at)))
    assert 1 <= len(chosen) <= 24
    assert set(chosen) <= set(at[1:-1])
    assert list(chosen) == sorted(set(chosen))


def test_the_known_world_ends_where_it_is_told_to(found: Backtest) -> None:
    until = 3000.0
    bounded = backtest(training(), until=until, departure=PAPER)
    np.testing.assert_array_equal(
        [one.observed for one in bounded.forecasts],
        [
            np.nan if not found.observed[one.skill - 1] <= until else found.observed[one.skill - 1]
            for one in bounded.forecasts
        ],
    )
    assert bounded.last <= until
    cut = backtest(training().sel(step=slice(0, until)), departure=PAPER)
    assert repr(cut.forecasts) == repr(bounded.forecasts)


def test_scores_count_hits_misses_and_what_may_still_hold() -> None:
    def one(skill: int, error: float, hit: bool | None) -> PastForecast:
        observed = math.nan if math.isnan(error) else 100.0
        return PastForecast(10.0, 1, skill, 100 * 10**error, (50.0, 200.0), observed, error, hit, "trust")

    of_all = score([one(1, 0.1, True), one(1, -0.3, False), one(2, 0.2, True), one(3, math.nan, None)])
    assert (of_all.n_forecasts, of_all.n_skills, of_all.n_hits, of_all.n_misses) == (4, 3, 2, 1)
    assert (of_all.n_open, of_all.n_judged) == (1, 3)
    assert of_all.median_error == pytest.approx(0.2)
    assert math.isnan(score([]).median_error)


def test_groups_part_all_forecasts(found: Backtest) -> None:
    for groups in (found.by_verdict.values(), found.by_emerged.values()):
        assert sum(one.n_forecasts for one in groups) == len(found.forecasts)
        assert sum(one.n_hits for one in groups) == sum(one.hit is True for one in found.forecasts)
    assert found.usable.n_forecasts + found.warned.n_forecasts == len(found.forecasts)


def test_a_miss_of_a_skill_that_never_came() -> None:
    curves = training()
    strength = curves["strength"].to_numpy().copy()
    strength[:, 2:] = 0.001  # the third should have come, and never did
    curves["strength"] = (curves["strength"].dims, strength)
    late = [one for one in backtest(curves, moments=[1500.0], departure=PAPER).forecasts if one.skill == 3]
    assert [one.hit for one in late] == [False]
    assert all(one.interval[1] < 20_000 and math.isnan(one.observed) for one in late)


def test_data_and_frequencies_that_must_be_fitted() -> None:
    sizes = backtest(synthetic_data(np.random.default_rng(1), 3))
    assert sizes.resource == "data"
    assert sizes.forecasts
    unknown = backtest(training().assign_coords(frequency=("skill", np.full(4, np.nan))), "fitted", moments=[400, 3000])
    assert [one.moment for one in unknown.refused] == [400]  # nothing had risen, which fitting refuses in an error
    assert "must rise" in unknown.refused[0].reason
    assert {one.moment for one in unknown.forecasts} == {3000}


def test_progress_counts_moments() -> None:
    seen: list[tuple[int, int]] = []
    backtest(training(), moments=[2000, 4000], progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]


def test_requests_that_no_moment_can_meet_are_refused() -> None:
    with pytest.raises(InputError, match="threshold must lie between 0 and 1; received 2;"):
        backtest(training(), threshold=2)
    with pytest.raises(InputError, match="frequencies must be those of the 4 skills of the curves; received 2"):
        backtest(training(), Frequencies([0.6, 0.4]), moments=[3000])
    with pytest.raises(InputError, match="moments must be amounts from the first measurement, 1, on"):
        backtest(training(), moments=[0.5])
    with pytest.raises(InputError, match="a backtest needs at least two measurements; received 1; first step: 1"):
        backtest(training(), until=1)
