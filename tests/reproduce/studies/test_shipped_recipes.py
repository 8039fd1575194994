"""The recipes that the package ships are those that the kept study taught, with the coverage that it measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from saltus.forecast.time.recipes import recipe_from, shipped_recipes

KEPT = Path(__file__).parents[3] / "docs/results/forecast-study-adam"
OF_OTHER_STUDIES = {"accuracy", "pilot"}


@pytest.mark.parametrize("name", sorted(shipped_recipes().keys() - OF_OTHER_STUDIES))
def test_a_shipped_recipe_is_the_one_that_the_study_taught(name: str) -> None:
    taught = json.loads((KEPT / "recipes.json").read_text(encoding="utf-8"))["recipes"]
    assert shipped_recipes()[name] == recipe_from(taught[name], "recipes.json")


def test_coverage_of_accuracies_is_the_one_that_their_study_measured() -> None:
    summary = json.loads((KEPT.parent / "forecast-study-accuracy/summary.json").read_text(encoding="utf-8"))
    kept = [
        {name: one[name] for name in ("known", "scheduled", "skills", "runs", "held")} for one in summary["coverage"]
    ]
    assert [one.__dict__ for one in shipped_recipes()["accuracy"].coverage] == kept
