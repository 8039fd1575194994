"""Dates of skills and what they say about frequencies, worked out by hand and with scipy's normal law."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from saltus import calibrate_time, fit_frequencies
from saltus.curves.schema import curves_from
from saltus.forecast.time.constants import TimeConstants
from saltus.forecast.time.dates import UNKNOWN, Dates, dates_of
from saltus.forecast.time.departure import PAPER, Departure, DepartureLaw
from saltus.theory.frequencies import Frequencies
from tests.helpers import logistic

LAWS = Departure((DepartureLaw(0.5, 0.02, 0.1, 0.03, 0.04),), 1.0, 24)
RATE, HALF = 0.06, 200.0  # for equal frequencies of all skills


def dates(log_time: list[float], dated: list[bool], error: float = 0.05, departure: Departure = LAWS) -> Dates:
    shape = len(log_time)
    return Dates(np.array(log_time), np.full(shape, error), np.array(dated), np.array(dated), 2.0, departure)


def constants(rate: float = RATE, half: float = HALF, n_skills: int = 2) -> TimeConstants:
    covariance = ((1e-4, 0.0), (0.0, 1e-4))
    return TimeConstants(
        rate, half, covariance, "residuals", covariance, 9.0, 0.0, 1.0, math.nan, (1,), 1 / n_skills, n_skills, 1
    )


def test_dates_are_as_sure_as_their_error_and_the_departure_allow() -> None:
    of = dates([2.0, 3.0], [True, True])
    np.testing.assert_allclose(of.sd(np.array([0.0, 0.7])), np.sqrt(0.05**2 + 0.03**2 + np.array([0, 0.028]) ** 2))
    np.testing.assert_allclose(of.sd(np.array([-0.7, 0.0])), math.hypot(0.05, 0.03))  # only rarer skills stray further
    exact = dates([2.0], [True], error=0.0, departure=PAPER)
    np.testing.assert_allclose(exact.sd(np.zeros(1)), 0.002)  # no date is known better than that


def test_the_likelihood_is_a_density_where_dated_and_a_tail_where_not() -> None:
    decades = np.array([0.3, 0.6])
    mean = 2.0 + decades + 0.02 + 0.1 * decades
    sd = np.sqrt(0.05**2 + 0.03**2 + (0.04 * decades) ** 2)
    found = dates([2.4, 2.8], [True, False]).log_likelihood(decades)
    assert found[0] == pytest.approx(norm.logpdf(2.4, mean[0], sd[0]))
    assert found[1] == pytest.approx(norm.logsf(2.8, mean[1], sd[1]))  # it came no earlier than 2.8


def test_own_decades_undo_the_delay_and_keep_the_order() -> None:
    of = dates([1.9, 2.02, 2.57, 2.4, 5.0, 3.12], [True, True, True, True, False, True])
    # Of (time - start - 0.02)/1.1; skill 2 is the reference, and no later skill is more frequent than one before it.
    np.testing.assert_allclose(of.own_decades(1), [-0.12 / 1.1, 0, 0.5, 0.5, 0.5, 1.0])
    # A skill before the reference is not rarer than it, whatever its date says.
    np.testing.assert_allclose(dates([2.3, 2.02], [True, True]).own_decades(1), [0, 0])


def test_emerged_skills_are_dated_by_the_mean_over_runs_and_its_standard_error() -> None:
    steps = np.array([0, 10, 100, 1000, 10_000])
    # Half of the rise between two measurements: crossings at 55 and 550, and in one run only at 5500.
    one = [[0, 0, 1, 1, 1], [0, 0, 0, 0, 1]]
    two = [[0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]
    of = dates_of(curves_from(np.array([one, two], dtype=float), steps), constants(), PAPER)
    logs = np.log10([55, 550])
    np.testing.assert_allclose(of.log_time, [logs.mean(), np.log10(5500)])
    np.testing.assert_allclose(of.error, [logs.std(ddof=1) / math.sqrt(2), 0])
    assert of.dated.tolist() == of.emerged.tolist() == [True, True]
    assert of.start == pytest.approx(math.log10(HALF * 2))


def test_a_skill_not_seen_yet_came_after_the_earliest_time_that_its_silence_allows() -> None:
    steps = np.linspace(0, 3000, 31).astype(int)
    strength = np.stack([logistic(RATE / 2 * steps - RATE * HALF), np.zeros(31)])
    of = dates_of(curves_from(strength, steps), constants(), PAPER)
    # Below R/S = 0.5, the only threshold of this departure, nothing is seen: it comes after the last step.
    assert of.dated.tolist() == [True, False]
    assert of.log_time[1] == pytest.approx(math.log10(3000), abs=1e-3)
    assert of.error[1] == 0


def test_a_skill_never_measured_could_have_come_at_any_time() -> None:
    steps = np.linspace(0, 3000, 31)
    strength = np.stack([logistic(RATE / 2 * steps - RATE * HALF), np.full(31, np.nan)])
    of = dates_of(curves_from(strength, steps), constants(), PAPER)
    assert of.log_time[1] == -np.inf
    assert of.error[1] == 0
    assert not of.dated[1]


def test_a_measurement_at_step_1_counts_and_one_at_0_does_not() -> None:
    steps = np.array([0, 1, 1000, 5000])
    strength = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, np.nan, np.nan, np.nan]])
    assert dates_of(curves_from(strength, steps), constants(), PAPER).log_time[1] == -np.inf
    strength[1, 1] = 0.0
    # It came no earlier than step 1, below half strength as it was there.
    found = dates_of(curves_from(strength, steps), constants(), PAPER).log_time[1]
    assert found == pytest.approx(0.0, abs=1e-3)


def test_growth_below_half_strength_dates_a_skill_of_the_expected_shape() -> None:
    low = Departure((DepartureLaw(0.05), DepartureLaw(0.5)))
    steps = np.linspace(0, 1500, 76).astype(int)
    truth = 1800.0
    strength = np.stack([logistic(RATE / 2 * steps - RATE * HALF), logistic(RATE * HALF * (steps / truth - 1))])
    of = dates_of(curves_from(strength, steps), constants(), low)
    assert of.dated.tolist() == [True, True]
    assert of.emerged.tolist() == [True, False]
    # The grid of times is 12 decades over 800 wide, 1.5 %, and a weight on it is known to about its spacing.
    assert of.log_time[1] == pytest.approx(math.log10(truth), abs=0.015)
    assert of.error[1] < 0.03


def emerging(places: list[float], last: int = 30_000) -> tuple[np.ndarray, np.ndarray]:
    """Strengths of skills that pass half at 400 * 10^place, at steps 1 % apart."""
    steps = np.unique(np.geomspace(10, last, 800).astype(int))
    half = 400 * np.power(10.0, places)
    return logistic(np.asarray(RATE * HALF * (steps / half[:, None] - 1), dtype=np.float64)), steps


@pytest.mark.parametrize("exponent", [0.0, 0.25])
def test_alpha_is_the_slope_of_the_dates_and_its_error_that_of_weighted_least_squares(exponent: float) -> None:
    departure = Departure((DepartureLaw(0.5, exponent=exponent, spread=0.05),), 2.0, 24)
    stretch = 1 + exponent  # decades of time for a decade of frequency
    places = np.log10([1, 2, 3, 4, 5])
    bumps = np.array([0, 0.04, -0.03, 0.02, 0.01])
    strength, steps = emerging((1.7 * places + bumps).tolist())
    fit = fit_frequencies(curves_from(strength, steps), departure=departure)
    # Errors of all dates alike: slope (x y)/(x x), with error sd/sqrt(x x).
    x = places[1:]
    slope = x @ (1.7 * x + bumps[1:]) / (x @ x)
    sd = math.hypot(0.05, 0.002)
    assert fit.alpha == pytest.approx(
        slope / stretch - 1, abs=0.004
    )  # half a grid step, and straight lines between steps
    assert fit.alpha_error == pytest.approx(sd / stretch / math.sqrt(x @ x), rel=0.01)
    # All have emerged: the error of each frequency is that of its place along the common line.
    np.testing.assert_allclose(fit.log10_error, fit.alpha_error * places, rtol=1e-9)
    np.testing.assert_allclose(
        fit.frequencies.pmf(np.arange(1, 6)) / fit.frequencies.pmf(1), np.arange(1, 6) ** -(1 + fit.alpha), rtol=1e-9
    )
    common, free = fit.forms
    late = 1.7 * x + bumps[1:] - slope * x
    assert common.name == "common alpha"
    assert common.log_likelihood == pytest.approx(norm.logpdf(late, 0, sd).sum(), abs=0.05)
    assert common.penalty == pytest.approx(math.log(5 / (fit.alpha_error * math.sqrt(2 * math.pi))))
    assert free.log_likelihood == pytest.approx(4 * norm.logpdf(0, 0, sd), abs=0.05)
    assert free.penalty == pytest.approx(4 * math.log(stretch / (sd * math.sqrt(2 * math.pi))))
    assert common.score == common.log_likelihood - common.penalty
    assert not fit.free_rates


def test_the_reference_may_be_any_skill() -> None:
    strength, steps = emerging((1.6 * np.log10([1, 2, 3, 4])).tolist())
    curves = curves_from(strength, steps)
    one, three = (fit_frequencies(curves, on_skill, departure=PAPER) for on_skill in (1, [4, 3]))
    assert one.alpha == pytest.approx(three.alpha, abs=0.005)
    assert one.alpha_error == pytest.approx(0.005)  # no better than the grid's spacing, however exact the dates
    assert three.log10_error[2] == 0
    np.testing.assert_allclose(three.log10_error, three.alpha_error * np.abs(np.log10(np.arange(1, 5) / 3)))


def test_free_rates_are_the_dates_themselves_with_errors_from_their_spread() -> None:
    departure = Departure((DepartureLaw(0.5, spread=0.01),), 2.0, 24)
    places = [0.0, 0.05, 0.9, 0.95]
    strength, steps = emerging([*places, 3.0], last=9000)
    fit = fit_frequencies(curves_from(strength, steps), departure=departure)
    assert fit.free_rates
    assert fit.dated.tolist() == [True] * 4 + [False]
    decades = -np.log10(fit.frequencies.pmf(np.arange(1, 6)) / fit.frequencies.pmf(1))
    np.testing.assert_allclose(decades[:4], places, atol=2e-3)
    # The last follows the common alpha from the fourth on, and is as unsure as the dated ones stray from that.
    line = (1 + fit.alpha) * np.log10(np.arange(1, 6))
    assert decades[4] == pytest.approx(decades[3] + line[4] - line[3], abs=1e-6)
    stray = math.sqrt(np.mean((decades[:4] - line[:4]) ** 2))
    assert fit.log10_error[4] == pytest.approx(math.hypot(fit.alpha_error * np.log10(5 / 4), stray), rel=1e-6)
    np.testing.assert_allclose(fit.log10_error[:4], 0)  # one run shows no spread over runs


def test_free_rates_leave_undated_skills_on_the_common_line_through_their_neighbours() -> None:
    strength, steps = emerging([0.3, 0.0, 0.1, 0.9, 1.6, 1.65])
    strength[[0, 2]] = np.nan
    # Undated: the first, before every date, and the third; the second is the reference.
    fit = fit_frequencies(curves_from(strength, steps), on_skill=2, departure=PAPER)
    assert fit.free_rates
    assert fit.dated.tolist() == [False, True, False, True, True, True]
    decades = -np.log10(fit.frequencies.pmf(np.arange(1, 7)) / fit.frequencies.pmf(2))
    line = (1 + fit.alpha) * np.log10(np.arange(1, 7) / 2)
    np.testing.assert_allclose(decades, [line[0], 0, line[2], 0.9, 1.6, 1.65], atol=2e-3)
    strength, steps = emerging([0.0, 0.1, 0.2, 0.9, 1.6])
    strength[1] = np.nan
    fit = fit_frequencies(curves_from(strength, steps), departure=PAPER)
    assert fit.free_rates
    decades = -np.log10(fit.frequencies.pmf(np.arange(1, 6)) / fit.frequencies.pmf(1))
    # The common line would have the second rarer than the third, whose date is known.
    assert (1 + fit.alpha) * math.log10(2) > 0.2
    np.testing.assert_allclose(decades, [0.0, 0.2, 0.2, 0.9, 1.6], atol=2e-3)


def test_an_undated_skill_follows_a_dated_one_before_the_reference() -> None:
    strength, steps = emerging([-1.0, 0.0, 0.0, 0.3, 0.31])
    strength[1] = np.nan
    fit = fit_frequencies(curves_from(strength, steps), on_skill=3, departure=PAPER)
    assert fit.free_rates
    decades = -np.log10(fit.frequencies.pmf(np.arange(1, 6)) / fit.frequencies.pmf(3))
    line = (1 + fit.alpha) * np.log10(np.arange(1, 6) / 3)
    assert -1 + line[1] - line[0] < 0
    np.testing.assert_allclose(decades, [-1, -1 + line[1] - line[0], 0, 0.3, 0.31], atol=3e-3)


def test_what_the_data_do_not_narrow_down_costs_nothing() -> None:
    strength, steps = emerging((1.6 * np.log10([1, 2, 3])).tolist())
    wide = Departure((DepartureLaw(0.5, spread=0.6),), 2.0, 24)
    fit = fit_frequencies(curves_from(strength, steps), departure=wide)
    assert {one.name: one.penalty for one in fit.forms}["free rates"] == 0  # 0.6 sqrt(2 pi) is more than a decade


def test_two_skills_have_no_free_rates_and_the_second_gives_alpha() -> None:
    strength, steps = emerging([0.0, 0.5])
    fit = fit_frequencies(curves_from(strength, steps), departure=PAPER)
    assert not fit.free_rates
    assert 1 + fit.alpha == pytest.approx(0.5 / math.log10(2), abs=0.01)
    strength, steps = emerging([0.0, 0.05, 0.9])
    assert fit_frequencies(curves_from(strength, steps), departure=PAPER).free_rates  # a third may stray


def test_a_growing_skill_gets_its_error_from_the_others_alone() -> None:
    departure = Departure((DepartureLaw(0.05, spread=0.03), DepartureLaw(0.5, spread=0.03)), 2.0, 24)
    strength, steps = emerging((1.6 * np.log10([1, 2, 3])).tolist())
    # Where the third stands at a tenth.
    n = int((strength[2] > 0.1).argmax())
    fit = fit_frequencies(curves_from(strength[:, :n], steps[:n]), departure=departure)
    assert fit.dated.tolist() == [True] * 3
    alone = fit_frequencies(curves_from(strength[:2, :n], steps[:n]), departure=departure)
    assert fit.log10_error[2] == pytest.approx(alone.alpha_error * math.log10(3), rel=0.01)  # the grid of alphas
    assert fit.log10_error[2] > fit.alpha_error * math.log10(3)
    only = fit_frequencies(curves_from(strength[[0, 2], :n], steps[:n]), departure=departure)
    assert only.log10_error.tolist() == [0, UNKNOWN]


def test_the_plain_data_of_a_fit_names_both_forms() -> None:
    strength, steps = emerging([0.0, 0.5, 0.7])
    fit = fit_frequencies(curves_from(strength, steps), departure=PAPER)
    summary = fit.summary()
    assert [one["form"] for one in summary["forms"]] == [one.name for one in fit.forms]
    assert summary["dated"] == [True] * 3
    assert calibrate_time(curves_from(strength, steps), Frequencies([1.0] * 3)).n_skills == 3
