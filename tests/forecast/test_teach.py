"""Recipes taught by curves: lessons, coverage by leaving runs out, files, and what is refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import saltus
from saltus import Frequencies, InputError, Recipe, assess, load_recipe, save_recipe, teach
from saltus.curves.schema import curves_from
from saltus.forecast.own_coverage import coverage_of, outcomes_of
from saltus.forecast.teach import teaching
from saltus.forecast.time.recipes import shipped_recipes
from saltus.reproduce.studies.pilot_study import draw_pilot_jobs, pilot_coverage, pilot_recipe
from tests.helpers import synthetic_data, synthetic_width

MIX = np.array([k**-1.6 for k in range(1, 5)]) / sum(k**-1.6 for k in range(1, 5))
STEPS = np.unique(np.geomspace(10, 20_000, 70).astype(int))


def curves(
    seed: int, n_runs: int = 1, *, gamma: float = 1.15, optimizer: str = "adam", last: int = 20_000
) -> xr.Dataset:
    """Hill curves of steepness 4 whose skills come at frequency^-gamma, with a scatter of 0.03 decades."""
    rng, decades = np.random.default_rng(seed), np.log10(MIX[0] / MIX)
    own = gamma + 0.03 * rng.standard_normal((n_runs, 1))
    time = 10 ** (2.5 + own * decades + 0.03 * rng.standard_normal((n_runs, 4)))
    steps = STEPS[last >= STEPS]
    strength = 1 / (1 + (time[..., None] / steps) ** 4) + 0.004 * rng.standard_normal((n_runs, 4, steps.size))
    return curves_from(
        strength,
        steps,
        strength_error=np.full_like(strength, 0.004),
        frequencies=MIX,
        settings={"optimizer": optimizer, "batch_size": 2000},
    )


DONE: list[tuple[int, int]] = []


@cache
def five() -> Recipe:
    return teach(curves(0, 5), progress=lambda *counts: DONE.append(counts))


def test_lessons_say_what_each_run_taught() -> None:
    found = teaching([curves(0), curves(1), curves(2, last=400), curves(3, last=60)], labels=list("abcd"))
    assert [one.run for one in found.lessons] == list("abcd")
    assert [one.n_emerged for one in found.lessons] == [4, 4, 1, 0]
    for one in found.lessons[:2]:
        assert one.gamma == pytest.approx(1.15, abs=4 * one.gamma_error)
        assert one.steepness == pytest.approx(4, rel=0.05)
        assert 0 < one.scatter < 0.1
    assert "one skill emerged" in found.lessons[2].note
    assert found.lessons[3].note == "no skill emerged: it teaches nothing"
    assert math.isnan(found.lessons[3].gamma)
    assert found.recipe.n_runs == 3
    assert found.recipe.about.startswith("3 own runs, adam")
    assert not found.own_coverage
    assert 0.01 < found.median_error < 0.1


def test_runs_of_one_set_and_of_several_teach_the_same() -> None:
    both = curves(0, 2)
    assert teach(both).laws == teach([both.isel(run=[0]), both.isel(run=[1])]).laws


def test_coverage_is_that_of_runs_left_out() -> None:
    """By brute force: the run's recipe is taught anew by the others, and its hits are counted from assessments."""
    runs = curves(0, 5)
    of_others = teach(runs.isel(run=[0, 1, 3, 4]))
    one = runs.isel(run=[2])
    from_first = [two for two in five().coverage if two.known == 1]
    assert [(two.runs, two.skills) for two in from_first] == [(5, 15)]
    assert from_first[0].share > 0.7
    assert [(i, 5) for i in range(1, 6)] == DONE
    step = runs["step"].to_numpy()
    now = float(step[(one["strength"].to_numpy()[0, 0] >= 0.8).argmax()])
    forecast = assess(one, until=now, recipe=of_others).forecast
    assert forecast is not None
    outcomes = list(outcomes_of(0, one, Frequencies(MIX), of_others, "logged"))
    assert [two.held for two in outcomes if two.known == 1] == list(forecast.hit[1:])
    assert [two.known for two in coverage_of(outcomes)] == [1, 2, 3]


def test_a_recipe_forecasts_and_its_coverage_is_said() -> None:
    fresh = curves(77)
    own = assess(fresh, until=600, recipe=five())
    shipped = assess(fresh, until=600)
    assert own.recipe is not None
    assert own.recipe.name == "own"
    assert own.forecast is not None
    assert shipped.forecast is not None
    width, before = (np.log10(one.interval[1:, 1] / one.interval[1:, 0]) for one in (own.forecast, shipped.forecast))
    assert (width < before).all()
    assert sum(map(bool, own.forecast.hit)) >= 3  # of four at 90 %
    assert "5 own runs, adam" in own.verdict.coverage
    assert own.verdict.level != "do not use"


def test_files_give_the_same_recipe_back(tmp_path: Path) -> None:
    save_recipe(five(), tmp_path / "recipe.json")
    assert load_recipe(tmp_path / "recipe.json") == five()
    for recipe in shipped_recipes().values():
        save_recipe(recipe, tmp_path / "shipped.json")
        assert load_recipe(tmp_path / "shipped.json") == recipe


def broken(change: dict[str, Any], law: dict[str, Any] | None = None) -> str:
    plain = json.loads(json.dumps(five().plain())) | change
    if law is not None:
        plain["laws"][0] |= law
    return json.dumps({"kind": "saltus recipe", "format": 1, "recipe": plain})


