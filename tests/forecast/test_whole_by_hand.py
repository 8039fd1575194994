"""Plans and whole assessments by hand: defaults, limits that just hold, and what a summary says."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from saltus import (
    Calibration,
    Frequencies,
    InputError,
    SkillPlan,
    assess,
    calibrate,
    calibrate_data,
    calibrate_time,
    plan_frequency,
    plan_skills,
)
from saltus.curves.schema import curves_from
from saltus.forecast.assess import SCORED_AT
from saltus.forecast.base.checks import carried_frequencies, checked_skills, require_level
from saltus.forecast.time.departure import PAPER, Departure, DepartureLaw
from saltus.forecast.time.recipes import shipped_recipes
from tests.helpers import FREQUENCIES, MIX, logistic, synthetic_data, synthetic_time, synthetic_width

RATE, HALF = 0.04, 200.0
P = np.array([8, 3, 1]) / 12
LAWS = Departure((DepartureLaw(0.05, exponent=0.1, spread=0.05), DepartureLaw(0.5, exponent=0.1, spread=0.04)), 2.0, 9)


def calibration(half: float = HALF) -> Calibration:
    covariance = ((0.01, 0.0), (0.0, 0.0025))
    return Calibration(
        rate=RATE,
        half_exposure=half,
        covariance=covariance,
        error_source="residuals",
        fit_covariance=covariance,
        fit_degrees=12.0,
        residual=0.01,
        target_scale=3.0,
        flow_learning_rate=math.nan,
        skills=(1,),
        frequency=0.5,
        n_skills=3,
        n_runs=1,
    )


def test_planned_frequencies_in_closed_form() -> None:
    by = 5000.0
    for level in (None, 0.6):
        plan = (
            plan_frequency(calibration(), by, departure=LAWS)
            if level is None
            else plan_frequency(calibration(), by, departure=LAWS, level=level)
        )
        # T = (half/p) (0.5/p)^0.1, so that p = (half 0.5^0.1 / T)^(1/1.1).
        # Frequencies are looked for to 1e-4, distributions kept on grids.
        assert plan.expected == pytest.approx((HALF * 0.5**0.1 / by) ** (1 / 1.1), rel=5e-4)
        sd = math.sqrt(0.0025 / math.log(10) ** 2 + 0.04**2)
        late = 10 ** (norm.ppf(0.5 + (level or 0.9) / 2) * sd)
        assert plan.safe == pytest.approx((HALF * late * 0.5**0.1 / by) ** (1 / 1.1), rel=2e-3)
        assert (plan.by, plan.level) == (by, level or 0.9)


def test_a_plan_may_need_nearly_all_the_data_or_next_to_none() -> None:
    assert plan_frequency(calibration(), HALF * 1.0001, departure=PAPER).expected == pytest.approx(1 / 1.0001)
    assert plan_frequency(calibration(), HALF * 1e11, departure=PAPER).expected == pytest.approx(1e-11)
    assert math.isnan(plan_frequency(calibration(), HALF * 0.9999, departure=PAPER).expected)
    between = plan_frequency(calibration(), HALF * 1.01, departure=PAPER)
    assert between.expected == pytest.approx(1 / 1.01)
    assert math.isnan(between.safe)


def test_a_step_that_the_threshold_or_level_forbids_is_refused() -> None:
    with pytest.raises(InputError, match=r"threshold must lie between 0\.000335, where the calibrated curve starts"):
        plan_frequency(calibration(), 5000, threshold=1e-4)
    for level in (0.0, 1.0):
        with pytest.raises(InputError, match="level must lie between 0 and 1"):
            plan_frequency(calibration(), 5000, level=level)
    require_level(1e-9)


def test_a_budget_that_just_suffices_teaches() -> None:
    plan = plan_skills(calibration(), Frequencies([8, 3, 1]), departure=PAPER)
    # One sample and one node a skill: half the strength takes 3/4 of a sample, and one whole node each.
    np.testing.assert_allclose(plan.time, HALF / P)
    np.testing.assert_allclose(plan.data, 0.75 / P)
    np.testing.assert_allclose(plan.parameters, [1, 2, 3])
    np.testing.assert_allclose(plan.frequency, P)
    assert plan.skill.tolist() == [1, 2, 3]
    assert plan.learned.tolist() == [True] * 3  # no limits
    limited: Callable[..., SkillPlan] = plan_skills
    for name in ("time", "data", "parameters"):
        exact = float(getattr(plan, name)[1])
        just = limited(calibration(), Frequencies([8, 3, 1]), departure=PAPER, **{name: exact})
        assert just.learned.tolist() == [True, True, False], name
        assert just.lacking == ("", "", name)
        nothing = limited(calibration(), Frequencies([8, 3, 1]), departure=PAPER, **{name: 0})
        assert nothing.lacking == (name,) * 3
        small = limited(calibration(), Frequencies([8, 3, 1]), departure=PAPER, **{name: 0.5 * exact})
        assert small.learned[1] == np.False_


def test_a_higher_threshold_takes_more_of_everything() -> None:
    plan = plan_skills(
        calibration(), Frequencies([8, 3, 1]), threshold=0.9, shots=100, nodes_per_skill=5, departure=PAPER
    )
    np.testing.assert_allclose(plan.time, (HALF + math.log(9) / RATE) / P)
    np.testing.assert_allclose(plan.data, 99 / P)  # 1 - 0.1^2 of them
    np.testing.assert_allclose(plan.parameters, [5, 10, 15])  # 4.5 nodes, rounded up


STEPS = np.unique(np.geomspace(1, 30_000, 250).astype(int))
CURVES = curves_from(logistic(RATE * (P[:, None] * STEPS - HALF)), STEPS, frequencies=P)


def test_the_summary_of_an_assessment_has_its_numbers() -> None:
    result = assess(CURVES, until=1000, departure=LAWS)
    assert result.forecast is not None
    assert result.calibration is not None
    summary = result.summary()
    assert (summary["resource"], summary["until"], summary["frequency_fit"]) == ("step", 1000, None)
    np.testing.assert_equal(summary["calibration"], result.calibration.summary())
    assert list(result.scored) == list(SCORED_AT) == [0.05, 0.5, 0.95]
    assert result.threshold == 0.5
    assert result.forecast.level == 0.9
    for k, skill in enumerate(summary["skills"]):
        assert skill["skill"] == k + 1
        assert skill["frequency"] == pytest.approx(P[k])
        assert skill["emergence_time"] == result.forecast.emergence_time[k]
        assert skill["interval"] == result.forecast.interval[k].tolist()
        assert skill["sharpened"] == bool(result.forecast.sharpened[k])
        # Straight lines between steps 4 % apart.
        assert skill["observed_time"] == pytest.approx(HALF / P[k], rel=0.002)
        wanted = math.log10(skill["emergence_time"] / skill["observed_time"])
        assert skill["log10_error"] == pytest.approx(wanted, abs=1e-12)
        total = skill["uncertainty"]["total"]
        assert total == result.forecast.uncertainty.total[k]
        assert set(skill["uncertainty"]) == {"fit", "runs", "misfit", "frequencies", "total"}
        assert set(skill["scores"]) == {"0.05", "0.5", "0.95"}
        late = math.log(0.95 / 0.05) / RATE
        assert skill["scores"]["0.95"]["observed_time"] == pytest.approx((HALF + late) / P[k], rel=0.005)
    assert summary["verdict"]["level"] == result.verdict.level
    assert list(summary["verdict"]["evidence"]) == [one.name for one in result.verdict.evidence]
    assert list(summary["verdict"]["evidence"].values()) == [one.score for one in result.verdict.evidence]


def test_before_anything_emerges_skills_have_a_frequency_and_no_forecast() -> None:
    result = assess(CURVES, until=100)
    assert (result.calibration, result.forecast, result.scored) == (None, None, {})
    assert result.verdict.level == "do not use"
    summary = result.summary()
    assert summary["calibration"] is None
    empty = {"emergence_time": None, "interval": None, "observed_time": None, "log10_error": None}
    names = [{"skill": k + 1, "name": str(k + 1), "frequency": pytest.approx(P[k])} for k in range(3)]
    assert summary["skills"] == [name | empty for name in names]


def test_everything_up_to_the_moment_is_used_and_by_default_all() -> None:
    last = int(STEPS[180])
    at, between = (assess(CURVES, until=until, departure=LAWS) for until in (last, STEPS[181] - 0.5))
    # As text: the curves know no learning rate, and NaN is not equal to itself.
    assert repr(at.calibration) == repr(between.calibration) == repr(calibrate_time(CURVES.isel(step=slice(0, 181))))
    assert assess(CURVES, departure=LAWS).until == STEPS[-1]
    assert repr(assess(CURVES, departure=LAWS).calibration) == repr(calibrate_time(CURVES))
    first = assess(CURVES, until=int(STEPS[0]))
    assert first.forecast is None
    with pytest.raises(InputError, match="until must leave at least one measurement; received 0.5; first step: 1"):
        assess(CURVES, until=0.5)


def test_only_thresholds_above_the_start_are_scored() -> None:
    """A calibrated curve that starts at R/S = 0.076, between the lowest scored threshold and the others."""
    result = assess(CURVES, calibration=calibration(half=2.5 / RATE), departure=PAPER)
    assert list(result.scored) == [0.5, 0.95]


def test_a_calibration_from_elsewhere_is_taken_as_it_is() -> None:
    given = calibration(half=300.0)
    result = assess(CURVES, calibration=given, departure=PAPER, threshold=0.9, level=0.5, until=10)
    assert result.calibration is given
    assert result.forecast is not None
    assert (result.forecast.threshold, result.forecast.level) == (0.9, 0.5)
    np.testing.assert_allclose(result.forecast.emergence_time[0], (300 + math.log(9) / RATE) / P[0], rtol=1e-6)
    over_data = calibrate_data(synthetic_data(np.random.default_rng(0), 1))
    with pytest.raises(InputError, match="the calibration must be over step, as the curves are; received 'data'"):
        assess(CURVES, calibration=over_data)


def test_the_shipped_recipe_of_the_optimizer_is_used_unless_another_is_given() -> None:
    sgd = CURVES.copy()
    sgd.attrs["settings"] = '{"optimizer": "sgd"}'
    default, given = (assess(sgd, until=1000, recipe=one) for one in (None, shipped_recipes()["sgd"]))
    assert default.recipe is given.recipe
    assert default.forecast is not None
    assert given.forecast is not None
    np.testing.assert_array_equal(given.forecast.interval, default.forecast.interval)
    plain, sgd_law = (calibration().forecast(Frequencies([8, 3, 1]), recipe=one) for one in (None, given.recipe))
    np.testing.assert_array_equal(plain.interval, sgd_law.interval)
    with pytest.raises(InputError, match="the law of the run must be given once; received 'recipe and departure'"):
        assess(CURVES, recipe=given.recipe, departure=PAPER)


def test_sizes_have_forecasts_in_their_own_unit() -> None:
    widths = synthetic_width(np.random.default_rng(0), 2)
    result = assess(widths, threshold=0.25)
    assert result.forecast is not None
    np.testing.assert_allclose(result.forecast.emergence_time, [1, 5, 9], rtol=1e-3)  # the grid's step
    assert result.until == 16
    skill = result.summary()["skills"][1]
    assert skill["emergence_parameters"] == result.forecast.emergence_time[1]
    assert skill["observed_parameters"] == pytest.approx(5)
    assert skill["hit"] is True or skill["log10_error"] == pytest.approx(0, abs=1e-3)
    with pytest.raises(InputError, match="frequencies can be fitted to curves over .* only; received 'parameters'"):
        assess(widths, "fitted")
    data = synthetic_data(np.random.default_rng(0), 2)
    assert calibrate(data, FREQUENCIES).resource == "data"
    assert assess(data.sel(data=data["data"] <= 200)).forecast is None


def test_frequencies_are_given_carried_or_fitted() -> None:
    carried = assess(CURVES)
    assert carried.frequency_fit is None
    np.testing.assert_allclose(carried.frequencies.pmf([1, 2, 3]), P)
    given = assess(CURVES, Frequencies([2, 1, 1]))
    np.testing.assert_allclose(given.frequencies.pmf([1, 2, 3]), [0.5, 0.25, 0.25])
    power_law = synthetic_time(np.random.default_rng(0), 1, noise=0.01)
    fitted = assess(power_law, "fitted")
    assert fitted.frequency_fit is not None
    assert fitted.frequencies is fitted.frequency_fit.frequencies
    assert fitted.summary()["frequency_fit"] == fitted.frequency_fit.summary()
    assert fitted.forecast is not None
    plain = assess(power_law, fitted.frequencies).forecast
    assert plain is not None
    assert np.all(fitted.forecast.uncertainty.frequencies[1:] > 0)
    assert np.all(plain.uncertainty.frequencies == 0)


def carrying(frequencies: list[float]) -> object:
    """What the curves of so frequent skills carry, as a list."""
    curves = curves_from(np.zeros((len(frequencies), 1)), [0], frequencies=frequencies)
    return carried_frequencies(curves).pmf(np.arange(1, len(frequencies) + 1)).tolist()


def test_carried_frequencies_descend() -> None:
    assert carrying([0.5, 0.25, 0.25]) == pytest.approx([0.5, 0.25, 0.25])
    for bad in ([0.25, 0.5], [0.5, math.nan], [math.nan]):
        with pytest.raises(
            InputError, match="the curves do not say how frequent their skills are, most frequent first"
        ):
            carrying(bad)


def test_skills_to_calibrate_on_count_from_1_and_come_in_order() -> None:
    two, three = (curves_from(np.zeros((n, 1)), [1]) for n in (2, 3))
    assert checked_skills(2, two) == (2,)
    assert checked_skills([3, 1, 3], three) == (1, 3)
    with pytest.raises(InputError, match="on_skill must name at least one skill"):
        checked_skills([], three)
    with pytest.raises(InputError, match="on_skill must be .*; received 0; skills count from 1"):
        checked_skills(0, three)
    with pytest.raises(InputError, match="on_skill must be at most 2, the number of skills; received 3"):
        checked_skills([1, 3], two)


def test_calibrations_are_made_on_the_first_skill_unless_another_is_named(tmp_path: Path) -> None:
    curves = synthetic_time(np.random.default_rng(0), 1, noise=0.01)
    assert calibrate(curves).skills == calibrate_time(curves).skills == assess(curves).calibration.skills == (1,)  # type: ignore[union-attr]
    assert calibrate(curves, on_skill=2).skills == (2,)
    only_first = curves.copy(deep=True)
    only_first["strength"][0, 1:] = 0.0
    assert assess(only_first).forecast is not None
    assert calibrate(curves).n_skills == MIX.size
