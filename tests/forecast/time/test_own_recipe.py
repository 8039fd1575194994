"""Recipes of own runs: numbers of drawn runs come back, and forecasts by them are sharp and hold."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from saltus import Recipe, Scatter
from saltus._types import Floats
from saltus.forecast.time.laws import Law
from saltus.forecast.time.lessons import gamma_before, gamma_of, lessons_of, typical_error
from saltus.forecast.time.masses import View
from saltus.forecast.time.own_recipe import OWN, OWN_STEEPNESS, own_recipe
from saltus.forecast.time.posterior import Sightings
from saltus.forecast.time.predict import Skills, forecast_from, predictions
from saltus.forecast.time.recipes import shipped_recipes

DECADES = np.linspace(0, 1.2, 5)
ERROR = 0.005  # of each date, decades


@cache
def family() -> Recipe:
    """Adam's recipe without stragglers, so that everything is normal and a least-squares line is exact."""
    adam = shipped_recipes()["adam"]
    scatter = Scatter(0.03, 0.035)
    return replace(adam, laws=tuple(replace(law, scatter=scatter) for law in adam.laws))


def drawn(
    rng: np.random.Generator, gamma: float, *, factor: float = 1.0, flatness: float = math.nan, end: float = math.inf
) -> Sightings:
    """A run whose skills scatter about frequency^-gamma by the family's spreads times a factor, up to a time."""
    n = len(DECADES)
    sd = factor * np.hypot(0.03, 0.035 * DECADES)
    log_time = 3 + gamma * DECADES + np.hypot(sd, ERROR) * rng.standard_normal(n)
    came = log_time < end
    return Sightings(
        decades=DECADES,
        decades_error=np.zeros(n),
        clock_shift=np.zeros(n),
        samples=np.full(n, np.nan),
        log_time=np.where(came, log_time, np.nan),
        error=np.where(came, ERROR, 0.0),
        not_before=np.where(came, -np.inf, end),
        not_after=np.full(n, np.inf),
        growing=np.zeros(n, bool),
        flatness=flatness,
        flatness_error=0.012,
    )


def taught_by(runs: list[Sightings], by: Recipe | None = None) -> Recipe:
    kind = family() if by is None else by
    return own_recipe(lessons_of(runs, kind), kind, name="own", about="drawn runs", reach=1.2)


def by_name(recipe: Recipe, name: str) -> Law:
    return next(law for law in recipe.laws if law.name == name)


def test_gamma_of_one_run_is_that_of_a_weighted_line() -> None:
    """With normal scatter the likelihood is that of generalised least squares, whose variance has a closed form."""
    rng, law = np.random.default_rng(0), family().laws[0]
    mean, sd = gamma_before(family())
    for _ in range(3):
        seen = drawn(rng, 1.1)
        weight = 1 / np.hypot(law.scatter.sd(DECADES), ERROR) ** 2
        middle = weight @ DECADES / weight.sum()
        precision = float(weight @ (DECADES - middle) ** 2)
        line = float(weight @ ((DECADES - middle) * seen.log_time)) / precision
        expected = (line * precision + mean / sd**2) / (precision + 1 / sd**2)
        gamma, error = gamma_of(seen, law, (mean, sd))
        assert gamma == pytest.approx(expected, abs=0.1 * error)  # the start has a grid of 0.4 standard deviations
        assert error == pytest.approx((precision + 1 / sd**2) ** -0.5, rel=0.05)


@pytest.mark.parametrize(("n", "draws"), [(1, 16), (3, 10), (10, 6)])
def test_the_next_run_lies_where_the_recipe_says(n: int, draws: int) -> None:
    truth, between = 1.15, 0.04
    chances, ratios = [], []
    for seed in range(draws):
        rng = np.random.default_rng([n, seed])
        law = by_name(taught_by([drawn(rng, truth + between * rng.standard_normal()) for _ in range(n)]), OWN)
        prior = stats.norm if law.degrees is None else stats.t(law.degrees)
        ends = law.gamma + np.array([-1, 1]) * prior.ppf(0.95) * law.scale
        chances.append(np.diff(stats.norm.cdf((ends - truth) / between)))
        ratios.append(law.scale / between)
    assert np.mean(chances) > 0.9 - 3 * 0.1 / draws**0.5  # 0.1 is the spread of recipes, each with its own error
    assert np.mean(chances) < 0.999
    assert 0.6 < np.exp(np.mean(np.log(ratios))) < 2.2  # one run cannot know how runs differ


