"""Recipes taught by the study's teaching runs, each by the families of runs that it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from saltus.forecast.base.checks import carried_frequencies
from saltus.forecast.time.effective_time import clock_of
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.posterior import Sightings
from saltus.forecast.time.run import TimeRun, skills_of
from saltus.forecast.time.teach import taught
from saltus.reproduce.studies import recipe_priors as priors
from saltus.reproduce.studies.study_runs import StudyRun

_OF_ADAM = ("adam", "adamw-logistic", "deep", "transformer")
_LESSONS: tuple[tuple[Recipe, tuple[str, ...]], ...] = (
    (priors.SGD, ("sgd",)),
    (priors.ADAM, ("adam",)),
    (priors.ADAM_LOGISTIC, ("adamw-logistic",)),
    (priors.ADAM_DEEP, ("deep",)),
    (priors.ADAM_TRANSFORMER, ("transformer",)),
)
_NUMBERS = ("gamma", "scale", "spread", "spread_per_decade", "clock_error", "delay", "log_odds", "log_odds_per_decade")
_WIDER = (
    1.45  # factor of spreads and scales: at the end of a run skills stray less than forecasts of the teaching runs err
)
_PLAIN = 0.25  # share of plain descent among trainings whose optimiser nobody named


def taught_recipes(runs: Sequence[StudyRun], kept: Sequence[Recipe]) -> Mapping[str, Recipe]:
    """All recipes by name.

    Args:
        runs: of the study, of which the teaching ones are used.
        kept: recipes that runs of other studies taught.
    """
    lessons = [run for run in runs if run.teaching]
    found = {
        prior.name: _widened(taught(prior, _seen(lessons, prior, families), _NUMBERS)) for prior, families in _LESSONS
    }
    # Numbers of the laws for any network stay wide: families that taught nothing are what they are for.
    other = taught(priors.OTHER, _seen(lessons, priors.OTHER, _OF_ADAM), ())
    by_rank = _seen(lessons, priors.RANK, ("sgd", *_OF_ADAM), ranked=True)
    rank = _widened(taught(priors.RANK, by_rank, ("gamma", "scale", "spread", "spread_per_decade")))
    unknown = replace(
        other,
        name="unknown",
        about="an optimiser that nobody named",
        laws=(
            *(replace(law, weight=law.weight * _PLAIN) for law in found["sgd"].laws),
            *(replace(law, weight=law.weight * (1 - _PLAIN)) for law in other.laws),
        ),
        n_runs=len(lessons),
    )
    return found | {one.name: one for one in (other, rank, unknown, *kept)}


def _widened(recipe: Recipe) -> Recipe:
    """The recipe with the first law wider than the ends of its runs show."""
    law = recipe.laws[0]
    scatter = replace(
        law.scatter,
        spread=_WIDER * law.scatter.spread,
        spread_per_decade=_WIDER * law.scatter.spread_per_decade,
    )
    return replace(recipe, laws=(replace(law, scale=_WIDER * law.scale, scatter=scatter), *recipe.laws[1:]))


def _seen(
    runs: Sequence[StudyRun], recipe: Recipe, families: Sequence[str], *, ranked: bool = False
) -> list[Sightings]:
    """Dates at the end of the runs of some families, over effective time."""
    found = []
    for run in runs:
        if run.family in families:
            skills = replace(skills_of(run.curves, carried_frequencies(run.curves), None), ranked=ranked)
            clock = clock_of(run.curves, "logged")
            views = TimeRun(run.curves, run.last, skills, recipe, clock).views(None, None, calibrated_elsewhere=False)
            found += [view.seen for view in views[:1]]
    return found
