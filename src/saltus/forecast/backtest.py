"""Backtests: the forecasts of a finished or running training, had they been asked for at its earlier moments."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.crossings import EmergenceTimes, emergence_times
from saltus.curves.names import skill_names
from saltus.curves.report import explained
from saltus.curves.schema import plain, resource_of
from saltus.errors import InputError
from saltus.forecast.assess import Assessment, assess
from saltus.forecast.base.verdict import Level
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr

K = TypeVar("K")

_MOST_MOMENTS = 24
_ENOUGH_MOMENTS = 12  # moments up to which geometric ones are added to those at which a skill emerged
_BEFORE_THE_FIRST = 2.0  # ratio of the first emergence and the first moment


@dataclass(frozen=True)
class PastForecast:
    """One skill's forecast at one earlier moment, beside its outcome.

    Attributes:
        moment: step or size up to which measurements were used.
        n_emerged: number of skills that had emerged by then.
        skill: its number, from 1.
        forecast: median, in the unit of the resource; infinite where a schedule ends first.
        interval: lower and upper end.
        observed: amount at which the skill emerged later; NaN where that was not seen.
        log10_error: log10(forecast / observed) in decades, positive where the forecast was late; NaN likewise.
        hit: whether the interval holds ``observed``. A skill that had not come by its last measurement misses an
            interval that ends before, and else has not contradicted its forecast: None.
        verdict: level of the moment's verdict.
    """

    moment: float
    n_emerged: int
    skill: int
    forecast: float
    interval: tuple[float, float]
    observed: float
    log10_error: float
    hit: bool | None
    verdict: Level


@dataclass(frozen=True)
class RefusedMoment:
    """A moment at which no forecast could be made.

    Attributes:
        moment: step or size up to which measurements were used.
        n_emerged: number of skills that had emerged by then.
        reason: the gravest of the verdict, or the error, in words.
    """

    moment: float
    n_emerged: int
    reason: str


@dataclass(frozen=True)
class BacktestScore:
    """Sums over forecasts of one training: those of one skill at several moments are no independent ones.

    Attributes:
        n_forecasts: number of forecasts.
        n_skills: number of skills that they are of.
        n_hits: forecasts whose interval held.
        n_misses: forecasts whose interval did not.
        median_error: median of \\|log10 error\\| where the skill was seen to emerge, in decades; NaN without any.
    """

    n_forecasts: int
    n_skills: int
    n_hits: int
    n_misses: int
    median_error: float

    @property
    def n_open(self) -> int:
        """Forecasts of skills that have not come yet, which nothing contradicts so far."""
        return self.n_forecasts - self.n_hits - self.n_misses

    @property
    def n_judged(self) -> int:
        """Forecasts that held or did not."""
        return self.n_hits + self.n_misses


@dataclass(frozen=True)
class Backtest:
    """Forecasts that would have been made at earlier moments, beside what came.

    Attributes:
        resource: dimension of the curves, "step", "data" or "parameters".
        threshold: the strength R/S that counts as emerged.
        level: probability that the intervals are to have.
        last: the last amount that was measured; nothing beyond it is known.
        n_runs: number of runs that the curves average over.
        names: of the skills, skill 1 first: the file's, or else their numbers.
        observed: amount at which each skill emerged, shape ``(n_skills,)``; NaN where that was not seen.
        forecasts: of all moments in their order, and of each the skills that had not come by then.
        refused: the moments without forecasts, in their order.
    """

    resource: str
    threshold: float
    level: float
    last: float
    n_runs: int
    names: tuple[str, ...]
    observed: Floats
    forecasts: tuple[PastForecast, ...]
    refused: tuple[RefusedMoment, ...]

    @property
    def moments(self) -> tuple[float, ...]:
        """All moments, ascending."""
        return tuple(sorted({one.moment for one in self.forecasts} | {one.moment for one in self.refused}))

    @property
    def usable(self) -> BacktestScore:
        """Score of the forecasts whose verdict was "trust" or "use with care"."""
        return score(one for one in self.forecasts if one.verdict != "do not use")

    @property
    def warned(self) -> BacktestScore:
        """Score of the forecasts whose verdict was "do not use"."""
        return score(one for one in self.forecasts if one.verdict == "do not use")

    @property
    def by_verdict(self) -> dict[str, BacktestScore]:
        """Scores by level of the verdict, as far as there are any, "trust" first."""
        return _grouped(self.forecasts, lambda one: one.verdict, ("trust", "use with care", "do not use"))

    @property
    def by_emerged(self) -> dict[int, BacktestScore]:
        """Scores by the number of skills that had emerged at the moment, ascending."""
        return _grouped(self.forecasts, lambda one: one.n_emerged, sorted({one.n_emerged for one in self.forecasts}))

    def summary(self) -> dict[str, Any]:
        """Scores, forecasts and refused moments as plain data; unknown numbers are None or NaN."""
        return {
            "resource": self.resource,
            "threshold": self.threshold,
            "level": self.level,
            "last": plain(self.last),
            "n_runs": self.n_runs,
            "usable": _plain_score(self.usable),
            "by_verdict": {str(key): _plain_score(one) for key, one in self.by_verdict.items()},
            "by_emerged": {str(key): _plain_score(one) for key, one in self.by_emerged.items()},
            "forecasts": [{"name": self.names[one.skill - 1]} | asdict(one) for one in self.forecasts],
            "refused": [asdict(one) for one in self.refused],
        }


@explained
def backtest(
    curves: xr.Dataset,
    frequencies: SkillFrequencies | Literal["fitted"] | None = None,
    *,
    moments: Sequence[float] | None = None,
    until: float | None = None,
    threshold: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
    **asked: Any,
) -> Backtest:
    """Forecast at every earlier moment of a training, from nothing later, and set beside it what came.

    Each moment's calibration, forecast and verdict are those that `saltus.assess` gives up to it. On the command line,
    ``saltus forecast --backtest``. Two things are known in hindsight: the scale that `read_curves` gave the values,
    and the learning rates that a log tells.

    Args:
        curves: labelled curves (`saltus.curves`), over steps, data or parameters; several runs are averaged.
        frequencies: of their skills, as for `saltus.assess`.
        moments: steps or sizes at which to ask, each at or after the first measurement. By default those at which a
            skill had just emerged, and others in equal ratios between them, 24 at most.
        until: end of the known world: nothing beyond it is used, not even to score. By default the last measurement.
        threshold: the strength R/S that counts as emerged, between 0 and 1.
        progress: called after every moment with the number of those done, and of all.
        **asked: further arguments of `saltus.assess`, such as ``on_skill``, ``schedule`` or ``level``. A
            ``calibration`` should come from another training: one on these curves knows their future.

    Raises:
        InputError: if a value is out of range, or if every moment ends in an error: then its own.
    """
    resource = resource_of(curves).name
    world = curves if until is None else curves.isel({resource: curves[resource].to_numpy() <= until})
    at = world[resource].to_numpy().astype(float)
    if at.size < 2:
        first = f"first {resource}: {float(curves[resource][0]):.12g}"
        raise InputError("a backtest needs at least two measurements", int(at.size), first)
    seen = emergence_times(world, threshold)
    chosen = default_moments(at, seen) if moments is None else _checked(moments, at)
    last = _last_measured(world)
    forecasts: list[PastForecast] = []
    refused: list[RefusedMoment] = []
    errors: list[InputError] = []
    level = math.nan
    for done, moment in enumerate(chosen, start=1):
        come = _come_by(moment, seen)
        n_emerged = int(come.sum())
        try:
            found = assess(world, frequencies, until=moment, threshold=threshold, **asked)
        except InputError as error:
            errors.append(error)
            refused.append(RefusedMoment(moment, n_emerged, f"{error.rule}: {error.advice}"))
        else:
            if found.forecast is None:
                refused.append(RefusedMoment(moment, n_emerged, found.verdict.reasons[0]))
            else:
                level = found.forecast.level
                forecasts += _past(found, n_emerged, np.flatnonzero(~come).tolist(), last)
        if progress is not None:
            progress(done, len(chosen))
    if len(errors) == len(chosen):  # no doubt of one moment, but a request that none can meet
        raise errors[-1]
    return Backtest(
        resource=resource,
        threshold=threshold,
        level=level,
        last=float(at[-1]),
        n_runs=world.sizes["run"],
        names=skill_names(world),
        observed=seen.mean,
        forecasts=tuple(forecasts),
        refused=tuple(refused),
    )


def default_moments(at: Floats, seen: EmergenceTimes) -> tuple[float, ...]:
    """Measured amounts, ascending: those by which a skill had just emerged, and others in equal ratios between.

    They begin before the first emergence, end before the last measurement, and after the last emergence if others are
    still to come.

    Args:
        at: measured amounts, ascending, at least two.
        seen: emergence times of the skills.
    """
    times = seen.mean[np.isfinite(seen.mean)]
    usable = at[(at > 0) & (at < at[-1])]
    if usable.size == 0:
        return (float(at[0]),)
    waiting = ~(np.isfinite(seen.mean) | seen.censored)
    end = usable[-1] if waiting.any() or times.size == 0 else times.max()
    changes = np.unique(at[np.searchsorted(at, times).clip(max=at.size - 1)])
    changes = changes[(changes > 0) & (changes < at[-1]) & (changes <= end)]
    if changes.size > _MOST_MOMENTS:
        changes = changes[np.linspace(0, changes.size - 1, _MOST_MOMENTS).round().astype(int)]
    start = min(max(times.min(initial=end) / _BEFORE_THE_FIRST, usable[0]), end)
    between = np.geomspace(start, end, max(_ENOUGH_MOMENTS - changes.size, 0) + 1)[:-1]
    snapped = usable[np.maximum(np.searchsorted(usable, between, side="right") - 1, 0)]
    return tuple(np.unique([*changes, *snapped]).tolist()) or (float(usable[-1]),)


def score(forecasts: Iterable[PastForecast]) -> BacktestScore:
    """The sums over these forecasts."""
    ones = list(forecasts)
    errors = [abs(one.log10_error) for one in ones if math.isfinite(one.observed)]
    counted = Counter(one.hit for one in ones)
    return BacktestScore(
        n_forecasts=len(ones),
        n_skills=len({one.skill for one in ones}),
        n_hits=counted[True],
        n_misses=counted[False],
        median_error=median(errors) if errors else math.nan,
    )


def _grouped(
    forecasts: Sequence[PastForecast], key: Callable[[PastForecast], K], order: Iterable[K]
) -> dict[K, BacktestScore]:
    found = {value: [one for one in forecasts if key(one) == value] for value in order}
    return {value: score(ones) for value, ones in found.items() if ones}


def _plain_score(one: BacktestScore) -> dict[str, Any]:
    return asdict(one) | {"n_open": one.n_open}


def _checked(moments: Sequence[float], at: Floats) -> tuple[float, ...]:
    chosen = np.unique(np.asarray(moments, dtype=float))
    if chosen.size == 0 or not (np.isfinite(chosen).all() and chosen[0] >= at[0]):
        rule = f"moments must be amounts from the first measurement, {at[0]:.12g}, on"
        raise InputError(rule, list(moments), "leave them out for the default ones")
    return tuple(chosen.tolist())


def _come_by(moment: float, seen: EmergenceTimes) -> Flags:
    """Whether each skill had emerged, over runs on average, or stood when it was first measured."""
    return np.asarray((seen.mean <= moment) | (seen.censored & (seen.before <= moment)))


def _last_measured(world: xr.Dataset) -> Floats:
    """Amount of each skill's last measurement, shape ``(n_skills,)``; 0 for a skill that has none."""
    strength = world["strength"]
    known = np.isfinite(strength.to_numpy()).any(axis=0)
    return np.asarray(np.where(known, world[strength.dims[-1]].to_numpy().astype(float), 0.0).max(axis=-1))


def _past(found: Assessment, n_emerged: int, waiting: Sequence[int], last: Floats) -> Iterator[PastForecast]:
    """The forecasts of skills that had not come, by their positions."""
    forecast = found.forecast
    assert forecast is not None
    assert forecast.measured is not None
    errors, hits = forecast.log10_ratio, forecast.hit
    for k in waiting:
        low, high = forecast.interval[k].tolist()
        observed = float(forecast.measured.mean[k])
        missing = math.isnan(observed) and not forecast.measured.censored[k]
        yield PastForecast(
            moment=found.until,
            n_emerged=n_emerged,
            skill=k + 1,
            forecast=float(forecast.emergence_time[k]),
            interval=(low, high),
            observed=observed,
            log10_error=float(errors[k]),
            hit=False if missing and high < last[k] else hits[k],
            verdict=found.verdict.level,
        )