def test_spreads_come_back() -> None:
    for factor in (0.5, 2.0):
        rng = np.random.default_rng(7)
        law = by_name(taught_by([drawn(rng, 1.15, factor=factor) for _ in range(12)]), OWN)
        # 12 runs of 5 skills, less start and gamma, leave 36 degrees of freedom: 12 % for one standard deviation.
        assert law.scatter.spread == pytest.approx(0.03 * factor, rel=0.3)
        assert law.scatter.spread_per_decade == pytest.approx(0.035 * factor, rel=0.3)


def test_stragglers_shift_the_odds() -> None:
    adam = shipped_recipes()["adam"]
    base = max(adam.laws, key=lambda law: law.weight).scatter
    rng = np.random.default_rng(3)
    runs = [drawn(rng, 1.1) for _ in range(6)]
    late = [replace(run, log_time=run.log_time + np.array([0, 0, 0.5, 0, 0.4])) for run in runs]
    without, straggling = (by_name(taught_by(some, adam), OWN).scatter.log_odds for some in (runs, late))
    assert without < base.log_odds < straggling


def test_gamma_by_steepness_takes_over_where_runs_say_so() -> None:
    rng, flatness = np.random.default_rng(5), np.linspace(0.22, 0.36, 8)
    steep = taught_by([drawn(rng, 4.0 * one, flatness=one) for one in flatness])
    same = taught_by([drawn(rng, 1.15 + 0.03 * rng.standard_normal(), flatness=one) for one in flatness])
    assert by_name(steep, OWN_STEEPNESS).weight > 0.8
    assert by_name(steep, OWN_STEEPNESS).gamma == pytest.approx(4.0, abs=0.15)
    assert by_name(same, OWN).weight > 0.8
    one = taught_by([drawn(rng, 1.15, flatness=0.3)])
    assert by_name(one, OWN).weight == pytest.approx(0.93 * 0.75)  # a single run compares nothing
    assert sum(law.weight for law in steep.laws) == pytest.approx(1)


def test_skills_that_did_not_come_bound_gamma() -> None:
    rng = np.random.default_rng(2)
    law = family().laws[0]
    stopped = drawn(rng, 1.4, end=3.2)  # its second skill was due at 3.42
    assert stopped.emerged.sum() == 1
    mean, sd = gamma_of(stopped, law, gamma_before(family()))
    assert mean > gamma_before(family())[0] + 0.1
    assert sd < gamma_before(family())[1]
    known = drawn(rng, 1.15)
    assert by_name(taught_by([known, stopped]), OWN).gamma == pytest.approx(1.15, abs=0.12)


def test_recipes_of_the_family_keep_a_small_share() -> None:
    recipe = taught_by([drawn(np.random.default_rng(0), 1.1)])
    shares = {law.name: law.weight for law in recipe.laws}
    for law in family().laws:
        assert shares[law.name] == pytest.approx(0.07 * law.weight)


def test_a_pilot_sharpens_forecasts_and_they_hold() -> None:
    rng = np.random.default_rng(11)
    skills = Skills(10.0**-DECADES, np.zeros(5), np.full(5, np.nan))
    errors: dict[str, list[Floats]] = {"own": [], "family": []}
    widths: dict[str, list[Floats]] = {"own": [], "family": []}
    held: list[Floats] = []
    stated = []
    for _ in range(10):
        gamma = 1.0 + 0.17 * rng.standard_normal()
        own = taught_by([drawn(rng, gamma + 0.036 * rng.standard_normal(), flatness=0.28)])
        stated.append(typical_error(own.laws[0], DECADES[1:]))
        for _ in range(5):
            run = drawn(rng, gamma + 0.036 * rng.standard_normal(), flatness=0.28)
            first = np.arange(5) == 0
            seen = replace(
                run,
                log_time=np.where(first, run.log_time, np.nan),
                error=np.where(first, run.error, 0.0),
                not_before=np.where(first, -np.inf, run.log_time[0] + 0.1),
            )
            for name, recipe in (("own", own), ("family", family())):
                made = forecast_from(
                    predictions([View(None, 1.0, seen)], recipe),
                    skills,
                    recipe,
                    None,
                    threshold=0.5,
                    level=0.9,
                    measured=None,
                    until=None,
                )
                errors[name].append(np.abs(np.log10(made.emergence_time) - run.log_time)[1:])
                low, high = np.log10(made.interval[1:]).T
                widths[name].append(high - low)
                if name == "own":
                    held.append((low <= run.log_time[1:]) & (run.log_time[1:] <= high))
    own_error, family_error = (float(np.median(errors[name])) for name in ("own", "family"))
    assert own_error < 0.06
    assert own_error < 0.7 * family_error
    assert np.median(widths["own"]) < 0.43  # decades, of a recipe that many runs of Adam taught
    assert np.mean(held) > 0.85  # 200 skills of 10 recipes
    assert np.mean(stated) == pytest.approx(own_error, rel=0.5)
