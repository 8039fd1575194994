"""Coverage of forecasts by recipes that one earlier run taught: seeds of the same settings, each the pilot of the next.

Ours, not in the paper. A user's recipe of less than five runs cannot measure how often its forecasts hold; these runs
say it for such recipes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from saltus.errors import InputError
from saltus.forecast.base.checks import carried_frequencies
from saltus.forecast.own_coverage import Outcome, coverage_of, outcomes_of
from saltus.forecast.teach import PILOT, teach
from saltus.forecast.time.laws import Coverage, Recipe
from saltus.forecast.time.recipes import shipped_recipes
from saltus.reproduce.studies.recipe_jobs import RecipeSettings, draw_recipe_jobs
from saltus.train.job import Job

if TYPE_CHECKING:
    import xarray as xr

_NEXT_SEED = 1000  # distance of the seeds of one setting


def draw_pilot_jobs(n_settings: int, n_seeds: int, seed: int) -> list[list[Job]]:
    """Runs of Adam with settings of their own, several seeds of each."""
    jobs = draw_recipe_jobs(RecipeSettings(0, n_settings, turn=("adam",)), seed)
    return [[replace(job, seed=job.seed + _NEXT_SEED * i) for i in range(n_seeds)] for job in jobs]


def pilot_coverage(runs: Sequence[Sequence[xr.Dataset]]) -> tuple[Coverage, ...]:
    """Coverage of forecasts taught by one earlier run.

    Args:
        runs: curves of finished runs that carry their frequencies, grouped by settings, one run a dataset.
    """
    return coverage_of(pilot_outcomes(runs))


def pilot_outcomes(runs: Sequence[Sequence[xr.Dataset]]) -> Iterator[Outcome]:
    """Outcomes of every run, forecast by what the one before it taught; pilots that teach nothing are left out."""
    number = 0
    for group in runs:
        for i, curves in enumerate(group):
            number += 1
            try:
                recipe = teach(group[i - 1])
            except InputError:  # nothing emerged in it
                continue
            yield from outcomes_of(number, curves, carried_frequencies(curves), recipe, "logged")


def pilot_recipe(coverage: tuple[Coverage, ...], about: str) -> Recipe:
    """The row of recipes.json that carries the coverage of pilots; its laws are those of any network."""
    return replace(shipped_recipes()["other"], name=PILOT, about=about, coverage=coverage)
