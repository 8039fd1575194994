"""The posterior of a run's law and its predictions, against drawn runs that are kept if they fit the dates."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus import InputError
from saltus._types import Floats
from saltus.forecast.time.departure import PAPER
from saltus.forecast.time.laws import Law, Recipe
from saltus.forecast.time.masses import Prediction, View, predicted
from saltus.forecast.time.posterior import Sightings, law_posterior, reference_of
from saltus.forecast.time.scatter import Scatter

SCATTER = Scatter(0.04, 0.05, delay=0.4, log_odds=-1.5)
WIDE = Law("wide", 0.6, 1.0, 0.2, SCATTER, degrees=4.0)
STEEP = Law("steep", 0.4, 3.0, 0.05, Scatter(0.02, 0.02), by_steepness=True)
DECADES = np.array([0.0, 0.4, 0.8, 1.2])
_WINDOW = 0.02  # decades within which a drawn date counts as the one that was seen


def recipe(*laws: Law, **others: Any) -> Recipe:
    values: dict[str, Any] = {"shape": PAPER, "growth_sd": (0.05,) * 4, "clock_weight": 1.0, "reach": 2.0, "n_runs": 0}
    return Recipe("made here", "none", laws, **(values | others))


def sightings(log_time: list[float], **others: Any) -> Sightings:
    dates = np.array(log_time, dtype=float)
    n = len(dates)
    values: dict[str, Any] = {
        "decades": DECADES[:n],
        "decades_error": np.zeros(n),
        "clock_shift": np.zeros(n),
        "samples": np.full(n, np.nan),
        "error": np.where(np.isfinite(dates), 0.02, 0.0),
        "not_before": np.full(n, -np.inf),
        "not_after": np.full(n, np.inf),
        "growing": np.zeros(n, bool),
        "flatness": 0.3,
        "flatness_error": 0.0,
    }
    return Sightings(log_time=dates, **(values | {name: np.array(value) for name, value in others.items()}))


def drawn(made: Recipe, seen: Sightings, k: int, n: int = 400_000) -> Floats:
    """Log times of skill k in drawn runs whose other skills have the dates that were seen, and keep all bounds."""
    rng = np.random.default_rng(3)
    laws = [law for law in made.laws if law.applies(float(seen.flatness))]
    share = np.array([law.weight for law in laws])
    found = []
    for law, n_of in zip(laws, rng.multinomial(n, share / share.sum()), strict=True):
        prior = law.prior(float(seen.flatness), float(seen.flatness_error))
        unit = rng.standard_normal(n_of) if prior.degrees is None else rng.standard_t(prior.degrees, n_of)
        gamma = prior.centre + prior.scale * unit
        gamma = gamma[(gamma >= 0) & (gamma <= 4)]
        order = [i for i in np.argsort(~(seen.dated & ~seen.growing), kind="stable") if i != k] + [k]
        start = np.zeros(gamma.size)
        for i in order:
            spread = math.hypot(law.scatter.spread, law.scatter.spread_per_decade * seen.decades[i])
            late = spread * rng.standard_normal(gamma.size)
            if law.scatter.delay:
                straggles = rng.random(gamma.size) < law.scatter.straggling(seen.samples[i])
                late = late + straggles * rng.exponential(law.scatter.delay, gamma.size)
            late = late + gamma * seen.decades_error[i] * rng.standard_normal(gamma.size)
            late = late + law.clock_error * seen.clock_shift[i] * rng.standard_normal(gamma.size)
            time = start + gamma * seen.decades[i] + late
            if i == order[0]:  # any start is as likely as any other: this date tells it
                start = seen.log_time[i] + seen.error[i] * rng.standard_normal(gamma.size) - time
                continue
            fits = (time > seen.not_before[i]) & (time < seen.not_after[i])
            if seen.dated[i] and (i != k or seen.growing[i]):
                date = time + seen.error[i] * rng.standard_normal(gamma.size)
                fits &= np.abs(date - seen.log_time[i]) < _WINDOW
            gamma, start = gamma[fits], start[fits]
        found.append(time[fits])
    return np.concatenate(found)


NAN = math.nan
CASES: dict[str, tuple[Recipe, Sightings, tuple[int, ...]]] = {
    "one date": (recipe(WIDE), sightings([3.0, NAN, NAN]), (2,)),
    "two laws, two dates": (recipe(WIDE, STEEP), sightings([3.0, 3.38, NAN, NAN]), (0, 1, 3)),
    "one not come": (recipe(WIDE), sightings([3.0, 3.4, NAN, NAN], not_before=[-np.inf, -np.inf, 3.9, 3.9]), (2, 3)),
    "one came before": (recipe(WIDE), sightings([NAN, 3.4, NAN], not_after=[3.0, np.inf, np.inf]), (0, 2)),
    "one grows": (
        recipe(WIDE),
        sightings(
            [3.0, NAN, 4.05, NAN],
            growing=[False, False, True, False],
            error=[0.02, 0, 0.1, 0],
            not_before=[-np.inf, -np.inf, 3.9, 3.9],
        ),
        (2, 3),
    ),
    "frequencies with errors": (
        recipe(WIDE, STEEP),
        sightings([3.0, 3.4, NAN], decades_error=[0.0, 0.1, 0.15]),
        (2,),
    ),
    "a clock with errors": (
        recipe(dataclasses.replace(STEEP, clock_error=0.4)),
        sightings([3.0, 3.4, NAN], clock_shift=[0.0, 0.1, 0.5]),
        (1, 2),
    ),
    "a straggling reference": (
        recipe(dataclasses.replace(WIDE, scale=0.05)),
        sightings([3.5, 3.42, 3.8, NAN], error=[0.01, 0.02, 0.02, 0]),
        (3,),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_predictions_are_those_of_drawn_runs(case: str) -> None:
    made, seen, skills = CASES[case]
    found = predicted(View(None, 1.0, seen), made)
    for k in skills:
        times = drawn(made, seen, k)
        assert times.size > 250
        at = np.quantile(times, [0.05, 0.25, 0.5, 0.75, 0.95])
        said = found.masses[k].cdf(at)
        # Four standard errors of a share, and 0.01 for the width of the window.
        error = 4 * np.sqrt(
            np.array([0.05, 0.25, 0.5, 0.75, 0.95]) * np.array([0.95, 0.75, 0.5, 0.25, 0.05]) / times.size
        )
        np.testing.assert_array_less(np.abs(said - [0.05, 0.25, 0.5, 0.75, 0.95]), error + 0.01, err_msg=str(k))


def normal_law(scale: float = 0.1, spread: float = 0.03) -> Recipe:
    return recipe(Law("normal", 1.0, 1.0, scale, Scatter(spread)))


def moments(one: Prediction, k: int) -> tuple[float, float]:
    masses = one.masses[k]
    weight = masses.mass / masses.mass.sum()
    mean = float(weight @ masses.log_time)
    return mean, math.sqrt(weight @ (masses.log_time - mean) ** 2)


def test_normal_laws_are_linear_regression() -> None:
    """Dates are start + gamma x + error: least squares with a prior of gamma gives the rest in closed form."""
    dates, x = np.array([3.0, 3.45, 3.78]), DECADES
    found = predicted(View(None, 1.0, sightings([*dates, NAN])), normal_law())
    variance = 0.03**2 + 0.02**2
    design = np.column_stack([np.ones(3), x[:3]])
    precision = design.T @ design / variance + np.diag([0.0, 1 / 0.1**2])
    covariance = np.linalg.inv(precision)
    mean = covariance @ (design.T @ dates / variance + np.array([0.0, 1.0 / 0.1**2]))
    at = np.array([1.0, x[3]])
    wanted = float(at @ mean), math.sqrt(at @ covariance @ at + 0.03**2)
    assert moments(found, 3) == pytest.approx(wanted, rel=2e-3, abs=2e-4)
    assert (found.gamma, found.gamma_sd) == pytest.approx((mean[1], math.sqrt(covariance[1, 1])), rel=5e-3)


def test_exact_skills_leave_the_error_of_the_date_smooth() -> None:
    """Lines further apart than the scatter about them must not be a comb."""
    one = predicted(View(None, 1.0, sightings([3.0, NAN], error=[0.05, 0.0])), normal_law(scale=0.0, spread=1e-6))
    masses, wanted = one.masses[1], np.array([0.05, 0.3, 0.5, 0.9])
    from scipy.stats import norm

    np.testing.assert_allclose(masses.cdf(3.4 + 0.05 * norm.ppf(wanted)), wanted, atol=4e-3)


def test_evidence_is_the_density_of_the_dates_after_the_reference() -> None:
    seen = sightings([3.0, 3.45, NAN])
    law = normal_law().laws[0]
    reference = reference_of(seen)
    assert reference == 0
    found = law_posterior(law, seen, reference)
    assert found is not None
    sd = math.sqrt(2 * (0.03**2 + 0.02**2) + (0.1 * 0.4) ** 2)
    wanted = -0.5 * ((0.45 - 0.4) / sd) ** 2 - math.log(sd * math.sqrt(2 * math.pi))
    assert found.log_evidence() == pytest.approx(wanted, abs=2e-3)


def test_the_date_with_the_smallest_error_is_the_reference_and_growth_is_none() -> None:
    assert reference_of(sightings([3.0, 3.4], error=[0.03, 0.02])) == 1
    assert reference_of(sightings([3.0, 3.4])) == 0
    assert reference_of(sightings([3.0, 3.4], error=[0.03, 0.02], growing=[False, True])) == 0
    assert reference_of(sightings([3.0, NAN]), without=0) is None


def test_waiting_is_the_chance_of_not_having_come_whatever_its_growth_says() -> None:
    """The law alone, normal: mean 3.8 with the errors of gamma, of the reference and of the skill."""
    from scipy.stats import norm

    sd = math.sqrt((0.1 * 0.8) ** 2 + 2 * 0.03**2 + 0.02**2)
    for growing in (False, True):
        seen = sightings(
            [3.0, NAN, 4.4 if growing else NAN],
            growing=[False, False, growing],
            error=[0.02, 0.0, 0.03 if growing else 0.0],
            not_before=[-np.inf, -np.inf, 3.9],
        )
        found = predicted(View(None, 1.0, seen), normal_law()).masses[2]
        assert found.waiting == pytest.approx(norm.sf(0.1 / sd), rel=0.02)


def test_a_law_that_excludes_what_a_curve_shows_leaves_it_to_the_curve() -> None:
    seen = sightings([3.0, 6.0], growing=[False, True], error=[0.02, 0.05], not_before=[-np.inf, 5.9])
    found = predicted(View(None, 1.0, seen), normal_law(0.01))
    assert moments(found, 1)[0] == pytest.approx(6.0, abs=0.06)
    late = predicted(View(None, 1.0, sightings([3.0, NAN], not_before=[-np.inf, 9.0])), normal_law(0.01))
    assert late.masses[1].log_time[0] == 9.0
    assert late.masses[1].waiting == pytest.approx(0, abs=1e-12)
    early = predicted(View(None, 1.0, sightings([3.0, NAN], not_after=[np.inf, 1.0])), normal_law(0.01))
    assert early.masses[1].log_time[-1] == pytest.approx(1.0)
    assert np.isfinite(early.masses[1].cdf(np.array([0.5, 1.0]))).all()


def test_a_recipe_without_a_law_for_the_run_is_refused() -> None:
    steep = dataclasses.replace(STEEP, steepness=(5.0, 6.0))
    with pytest.raises(InputError, match="a recipe must have a law for the steepness of the run; received 'made here'"):
        predicted(View(None, 1.0, sightings([3.0, NAN])), recipe(steep))


@pytest.mark.parametrize("sd", [1e-5, 1e-3, 0.05, 0.4])
def test_shifted_masses_are_later_and_wider_by_the_error(sd: float) -> None:
    one = predicted(View(None, 1.0, sightings([3.0, NAN, NAN])), normal_law())
    mean, width = moments(one, 2)
    later = dataclasses.replace(one, masses=(one.masses[0], one.masses[1], one.masses[2].shifted(0.3, sd)))
    assert moments(later, 2) == pytest.approx((mean + 0.3, math.hypot(width, sd)), rel=1e-3)
    assert later.masses[2].log_total == pytest.approx(one.masses[2].log_total, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    dates=st.lists(st.floats(2, 5), min_size=1, max_size=3),
    by=st.floats(-3, 8),
    errors=st.floats(1e-3, 0.3),
    absent=st.one_of(st.none(), st.floats(2, 6)),
)
def test_the_unit_of_time_does_not_matter_nor_a_skill_of_which_nothing_is_known(
    dates: list[float], by: float, errors: float, absent: float | None
) -> None:
    def made(by: float, more: int) -> Prediction:
        n = len(dates) + 1 + more
        seen = sightings(
            [*(date + by for date in dates), *[NAN] * (1 + more)],
            decades=[*DECADES[: len(dates)], 1.5, *[0.7] * more],
            error=[*[errors] * len(dates), *[0.0] * (1 + more)],
            not_before=[-np.inf if absent is None or i != len(dates) else absent + by for i in range(n)],
        )
        return predicted(View(None, 1.0, seen), recipe(WIDE, STEEP))

    plain, moved, larger = made(0.0, 0), made(by, 0), made(0.0, 1)
    for k in range(len(dates) + 1):
        at = np.quantile(plain.masses[k].log_time, [0.1, 0.4, 0.6, 0.9])
        np.testing.assert_allclose(moved.masses[k].cdf(at + by), plain.masses[k].cdf(at), atol=1e-5)
        np.testing.assert_allclose(larger.masses[k].cdf(at), plain.masses[k].cdf(at), atol=1e-5)
        assert np.all(np.diff(plain.masses[k].cdf(np.linspace(at[0], at[-1], 50))) >= -1e-12)
