"""The forecast study of recipes that people train with: forecasts from one skill on, of runs that taught nothing.

Ours, not in the paper. The teaching runs teach the recipes; the testing runs are forecast when their first, second,
third and fourth skill stand, and scored with those that had not come at the end, beside simpler rivals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._version import __version__
from saltus.figures.study import ErrorsByKnown, errors_figure, reliability_figure
from saltus.forecast.time.laws import Coverage, Recipe
from saltus.forecast.time.recipes import FORMAT, shipped_recipes
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.reproduce.studies.recipe_jobs import RecipeSettings, draw_recipe_jobs
from saltus.reproduce.studies.recipe_teaching import taught_recipes
from saltus.reproduce.studies.simple_rivals import RIVALS, exponents_without
from saltus.reproduce.studies.study_rows import TOLD, rows_of
from saltus.reproduce.studies.study_runs import MOST_KNOWN, StudyRun, collected
from saltus.reproduce.studies.study_scores import by_family_and_known, by_group, coverage_by_class, reliability
from saltus.settings import describe

if TYPE_CHECKING:
    import pandas as pd

    from saltus._types import Floats

_OF_OTHER_STUDIES = ("accuracy", "pilot")  # recipes that this study keeps as they are
LEVELS = ("trust", "use with care", "do not use")

_NUMBERS = (
    Column("n_runs", "runs"),
    Column("n_skills", "skills"),
    Column("n_censored", "not come"),
    Column("median_error", "median |error|, dex", form=".3f"),
    Column("coverage", "in the 90 % interval", form=".1%"),
    Column("coverage_error", "± se", form=".1%"),
    Column("width", "width, dex", form=".2f"),
    Column("crps", "CRPS, dex", form=".3f"),
)
_COLUMNS = (
    Column("family"),
    Column("known", instead="known_text"),
    *_NUMBERS,
    *(Column(f"median_error_{name}", f"{said}: median", form=".3f") for name, said in RIVALS.items()),
)


def reproduce(settings: RecipeSettings, options: RunOptions) -> Report:
    """Train all runs, teach with the first ones, forecast the others as their skills come, and score."""
    runs = train_runs(settings, options)
    recipes: Mapping[str, Recipe] = shipped_recipes()
    if settings.n_teaching:
        recipes = taught_recipes(runs, [recipes[name] for name in _OF_OTHER_STUDIES])
    return report_on(forecast_rows(runs, recipes), settings, options.seed, recipes)


def train_runs(settings: RecipeSettings, options: RunOptions) -> list[StudyRun]:
    """All runs, teaching ones first."""
    jobs = draw_recipe_jobs(settings, options.seed)
    results = train_all(jobs, options)
    return [
        StudyRun(i, settings.family(i), i < settings.n_teaching, job, collected(job, seen))
        for i, (job, seen) in enumerate(zip(jobs, results, strict=True))
    ]


def forecast_rows(runs: Sequence[StudyRun], recipes: Mapping[str, Recipe]) -> pd.DataFrame:
    """Rows of the testing runs (`saltus.reproduce.studies.study_rows.rows_of`)."""
    import pandas as pd

    exponents = exponents_without(runs)
    tested = (run for run in runs if not run.teaching)
    return pd.DataFrame(
        [row for run in tested for told in TOLD for row in rows_of(run, recipes, exponents[run.number], told)]
    )


def report_on(rows: pd.DataFrame, settings: RecipeSettings, seed: int, recipes: Mapping[str, Recipe]) -> Report:
    """Scores by family, verdict and class, from the rows alone.

    All that is said of families is of forecasts that were told everything; classes of recipes have the others too.
    """
    coverage, rows = coverage_by_class(rows), rows[rows["told"] == TOLD[0]]
    scores, verdicts = by_family_and_known(rows), by_group(rows, "verdict", LEVELS)
    by_recipe = {name: [asdict(one) for one in classes] for name, classes in coverage.items()}
    by_known = {
        f"{n} known" + (" or more" if n == MOST_KNOWN else ""): reliability(some)
        for n in range(1, MOST_KNOWN + 1)
        if len(some := rows[rows["known"].clip(upper=MOST_KNOWN) == n])
    }
    note = f"saltus {__version__}: {rows['run'].nunique()} runs that taught nothing, seeds from {seed}"
    return Report(
        title="Forecasts from one skill on, of runs that taught nothing",
        table=Table(_COLUMNS, [_row(one) for one in scores]),
        summary={
            "scores": scores,
            "verdicts": verdicts,
            "coverage": by_recipe,
            "reliability": by_known,
            "recipes": {name: recipe.version for name, recipe in recipes.items()},
            "seeds": {"from": seed, "teaching": settings.n_teaching, "testing": settings.n_testing},
            "settings": describe(settings),
            "version": __version__,
        },
        figures={
            "errors": errors_figure(_errors(scores), note),
            "reliability": reliability_figure(by_known, note),
        },
        tables={"forecasts": rows},
        documents={"coverage": by_recipe, "recipes": with_coverage(recipes, coverage)},
        remarks=[
            *_rivals_in_words(scores),
            *map(_verdict_in_words, verdicts),
            *(_class_in_words(name, one) for name, classes in coverage.items() for one in classes),
        ],
    )


def with_coverage(recipes: Mapping[str, Recipe], coverage: Mapping[str, Sequence[Coverage]]) -> dict[str, Any]:
    """The recipes with their measured coverage as plain data, as the package ships them."""
    measured = {
        name: replace(recipe, coverage=tuple(coverage.get(name, recipe.coverage))) for name, recipe in recipes.items()
    }
    return {"format": FORMAT, "recipes": {name: recipe.plain() for name, recipe in measured.items()}}


def _row(one: dict[str, Any]) -> dict[str, Any]:
    known = one["known"]
    return one | {"known_text": f"{known}+" if known == MOST_KNOWN else str(known)}


def _errors(scores: Sequence[dict[str, Any]]) -> dict[str, ErrorsByKnown]:
    def of(family: str, name: str) -> Floats:
        return np.array([one[name] for one in scores if one["family"] == family], dtype=float)

    return {
        family: ErrorsByKnown(
            of(family, "known"),
            of(family, "median_error"),
            {said: of(family, f"median_error_{name}") for name, said in RIVALS.items()},
        )
        for family in dict.fromkeys(one["family"] for one in scores)
    }


def _rivals_in_words(scores: Sequence[dict[str, Any]]) -> list[str]:
    """How rivals that need growth fare where they say anything, in all families."""
    return [
        f"{RIVALS[name]}, {one['known']} known: says something about {one[f'answered_{name}']:.0%} of the skills, with "
        f"median |error| {one[f'there_{name}']:.3f}; the forecasts of these have {one[f'forecast_there_{name}']:.3f}"
        for name in ("logistic", "broken")
        for one in scores
        if one["family"] == "all" and one[f"answered_{name}"] > 0
    ]


def _verdict_in_words(one: dict[str, Any]) -> str:
    return (
        f"{one['verdict']}: {one['n_forecasts']} forecasts of {one['n_skills']} skills in {one['n_runs']} runs, "
        f"{one['coverage']:.0%} held (± {one['coverage_error']:.0%})"
    )


def _class_in_words(recipe: str, one: Coverage) -> str:
    rate = "varying rate" if one.scheduled else "constant rate"
    return (
        f"{recipe}, {rate}, {one.known} known: {one.skills} skills in {one.runs} runs whose curves allow a forecast, "
        f"{one.share:.0%} held"
    )
