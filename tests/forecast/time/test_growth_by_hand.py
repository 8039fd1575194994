"""A skill's own growth: its pieces by hand, and the sharpened date by a sum over all dates and shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import logit
from scipy.stats import norm

from saltus.curves.schema import curves_from
from saltus.forecast.time.departure import PAPER, Departure, DepartureLaw
from saltus.forecast.time.own_growth import expected_shape, growth, noise_floor, onset, sharpen
from tests.helpers import logistic

LOGIT = -8.0
BENT = Departure((DepartureLaw(0.05, 0.03, 0.10, 0.05), DepartureLaw(0.5, 0.01, 0.05, 0.03)), 2.0, 24)


def test_the_expected_shape_of_the_model_is_its_straight_line() -> None:
    log_ratio, level = expected_shape(LOGIT, 0.7, PAPER)
    np.testing.assert_allclose(level, logistic(LOGIT * (1 - 10**log_ratio)), rtol=1e-9)
    np.testing.assert_allclose([level[0], level[-1]], logistic(np.array([0.98 * LOGIT, 6.0])))
    assert np.all(np.diff(log_ratio) > 0)


def test_a_departure_bends_the_shape_away_from_half_strength() -> None:
    decades = 0.4
    log_ratio, level = expected_shape(LOGIT, decades, BENT)
    straight, _ = expected_shape(LOGIT, decades, PAPER)
    # Seen from half strength: at 0.05 by 0.02 + 0.05 * 0.4, between in proportion to the logit, above 0.5 by nothing.
    share = np.clip(logit(level) / logit(0.05), 0, 1)
    np.testing.assert_allclose(log_ratio - straight, (0.02 + 0.05 * decades) * share, atol=1e-9)


def test_a_shape_never_runs_back_in_time() -> None:
    backwards = Departure((DepartureLaw(0.05, 0.9), DepartureLaw(0.5)))
    assert np.all(np.diff(expected_shape(LOGIT, 0.0, backwards)[0]) >= 0)


def test_the_first_visible_measurement_and_the_time_that_those_before_rule_out() -> None:
    log_steps = np.log10([100.0, 200.0, 400.0, 800.0])
    error = np.array([0.01, 0.01, 0.03, 0.01])
    shape = expected_shape(LOGIT, 0.0, PAPER)
    low = 0.05
    # 0.08 is below three errors of 0.03: not seen yet, so that the skill stood below 0.09 at step 400.
    first, not_before = onset(log_steps, np.array([0.0, 0.01, 0.08, 0.3]), error, shape, low)
    assert first == 3
    # Straight lines between 200 points of the curve are good to a thousandth of a decade.
    assert not_before == pytest.approx(math.log10(400) - math.log10(1 - logit(0.09) / LOGIT), abs=1e-3)
    # Three errors of 0.01 are less than the lowest threshold, 0.05, which counts then.
    first, not_before = onset(log_steps, np.array([0.0, 0.04, 0.1, 0.3]), error, shape, low)
    assert first == 2
    assert not_before == pytest.approx(math.log10(200) - math.log10(1 - logit(0.05) / LOGIT), abs=1e-3)
    assert onset(log_steps, np.array([0.2, 0.3, 0.4, 0.4]), error, shape, low) == (0, -np.inf)
    first, not_before = onset(log_steps, np.zeros(4), error, shape, low)
    assert first == 4
    assert not_before == pytest.approx(math.log10(800) - math.log10(1 - logit(0.05) / LOGIT), abs=1e-3)


def test_measurements_of_one_skill_are_means_with_noise_and_misfit() -> None:
    strength = np.array([[[0.0, 0.1, 0.2, np.nan]], [[0.0, 0.3, 0.4, np.nan]]])
    error = np.array([[[0.3, 0.03, np.nan, 1.0]], [[0.4, 0.04, 0.06, 1.0]]])
    curve = curves_from(strength, [0, 10, 20, 30], strength_error=error).isel(skill=0)
    steps, mean, total = growth(curve, misfit=0.01)
    assert steps.tolist() == [0, 10, 20]
    np.testing.assert_allclose(mean, [0.0, 0.2, 0.3])
    np.testing.assert_allclose(total, np.hypot([0.5 / 2, 0.05 / 2, 0.06 / 2], 0.01))
    np.testing.assert_allclose(growth(curve, misfit=0.0)[2], np.hypot([0.25, 0.025, 0.03], 1e-4))


def test_scatter_counts_where_no_error_is_given() -> None:
    # Second differences of 0, 1, 0, 1, 0 are 2 throughout: sqrt(4 / (6 * 0.4549)), the median of a squared normal.
    zigzag = 0.01 * np.array([0.0, 1, 0, 1, 0])
    floor = 0.02 / math.sqrt(6 * norm.ppf(0.75) ** 2)
    assert noise_floor(zigzag) == pytest.approx(floor, rel=1e-6)
    assert noise_floor(zigzag[:4]) == 0
    assert noise_floor(np.insert(zigzag, 2, np.nan)) == pytest.approx(floor, rel=1e-6)
    curve = curves_from(zigzag[None], range(1, 6), strength_error=np.full((1, 5), 1e-6)).isel(skill=0)
    np.testing.assert_allclose(growth(curve, misfit=0.0)[2], math.hypot(floor, 1e-4), rtol=1e-6)


# Skills seen late on their way, not at all, and from the first measurement on but far later than forecast.
@pytest.mark.parametrize(
    ("decades", "sd", "start", "last", "truth"),
    [
        (0.0, 0.05, 100, 800, 3.02),
        (0.6, 0.05, 100, 700, 3.02),
        (0.6, 0.05, 100, 950, 3.02),
        (0.0, 0.01, 1600, 2000, 3.3),
    ],
)
def test_the_sharpened_date_is_the_posterior_of_all_dates_and_shapes(
    decades: float, sd: float, start: float, last: float, truth: float
) -> None:
    prior, noise = 3.0, 0.02
    steps = np.geomspace(start, last, 25)
    log_steps = np.log10(steps)
    strength = logistic(LOGIT * (1 - steps / 10**truth)) + noise * np.random.default_rng(1).standard_normal(25)
    mean, after = sharpen(
        prior,
        sd,
        steps=steps,
        strength=strength,
        error=np.full(25, noise),
        shape=expected_shape(LOGIT, decades, BENT),
        lowest=0.05,
        shape_sd=BENT.shape_sd,
    )
    # Truth t and the date u that its curve shows, apart by the shape's error; measurements from the first that
    # stands out of the noise on, and before them only that the curve is below what can be seen.
    seen = np.flatnonzero(strength >= max(0.05, 3 * noise))
    first = int(seen[0]) if seen.size else len(steps)
    bend = 0.02 + 0.05 * decades
    line = np.linspace(0.98 * LOGIT, 6, 4001)
    curve = np.log10(1 - line / LOGIT) + bend * np.clip(line / logit(0.05), 0, 1)
    t, u = np.linspace(2.6, 3.5, 700), np.linspace(2.6, 3.6, 900)
    at = logistic(np.interp(log_steps[first:, None] - u, curve, line))
    likelihood = norm.logpdf(strength[first:, None], at, noise).sum(axis=0)
    if first:
        likelihood[u < log_steps[first - 1] - np.interp(logit(0.06), line, curve)] = -np.inf
    weight = norm.logpdf(t, prior, sd)[:, None] + norm.logpdf(u, t[:, None], BENT.shape_sd) + likelihood
    weight = np.exp(weight - weight.max()).sum(axis=1)
    weight /= weight.sum()
    wanted = weight @ t
    # Both grids are about a thousandth of a decade wide.
    assert mean == pytest.approx(wanted, abs=1e-3)
    assert after == pytest.approx(min(sd, math.sqrt(weight @ (t - wanted) ** 2)), abs=1e-3)


def test_a_shape_without_an_error_leaves_the_noise_alone() -> None:
    steps = np.geomspace(300, 900, 30)
    found = sharpen(
        3.0,
        0.1,
        steps=steps,
        strength=logistic(LOGIT * (1 - steps / 10**3.05)),
        error=np.full(30, 1e-3),
        shape=expected_shape(LOGIT, 0.0, PAPER),
        lowest=0.05,
        shape_sd=0.0,
    )
    assert found[0] == pytest.approx(3.05, abs=2e-3)  # about one step of the grid
    assert found[1] < 4e-3
