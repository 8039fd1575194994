"""Rises of drawn skills: time, steepness and ceiling come back, and the stated errors hold."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import betabinom

from saltus import read_curves
from saltus._types import Floats
from saltus.curves.schema import curves_from
from saltus.forecast.time.hill import OVERDISPERSION, STEEPNESS, STEEPNESS_SD
from saltus.forecast.time.rise import FLATNESS_FLOOR, TIME_FLOOR, Rise, fit_rise, rises

STEPS = np.geomspace(1, 1e5, 100)
WITHIN = 1.645  # standard deviations of a 90 % interval


def hill(steps: Floats, time: float, steepness: float, ceiling: float = 1.0) -> Floats:
    return np.asarray(ceiling / (1 + (time / steps) ** steepness))


def logistic(steps: Floats, time: float, initial_logit: float) -> Floats:
    """The paper's curve: the logit of R/S grows in proportion to the step, and is 0 at ``time``."""
    return np.asarray(expit(initial_logit * (1 - steps / time)))


def answered(rng: np.random.Generator, level: Floats, items: int, chance: float) -> Floats:
    """R/S from as many questions answered at each measurement."""
    return np.asarray((rng.binomial(items, chance + (1 - chance) * level) / items - chance) / (1 - chance))


def found(steps: Floats, strength: Floats, **known: object) -> Rise:
    rise = fit_rise(steps, strength, **known)  # type: ignore[arg-type]
    assert rise is not None
    return rise


@pytest.mark.parametrize("steepness", [1.5, 4.0, 12.0])
@pytest.mark.parametrize("time", [30.0, 1234.5, 2e4])
def test_exact_curves_come_back(time: float, steepness: float) -> None:
    rise = found(STEPS, hill(STEPS, time, steepness))
    # Priors of a strength of one measurement move it a little; far less than the floors.
    assert rise.log_time == pytest.approx(math.log10(time), abs=0.1 * TIME_FLOOR)
    assert 1 / rise.steepness == pytest.approx(1 / steepness, abs=0.3 * FLATNESS_FLOOR)
    assert rise.ceiling == 1
    assert rise.misfit < 1e-2
    assert rise.n_on_rise == np.sum(abs(np.log(STEPS / time)) < math.log(19) / steepness)


def test_a_shape_is_that_of_the_curve() -> None:
    rise = found(STEPS, hill(STEPS, 800.0, 4.0))
    for threshold in (0.05, 0.5, 0.9):
        at = 10 ** (rise.log_time + rise.shape(threshold))
        assert hill(np.array([at]), 800.0, 4.0)[0] == pytest.approx(threshold, abs=0.002)


@pytest.mark.parametrize("ceiling", [0.6, 0.8, 0.9])
def test_half_of_an_established_ceiling_is_what_emerges(ceiling: float) -> None:
    rng = np.random.default_rng(1)
    noise = 0.02 * rng.standard_normal(STEPS.size)
    rise = found(STEPS, hill(STEPS, 500.0, 5.0, ceiling) + noise)
    assert rise.ceiling == pytest.approx(ceiling, abs=4 * 0.02 / math.sqrt(30))  # about 30 values at the ceiling
    assert abs(rise.log_time - math.log10(500.0)) < 3 * rise.time_error
    assert rise.steepness == pytest.approx(5.0, rel=0.2)


def test_no_ceiling_before_the_curve_stands() -> None:
    early = STEPS <= 550.0
    rise = found(STEPS[early], hill(STEPS, 500.0, 5.0, 0.95)[early])
    assert rise.ceiling == 1


def drawn_cells() -> list[tuple[str, int, float]]:
    return list(itertools.product(("log 40", "log 15", "linear 25"), (20, 100, 1000, 10000), (0.0, 0.25, 0.5)))


def checkpoints(spacing: str) -> Floats:
    kind, n = spacing.split()
    grid = np.geomspace(10, 3e4, int(n)) if kind == "log" else np.linspace(3e4 / int(n), 3e4, int(n))
    return np.unique(grid.astype(int)).astype(float)


def coverage(draws: list[tuple[float, Rise | None]]) -> float:
    known = [(truth, rise) for truth, rise in draws if rise is not None]
    assert len(known) > 0.85 * len(draws)  # the others were up at the first checkpoint
    return float(np.mean([abs(rise.log_time - truth) < WITHIN * rise.time_error for truth, rise in known]))


def draw(rng: np.random.Generator, steps: Floats) -> tuple[float, Floats]:
    """The log10 time and the curve of a skill that rises as networks do.

    The course bends about a Hill curve's, as far as the paper's curves of a logit of -12 do. Networks pass half 0.010
    decades (standard deviation) off the time of their best Hill curve, whatever the number of measurements.
    """
    log_time, steepness = rng.uniform(3.55, 4.1), 4.1 * np.exp(0.3 * rng.standard_normal())
    late = steepness * np.log(steps / 10**log_time)
    bend = np.where(late < 0, np.clip(0.04 * late**2 * rng.standard_normal(), -20, 0.5 * abs(late)), 0.0)
    return log_time + 0.01 * rng.standard_normal(), np.asarray(expit(late + bend))


