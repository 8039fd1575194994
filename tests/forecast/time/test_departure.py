"""Departures learned from simulated runs with known laws, and how intervals made of them cover."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student

from saltus import InputError
from saltus.forecast.time.departure import PAPER, Departure, DepartureLaw, fit_departure, from_plain, shipped_departure

KEPT = Path(__file__).parents[3] / "docs/results/forecast-study/summary.json"


def skills(rng: np.random.Generator, n_runs: int, law: DepartureLaw) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Runs of four skills whose times depart by ``law``, independently."""
    run = np.repeat(np.arange(n_runs), 4)
    decades = np.tile([0.4, 0.7, 1.0, 1.3], n_runs)
    sd = np.sqrt(law.spread**2 + (law.spread_per_decade * decades) ** 2)
    return run, decades, law.delay + law.exponent * decades + sd * rng.standard_normal(run.size)


def test_a_known_law_is_recovered_and_its_form_chosen() -> None:
    rng = np.random.default_rng(1)
    truth = DepartureLaw(0.5, exponent=0.07, spread=0.03, spread_per_decade=0.02)
    found = [fit_departure(0.5, *skills(rng, 24, truth))[0] for _ in range(20)]
    exponents = np.array([one.law.exponent for one in found if one.form == "exponent"])
    # The Bayesian criterion takes one number too many with probability P(chi^2_1 > log 96) = 3 %.
    assert len(exponents) >= 16
    assert abs(exponents.mean() - 0.07) < 4 * exponents.std() / np.sqrt(len(exponents))
    at_one = np.array([float(one.law.sd(1.0)) for one in found])
    # The widening sqrt(25/23) is part of what is learned.
    assert abs(at_one.mean() / np.hypot(0.03, 0.02) - np.sqrt(25 / 23)) < 0.05


def test_without_a_delay_the_form_of_the_paper_wins() -> None:
    rng = np.random.default_rng(2)
    forms = [fit_departure(0.5, *skills(rng, 24, DepartureLaw(0.5, spread=0.04)))[0].form for _ in range(20)]
    assert forms.count("paper") >= 15  # 3 % for each of two single numbers, and three binomial standard errors


def test_intervals_from_few_runs_cover_new_runs_where_skills_of_a_run_err_together() -> None:
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(25):
        shared = 0.04 * rng.standard_normal(13)
        run = np.repeat(np.arange(12), 4)
        decades = np.tile([0.4, 0.7, 1.0, 1.3], 12)
        lesson = fit_departure(0.5, run, decades, shared[run] + 0.07 * decades)[0]
        departure = Departure((lesson.law,), 1.3, 12)
        error = shared[12] + 0.07 * 1.0 - float(departure.mean(1.0))
        hits.append(abs(error) < departure.quantile(0.95) * float(departure.sd(1.0)))
    # 90 %, less three binomial standard errors; forms chosen on twelve runs cost a little more.
    assert np.mean(hits) > 0.7


def test_laws_are_joined_along_the_logit_of_the_threshold() -> None:
    departure = Departure(
        (DepartureLaw(0.05, 0.1, 0.2), DepartureLaw(0.5, 0.0, 0.1), DepartureLaw(0.95, -0.2, 0.0)), 1.0, 5
    )
    for law in departure.laws:
        np.testing.assert_allclose(departure.mean([0.0, 1.0], law.threshold), law.mean([0.0, 1.0]), atol=1e-12)
    quarter = 1 / (1 + np.exp(-np.log(0.05 / 0.95) / 2))  # half the way in the logit
    assert float(departure.mean(1.0, quarter)) == pytest.approx((0.3 + 0.1) / 2)
    assert float(departure.mean(1.0, 0.001)) == pytest.approx(0.3)
    assert float(departure.mean(1.0, 0.999)) == pytest.approx(-0.2)


def test_quantiles_are_students_and_chances_count_every_try() -> None:
    departure = Departure((DepartureLaw(0.5),), 1.0, 24)
    assert departure.quantile(0.95) == pytest.approx(student(23).ppf(0.95))
    assert PAPER.quantile(0.975) == pytest.approx(1.959964, abs=1e-6)
    one = 2 * student(23).sf(2.5)
    assert departure.chance(-2.5, 4) == pytest.approx(1 - (1 - one) ** 4)
    assert departure.chance(1e9, 3) == pytest.approx(0.0, abs=1e-12)


def test_plain_data_and_back() -> None:
    assert from_plain(json.loads(json.dumps(shipped_departure().plain()))) == shipped_departure()


def test_the_kept_departure_is_what_the_study_taught() -> None:
    assert from_plain(json.loads(KEPT.read_text())["departure"]) == shipped_departure()


def test_too_few_runs_are_refused() -> None:
    with pytest.raises(InputError, match="a departure must be taught by at least 6 runs; received 2; train more"):
        fit_departure(0.5, [0, 0, 1], [0.4, 0.7, 0.4], [0.0, 0.1, 0.0])