HOSTILE = {
    "nothing": ("", "a recipe must be a JSON file of ours"),
    "no JSON": ("{]", "a recipe must be a JSON file of ours"),
    "a list": ("[1, 2]", "a recipe must be a JSON file of ours"),
    "deep": ("[" * 100_000, "a recipe must be a JSON file of ours"),
    "another kind": ('{"kind": "saltus calibration", "format": 1}', "a recipe must be a JSON file of ours"),
    "another format": ('{"kind": "saltus recipe", "format": 99, "recipe": {}}', "a recipe must be a JSON file of ours"),
    "a recipe of text": ('{"kind": "saltus recipe", "format": 1, "recipe": "x"}', "must be a JSON file of ours"),
    "no laws": (broken({"laws": []}), "it needs at least one law"),
    "laws of text": (broken({"laws": ["a"]}), "a recipe must be a JSON file of ours"),
    "NaN": (broken({}, {"gamma": math.nan}), "law 'own gamma': gamma, scale and clock_error must be"),
    "infinity": (broken({}, {"scale": math.inf}), "law 'own gamma': gamma, scale and clock_error must be"),
    "weights": (broken({}, {"weight": 0.9}), "weights of the laws must add up to 1"),
    "negative spread": (
        broken({}, {"scatter": five().laws[0].scatter.__dict__ | {"spread": -1}}),
        "spreads and delay must be numbers of at least 0",
    ),
    "degrees": (broken({}, {"degrees": 0}), "degrees must be greater than 1"),
    "range": (broken({}, {"steepness": [3, 2]}), "steepness must be a range above 0"),
    "growth": (broken({"growth_sd": [0, 0, 0, 0]}), "growth_sd must be greater than 0"),
    "clock": (broken({"clock_weight": 2}), "clock_weight must lie between 0 and 1"),
    "reach": (broken({"reach": -1}), "reach and n_runs must be at least 0"),
    "lines": (broken({"about": "a\nb"}), "texts of one line"),
    "no shape": (broken({"shape": {"laws": [], "reach": 0, "n_runs": 0}}), "its shape needs a law at half strength"),
    "too many held": (
        broken({"coverage": [{"known": 1, "scheduled": False, "skills": 3, "runs": 9, "held": 4}]}),
        "coverage must hold at most as many skills as were forecast",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    text, message = HOSTILE[name]
    path = tmp_path / "recipe.json"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        load_recipe(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "none.json", tmp_path / "bytes.json"):
        with pytest.raises(InputError, match="a recipe must be a JSON file of ours"):
            load_recipe(path)


def test_requests_that_teach_nothing_are_refused() -> None:
    rng = np.random.default_rng(0)
    for runs, message in (
        ([], "runs must be given"),
        (synthetic_data(rng, 2), "runs must be curves over steps; received 'data'"),
        (synthetic_width(rng, 2), "runs must be curves over steps; received 'parameters'"),
        (curves(0, last=60), "a recipe needs a run in which one skill has emerged and another was measured"),
        (curves(0).isel(skill=[0]), "a recipe needs a run in which one skill has emerged and another was measured"),
        ([curves(0), curves(1, optimizer="sgd")], "runs must be of one kind; received ['other', 'sgd']"),
        ([curves(0), curves(1), curves(0)], "each run must be given once; received ['1', '3']"),
    ):
        with pytest.raises(InputError) as error:
            teach(runs)
        assert message in str(error.value)
    with pytest.raises(InputError, match="frequencies must be those of the 4 skills of run 0; received 2"):
        teach(curves(0), Frequencies([0.6, 0.4]))
    with pytest.raises(InputError, match="name must be a text to print"):
        teach(curves(0), name="\n")


def test_recipes_are_refused_where_they_do_not_belong() -> None:
    with pytest.raises(InputError, match="the law of the run must be given once"):
        assess(curves(0), recipe=five(), departure=saltus.PAPER)
    with pytest.raises(InputError, match="a recipe is for curves over steps; received 'data'"):
        assess(synthetic_data(np.random.default_rng(0), 2), recipe=five())
    fitted = assess(curves(0), "fitted", recipe=five())  # goes by the fitted frequencies, not by ranks
    assert (fitted.recipe, fitted.frequency_fit is None) == (five(), False)


def test_coverage_of_pilots_counts_each_seed_by_the_one_before() -> None:
    groups = [[curves(10 * i + j) for j in range(2)] for i in range(2)]
    coverage = pilot_coverage([*groups, [curves(50, last=60), curves(51)]])
    first = coverage[0]
    assert (first.known, first.scheduled, first.runs, first.skills) == (1, False, 4, 12)
    assert first.held >= 9  # of 12 at 90 %; fewer have a chance of 3 %
    kept = pilot_recipe(coverage, "seeds of drawn runs")
    assert kept.coverage == coverage
    assert kept.covered(1, scheduled=False) is None  # four runs say too little
    assert kept.name == "pilot"


def test_pilot_jobs_differ_in_their_seeds_alone() -> None:
    jobs = draw_pilot_jobs(2, 3, 0)
    assert len({job.seed for group in jobs for job in group}) == 6
    for first, *rest in jobs:
        assert all(replace(job, seed=first.seed) == first for job in rest)
    assert jobs[0][0].training != jobs[1][0].training
