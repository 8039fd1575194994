"""Coverage of forecasts of finished runs, when one more skill had come, by recipes that they did not teach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from saltus.curves.crossings import crossing_times, emerged_before
from saltus.forecast.time.effective_time import AnySchedule, clock_of
from saltus.forecast.time.laws import Coverage, Recipe
from saltus.forecast.time.run import TimeRun, skills_of
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

    from saltus._types import Flags, Floats

_STANDS = 0.8  # R/S of a skill at the moment of a forecast
_LAST_CLASS = 3  # emerged skills at the last moment; classes hold those with as many or more
_HALF = 0.5  # R/S that counts as emerged
_LEVEL = 0.9  # probability of the intervals


@dataclass(frozen=True)
class Outcome:
    """One skill's forecast at one moment of a finished run.

    Attributes:
        run: number of the run.
        known: emerged skills at the moment.
        scheduled: whether steps were counted by a learning rate that varied.
        skill: its position.
        held: whether the 90 % interval held; that of a skill that had not come held if it ends later than the run.
    """

    run: int
    known: int
    scheduled: bool
    skill: int
    held: bool


def outcomes_of(
    run: int,
    curves: xr.Dataset,
    frequencies: SkillFrequencies,
    recipe: Recipe,
    schedule: AnySchedule,
) -> Iterator[Outcome]:
    """Outcomes of the skills to come at the moments of the first, second and third emerged skill.

    Forecasts count whatever their verdict: these are the laws' own hits.

    Args:
        run: its number.
        curves: of that one run, over steps, to its end.
        frequencies: of its skills.
        recipe: that others taught.
        schedule: of the learning rate, as for `saltus.assess`.
    """
    times = crossing_times(curves)[0]
    before = np.isfinite(emerged_before(curves)[0])
    last, clock = _last(curves), clock_of(curves, schedule)
    for now, known in _moments(curves, times, before):
        moment = TimeRun(curves, now, skills_of(curves, frequencies, None), recipe, clock)
        views = moment.views(None, None, calibrated_elsewhere=False)
        if not views:
            continue
        interval = moment.forecasts(views, None, {_HALF}, _LEVEL)[_HALF].interval
        for k in np.flatnonzero(~((times <= now) | before)).tolist():
            low, high = interval[k].tolist()
            held = low <= times[k] <= high if np.isfinite(times[k]) else high > last
            yield Outcome(run, known, clock is not None, k, bool(held))


def _moments(curves: xr.Dataset, times: Floats, before: Flags) -> Iterator[tuple[float, int]]:
    """Steps at which one more skill first stood, and the skills that had emerged by then; each number once."""
    strength, steps = curves["strength"].to_numpy()[0], curves["step"].to_numpy().astype(float)
    seen, up = set[int](), strength >= _STANDS
    for now in sorted(steps[of_skill.argmax()] for of_skill in up[~before] if of_skill.any()):
        known = int(np.sum((times <= now) | before))
        if 0 < known <= _LAST_CLASS and known not in seen:
            seen.add(known)
            yield float(now), known


def _last(curves: xr.Dataset) -> float:
    measured = np.isfinite(curves["strength"].to_numpy()[0]).any(axis=0)
    return float(curves["step"].to_numpy()[measured][-1])


def coverage_of(outcomes: Iterable[Outcome]) -> tuple[Coverage, ...]:
    """Coverage by number of emerged skills and kind of learning rate."""

    def of_class(one: Outcome) -> tuple[int, bool]:
        return one.known, one.scheduled

    return tuple(
        Coverage(*kind, len(ones), len({one.run for one in ones}), sum(one.held for one in ones))
        for kind, ones in ((kind, list(some)) for kind, some in groupby(sorted(outcomes, key=of_class), of_class))
    )