def cut(rng: np.random.Generator, strength: Floats) -> Floats:
    up = np.flatnonzero(strength >= 0.8)
    if up.size and rng.random() < 0.5:
        return np.where(np.arange(len(strength)) <= up[0], strength, np.nan)
    return strength


def test_stated_errors_hold_for_answered_questions() -> None:
    rng = np.random.default_rng(2)
    draws = []
    for spacing, items, chance in drawn_cells():
        steps = checkpoints(spacing)
        for _ in range(12):
            truth, level = draw(rng, steps)
            seen = cut(rng, answered(rng, level, items, chance))
            draws.append((truth, fit_rise(steps, seen, items=items, chance=chance)))
    assert 0.85 <= coverage(draws) <= 0.97


@pytest.mark.parametrize("told", [True, False])
def test_stated_errors_hold_for_noisy_values(told: bool) -> None:
    rng = np.random.default_rng(3)
    draws = []
    for spacing, noise in itertools.product(("log 40", "log 15", "linear 25"), (0.02, 0.05, 0.1)):
        steps = checkpoints(spacing)
        for _ in range(35):
            truth, level = draw(rng, steps)
            seen = cut(rng, level + noise * rng.standard_normal(len(steps)))
            draws.append((truth, fit_rise(steps, seen, np.full(len(steps), noise) if told else None)))
    assert 0.85 <= coverage(draws) <= 0.98


@pytest.mark.parametrize("initial_logit", [-5.0, -8.0, -12.0])
def test_curves_of_the_paper_are_dated_within_their_errors(initial_logit: float) -> None:
    for spacing, until in itertools.product(("log 100", "log 40", "linear 50"), (1.0, 0.8, 0.6)):
        steps = checkpoints(spacing)
        for time in np.geomspace(3000, 9000, 7):
            level = logistic(steps, time, initial_logit)
            seen = steps <= steps[int((level >= min(until, 0.99)).argmax())]
            rise = found(steps[seen], level[seen])
            # No chance at work: the error is that the curve is no Hill curve.
            assert abs(rise.log_time - math.log10(time)) < 2 * rise.time_error, (spacing, until, time)


def beta_binomial_posterior(steps: Floats, right: Floats, items: int, chance: float) -> tuple[Floats, Floats]:
    """Means and standard deviations of log10 T and 1/h, summed over a grid of all curves."""
    u, v = np.linspace(2.3, 3.6, 130), np.linspace(math.log(0.5), math.log(100), 80)
    share = expit(np.exp(v)[:, None] * math.log(10) * (np.log10(steps) - u[:, None, None]))
    p = np.clip(chance + (1 - chance) * share, 1e-3, 1 - 1e-3)
    alike = 1 / OVERDISPERSION - 1
    log_weight = betabinom.logpmf(right, items, p * alike, (1 - p) * alike).sum(axis=-1)
    log_weight -= 0.5 * ((v - STEEPNESS) / STEEPNESS_SD) ** 2
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    pairs = [(weight.sum(axis=1), u, TIME_FLOOR), (weight.sum(axis=0), np.exp(-v), FLATNESS_FLOOR)]
    means = np.array([w @ values for w, values, _ in pairs])
    sds = [math.hypot(math.sqrt(w @ (x - m) ** 2), floor) for (w, x, floor), m in zip(pairs, means, strict=True)]
    return means, np.array(sds)


@pytest.mark.parametrize(("items", "chance"), [(20, 0.0), (50, 0.0), (200, 0.25)])
def test_a_rise_is_the_mean_of_the_beta_binomial_posterior(items: int, chance: float) -> None:
    rng = np.random.default_rng(5)
    steps = np.geomspace(30, 3e4, 14)
    off, wider = [], []
    for _ in range(12):
        level = hill(steps, 10 ** rng.uniform(2.7, 3.2), 5.0)
        right = rng.binomial(items, chance + (1 - chance) * level).astype(float)
        rise = found(steps, (right / items - chance) / (1 - chance), items=items, chance=chance)
        means, sds = beta_binomial_posterior(steps, right, items, chance)
        off.append((np.array([rise.log_time, 1 / rise.steepness]) - means) / sds)
        wider.append(np.array([rise.time_error, rise.flatness_error]) / sds)
    # Misfit and Student's tails, which it lacks, move estimates by a part of its errors, and widen them.
    assert np.all(np.sqrt(np.mean(np.square(off), axis=0)) < [0.3, 0.6])
    assert np.all(abs(np.mean(off, axis=0)) < [0.2, 0.4])
    assert np.all(np.mean(wider, axis=0) > 0.9)
    assert np.all(np.mean(wider, axis=0) < 1.5)


