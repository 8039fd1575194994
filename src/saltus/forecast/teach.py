"""Recipes from a user's own runs: the laws that they follow, and how well these forecast a run that taught nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus.curves.report import counted
from saltus.curves.schema import resource_of
from saltus.errors import InputError
from saltus.forecast.base.checks import carried_frequencies
from saltus.forecast.own_coverage import Outcome, coverage_of, outcomes_of
from saltus.forecast.time.effective_time import AnySchedule, clock_of
from saltus.forecast.time.laws import Coverage, Recipe
from saltus.forecast.time.lessons import Lessons, gamma_before, gamma_of, lessons_of, typical_error
from saltus.forecast.time.own_recipe import own_recipe
from saltus.forecast.time.posterior import Sightings
from saltus.forecast.time.recipe import optimizer_of
from saltus.forecast.time.recipes import recipe_for, shipped_recipes
from saltus.forecast.time.run import TimeRun, skills_of
from saltus.resource import STEP
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills

if TYPE_CHECKING:
    import xarray as xr

_ENOUGH_RUNS = 5  # runs from which leaving one out at a time measures coverage
_MOST_LEFT_OUT = 24  # runs that are left out at most: each takes a few forecasts
PILOT = "pilot"
"""Name of the shipped recipe whose coverage is that of forecasts taught by one earlier run."""


@dataclass(frozen=True)
class Lesson:
    """The lesson of one run.

    Attributes:
        run: its name.
        n_skills: number of its skills.
        n_emerged: number of those that came at a known time.
        gamma: times go as frequency^-gamma; NaN where no skill came.
        gamma_error: standard deviation of the same.
        steepness: h of the first rise; NaN where it is not known.
        scatter: root mean square of log10(time) about the run's own law, decades; NaN below three emerged skills.
        note: a reason why the run teaches less than others, or an empty text.
    """

    run: str
    n_skills: int
    n_emerged: int
    gamma: float
    gamma_error: float
    steepness: float
    scatter: float
    note: str


@dataclass(frozen=True)
class Teaching:
    """A recipe, and the lessons that it was made of.

    Attributes:
        recipe: that the runs taught.
        lessons: of all runs.
        median_error: expected median of \\|log10 error\\| of forecasts from the first skill alone, decades.
        own_coverage: whether the recipe's coverage was measured on the runs themselves, each left out in turn.
    """

    recipe: Recipe
    lessons: tuple[Lesson, ...]
    median_error: float
    own_coverage: bool

    def summary(self) -> dict[str, Any]:
        """Lessons and laws as plain data; unknown numbers are NaN."""
        return {
            "name": self.recipe.name,
            "about": self.recipe.about,
            "n_runs": self.recipe.n_runs,
            "gamma": self.recipe.laws[0].gamma,
            "gamma_scale": self.recipe.laws[0].scale,
            "spread": self.recipe.laws[0].scatter.spread,
            "median_error": self.median_error,
            "coverage_measured_on": "own runs" if self.own_coverage else "pilots" if self.recipe.coverage else None,
            "runs": [vars(one) for one in self.lessons],
            "recipe": self.recipe.plain(),
        }


@dataclass(frozen=True)
class _Run:
    name: str
    curves: xr.Dataset
    frequencies: SkillFrequencies
    seen: Sightings | None


def teach(
    runs: xr.Dataset | Sequence[xr.Dataset],
    frequencies: SkillFrequencies | None = None,
    *,
    name: str = "own",
    schedule: AnySchedule = "logged",
    progress: Callable[[int, int], None] | None = None,
) -> Recipe:
    """Teach a recipe by runs of your own, from one up: how times go with frequency, and how they scatter.

    Give it to `saltus.assess` as ``recipe`` to forecast a further run of the same training; on the command line,
    ``saltus teach``. One run's gamma already says more about the next run than any theory: they differ little. From
    five runs on, the coverage of forecasts is measured by leaving out one run at a time.

    Args:
        runs: labelled curves over steps of finished or stopped runs, all of one recipe; each run of a dataset is a
            lesson of its own, and so is each dataset.
        frequencies: of their skills; by default those that the curves carry.
        name: of the recipe, by which verdicts call it.
        schedule: of the learning rate, as for `saltus.assess`.
        progress: called after every run that was left out with the number of those done, and of all.

    Raises:
        InputError: if no run shows two skills, or runs are not of one kind, not over steps, or given twice.
    """
    return teaching(runs, frequencies, name=name, schedule=schedule, progress=progress).recipe


def teaching(
    runs: xr.Dataset | Sequence[xr.Dataset],
    frequencies: SkillFrequencies | None = None,
    *,
    name: str = "own",
    schedule: AnySchedule = "logged",
    progress: Callable[[int, int], None] | None = None,
    labels: Sequence[str] | None = None,
) -> Teaching:
    """The recipe of `teach` with the lessons of the runs; ``labels`` name the datasets."""
    sets: list[xr.Dataset] = [runs] if isinstance(runs, Mapping) else list(runs)  # a dataset is a mapping
    if not (name and name.isprintable()):
        raise InputError("name must be a text to print", name, "call the recipe something, e.g. mlp-small")
    family = _family(sets)
    taught = [_run(one, curves, frequencies, family, schedule) for one, curves in _single(sets, labels)]
    _require_different(taught)
    useful = [run for run in taught if run.seen is not None]
    if not any(_n_informed(run.seen) > 1 for run in useful if run.seen is not None):
        raise InputError(
            "a recipe needs a run in which one skill has emerged and another was measured",
            counted(len(taught), "run"),
            "give runs that went further",
        )
    lessons = lessons_of([run.seen for run in useful if run.seen is not None], family)
    recipe = own_recipe(lessons, family, name=name, about=_about(useful), reach=_reach(useful))
    own = _left_out(useful, lessons, family, recipe, schedule, progress)
    measured = any(one.runs >= _ENOUGH_RUNS for one in own)
    if measured:
        recipe = replace(recipe, coverage=own)
    elif PILOT in shipped_recipes():
        pilot = shipped_recipes()[PILOT]
        recipe = replace(recipe, coverage=pilot.coverage, about=f"{recipe.about}; coverage that of {pilot.about}")
    law = recipe.laws[0]
    return Teaching(
        recipe=recipe,
        lessons=tuple(_lesson(run, recipe, family) for run in taught),
        median_error=typical_error(law, _decades(useful)),
        own_coverage=measured,
    )


def _single(sets: Sequence[xr.Dataset], labels: Sequence[str] | None) -> list[tuple[str, xr.Dataset]]:
    """Curves of single runs, by their names."""
    found = []
    for i, curves in enumerate(sets):
        label = str(i + 1) if labels is None else labels[i]
        for k, own in enumerate(map(str, curves["run"].to_numpy())):
            if curves.sizes["run"] > 1 or (len(sets) == 1 and labels is None):
                label_of_run = own if len(sets) == 1 else f"{label}, {own}"
            else:
                label_of_run = label
            found.append((label_of_run, curves.isel(run=[k])))
    return found


def _family(sets: Sequence[xr.Dataset]) -> Recipe:
    """The shipped recipe of all the runs."""
    if not sets:
        raise InputError("runs must be given", None, "give labelled curves of at least one run")
    for curves in sets:
        if (resource := resource_of(curves).name) != STEP.name:
            raise InputError("runs must be curves over steps", resource, "only these follow a law of time")
    families = {recipe_for(curves).name: recipe_for(curves) for curves in sets}
    if len(families) > 1:
        advice = "teach one recipe by runs of the same optimizer, network and quantity"
        raise InputError("runs must be of one kind", sorted(families), advice)
    return next(iter(families.values()))


def _run(name: str, curves: xr.Dataset, given: SkillFrequencies | None, family: Recipe, schedule: AnySchedule) -> _Run:
    frequencies: SkillFrequencies = carried_frequencies(curves) if given is None else given
    n = curves.sizes["skill"]
    if require_finite_skills(frequencies) != n:
        raise InputError(
            f"frequencies must be those of the {n} skills of run {name}",
            require_finite_skills(frequencies),
            "give one a skill",
        )
    last = float(curves[STEP.name][-1])
    whole = TimeRun(curves, last, skills_of(curves, frequencies, None), family, clock_of(curves, schedule))
    views = whole.views(None, None, calibrated_elsewhere=False)
    return _Run(name, curves, frequencies, views[0].seen if views else None)


def _require_different(runs: Sequence[_Run]) -> None:
    for i, run in enumerate(runs):
        for other in runs[:i]:
            first, second = (one.curves["strength"].to_numpy() for one in (run, other))
            if first.shape == second.shape and np.array_equal(first, second, equal_nan=True):
                rule = "each run must be given once"
                raise InputError(rule, [other.name, run.name], "their curves are the same: leave one out")


def _n_informed(seen: Sightings) -> int:
    """Number of skills that have a date, or a bound of it."""
    return int((seen.dated | np.isfinite(seen.not_before) | np.isfinite(seen.not_after)).sum())


def _about(runs: Sequence[_Run]) -> str:
    optimizers = sorted({optimizer_of(run.curves) or "unknown optimiser" for run in runs})
    return f"{counted(len(runs), 'own run')}, {', '.join(optimizers)}"


def _reach(runs: Sequence[_Run]) -> float:
    return max(float(run.seen.decades[run.seen.emerged].max()) for run in runs if run.seen is not None)


def _decades(runs: Sequence[_Run]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Decades between the first skill of each run and its others."""
    return np.concatenate([run.seen.decades[1:] for run in runs if run.seen is not None])