def test_a_rise_between_two_checkpoints_is_anywhere_between() -> None:
    steps = np.array([100.0, 200, 400, 1600, 3200, 6400])
    rise = found(steps, np.array([0.0, 0.01, 0.02, 0.98, 1.0, 1.0]))
    assert rise.log_time == pytest.approx(math.log10(800))
    assert rise.time_error == pytest.approx(math.log10(4) / math.sqrt(12))
    assert math.isnan(rise.steepness)
    assert rise.flatness_error == math.inf
    assert math.isnan(rise.shape(0.9))
    assert rise.n_on_rise == 0


def test_steep_rises_are_not_pulled_to_those_of_small_networks() -> None:
    rng = np.random.default_rng(6)
    steps = np.geomspace(100, 1e4, 80)
    for steepness in (30.0, 70.0):
        rise = found(steps, hill(steps, 1000.0, steepness) + 0.01 * rng.standard_normal(80))
        assert abs(1 / rise.steepness - 1 / steepness) < 2 * rise.flatness_error
        assert rise.steepness > 0.6 * steepness


def test_a_skill_that_was_not_seen_to_rise_has_none() -> None:
    rising = hill(STEPS, 1000.0, 4.0)
    assert fit_rise(STEPS, 0.45 * rising) is None
    assert fit_rise(STEPS[STEPS < 900], rising[STEPS < 900]) is None
    assert fit_rise(STEPS[STEPS > 1100], rising[STEPS > 1100]) is None
    assert fit_rise([0, 10, 20], [0.9, 0.2, 1.0]) is None
    assert fit_rise([0, 10, 20], [0.0, 0.9, 1.0]) is None
    assert fit_rise([], []) is None
    single = np.zeros(20)
    single[7] = 0.8
    assert fit_rise(np.geomspace(1, 1e4, 20), single) is None


def test_odd_values_do_not_move_a_rise() -> None:
    clean = hill(STEPS, 700.0, 4.0)
    expected = found(STEPS, clean)
    outlier, fallen, gaps = clean.copy(), clean.copy(), clean.copy()
    outlier[20] = 3.0
    fallen[80:] = 0.02
    gaps[::3] = np.nan
    for values in (outlier, fallen, gaps):
        assert abs(found(STEPS, values).log_time - expected.log_time) < 0.5 * TIME_FLOOR
    with_zero = found(np.append(0.0, STEPS), np.append(0.0, clean))
    assert with_zero == expected


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.one_of(st.floats(0, 1e300), st.integers(0, 10).map(float)),
            st.one_of(st.sampled_from([0.0, 0.5, 1.0, math.nan]), st.floats(-1e300, 1e300)),
            st.one_of(st.just(math.nan), st.floats(0, 1e300)),
        ),
        max_size=12,
    ),
    items=st.one_of(st.none(), st.floats(1, 1e9), st.just(math.nan)),
    chance=st.floats(0, 0.9),
)
def test_any_numbers_give_a_rise_or_none(
    rows: list[tuple[float, float, float]], items: float | None, chance: float
) -> None:
    steps, strength, error = np.array(rows).reshape(-1, 3).T
    with np.errstate(all="raise", under="ignore"):
        rise = fit_rise(steps, strength, error, items=items, chance=chance)
    if rise is None:
        return
    seen = steps[(steps > 0) & np.isfinite(strength)]
    assert np.log10(seen.min()) - 1 <= rise.log_time <= np.log10(seen.max()) + 1
    assert 0 < rise.time_error < math.inf
    assert rise.flatness_error > 0
    assert math.isnan(rise.steepness) == (rise.n_on_rise == 0) == math.isinf(rise.flatness_error)
    assert 0.5 <= rise.ceiling <= 1


def test_rises_are_by_run_then_skill() -> None:
    strength = np.array(
        [[hill(STEPS, t, 4.0) for t in (100.0, 1000.0, 1e7)], [hill(STEPS, t, 4.0) for t in (200.0, 50.0, 1e7)]]
    )
    table = rises(curves_from(strength, STEPS))
    assert [[one is not None for one in row] for row in table] == [[True, True, False]] * 2
    times = [[one.log_time for one in row if one is not None] for row in table]
    np.testing.assert_allclose(times, np.log10([[100, 1000], [200, 50]]), atol=0.5 * TIME_FLOOR)


def test_accuracies_are_weighed_by_their_questions(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    steps = np.unique(np.geomspace(10, 3e4, 30).astype(int))
    level = hill(steps.astype(float), 900.0, 5.0)
    accuracy = rng.binomial(50, 0.25 + 0.75 * level) / 50
    path = tmp_path / "evals.csv"
    rows = "\n".join(f"{step},one,{value},50" for step, value in zip(steps, accuracy, strict=True))
    path.write_text(f"step,skill,accuracy,n\n{rows}\n", encoding="utf-8")
    curves: xr.Dataset = read_curves(path, chance=0.25)
    np.testing.assert_array_equal(curves["chance"], [0.25])
    direct = fit_rise(steps, (accuracy - 0.25) / 0.75, items=50, chance=0.25)
    assert rises(curves) == [[direct]]
    scaled = read_curves(path, chance=0.25, ceiling=0.98)
    assert "chance" not in scaled.coords
    assert rises(scaled)[0][0] is not None