def _left_out(
    runs: Sequence[_Run],
    lessons: Lessons,
    family: Recipe,
    recipe: Recipe,
    schedule: AnySchedule,
    progress: Callable[[int, int], None] | None,
) -> tuple[Coverage, ...]:
    """Coverage of runs forecast by what all others teach; none below the least number of runs."""
    if len(runs) < _ENOUGH_RUNS:
        return ()
    chosen = np.unique(np.linspace(0, len(runs) - 1, min(len(runs), _MOST_LEFT_OUT)).round().astype(int)).tolist()
    found: list[Outcome] = []
    for done, i in enumerate(chosen, start=1):
        of_others = own_recipe(
            lessons.without(i), family, name=recipe.name, about=recipe.about, reach=_reach([*runs[:i], *runs[i + 1 :]])
        )
        found += outcomes_of(i, runs[i].curves, runs[i].frequencies, of_others, schedule)
        if progress is not None:
            progress(done, len(chosen))
    return coverage_of(found)


def _lesson(run: _Run, recipe: Recipe, family: Recipe) -> Lesson:
    seen, n_skills = run.seen, run.curves.sizes["skill"]
    if seen is None:
        return Lesson(
            run.name, n_skills, 0, math.nan, math.nan, math.nan, math.nan, "no skill emerged: it teaches nothing"
        )
    gamma, error = gamma_of(seen, recipe.laws[0], gamma_before(family))
    n = int(seen.emerged.sum())
    late = (seen.log_time - gamma * seen.decades)[seen.emerged]
    return Lesson(
        run=run.name,
        n_skills=n_skills,
        n_emerged=n,
        gamma=gamma,
        gamma_error=error,
        steepness=1 / seen.flatness,
        scatter=float(np.sqrt(np.sum((late - late.mean()) ** 2) / (n - 2))) if n > 2 else math.nan,
        note="one skill emerged: only the absence of others bounds gamma" if n == 1 else "",
    )
