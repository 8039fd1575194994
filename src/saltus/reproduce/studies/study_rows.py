"""Forecasts at the moments of a study's runs, beside what came and what simpler rivals said: a row a skill to come."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from saltus._types import Flags, Floats
from saltus.errors import InputError
from saltus.forecast.assess import Assessment, assess
from saltus.forecast.time.arrivals import Arrivals
from saltus.forecast.time.laws import Recipe
from saltus.forecast.time.recipes import recipe_for
from saltus.reproduce.shared.proper_scores import crps
from saltus.reproduce.studies.simple_rivals import Exponent, by_frequency, by_own_broken_law, by_own_logistic
from saltus.reproduce.studies.study_runs import StudyRun, moments_of, settings_in_words
from saltus.statistics import student_quantile

if TYPE_CHECKING:
    import xarray as xr

Told = Literal["everything", "no network", "no optimiser", "no frequencies"]
TOLD: tuple[Told, ...] = get_args(Told)
"""Facts about a run that its forecasts are told: without the network they go by the recipe "other", and so on."""
_LEVEL = 0.9  # probability of the intervals


def rows_of(
    run: StudyRun, recipes: Mapping[str, Recipe], exponent: Exponent, told: Told = "everything"
) -> Iterator[dict[str, Any]]:
    """One row a moment and skill to come: settings, outcome, forecast with its scores, and what rivals say.

    Args:
        run: that taught nothing.
        recipes: by name; the run is forecast by the one of its kind.
        exponent: learned on other runs.
        told: facts that the forecast is told; none where it is told less, and goes by the same recipe all the same.
    """
    about, frequency, times = settings_in_words(run), run.job.task.frequencies.first(), run.times
    curves, ranked = _as_told(run.curves, told), told == "no frequencies"
    recipe = recipes[recipe_for(curves, by_rank=ranked).name]
    if told != TOLD[0] and recipe.name == recipe_for(run.curves).name:
        return
    for moment in moments_of(run.curves):
        to_come = ~(times <= moment.now)
        if not to_come.any():
            continue
        frequencies: Literal["fitted"] | None = "fitted" if ranked else None
        try:
            made = assess(curves, frequencies, until=moment.now, recipe=recipe, level=_LEVEL)
        except InputError:  # no second skill has shown itself yet, so that nothing is known of frequencies
            continue
        strength = run.curves["strength"].sel(step=moment.now).to_numpy()[0]
        rivals = _rivals(run, moment.now, to_come, exponent) if told == TOLD[0] else {}  # they are told no less
        for k in np.flatnonzero(to_come).tolist():
            yield about | {
                "told": told,
                "known": moment.known,
                "now": moment.now,
                "skill": k + 1,
                "frequency": frequency[k],
                "decades": math.log10(frequency[0] / frequency[k]),
                "samples": run.job.training.batch_size * frequency[k],
                "strength_now": strength[k],
                "measured_time": times[k],
                "last_step": run.last,
                **_scored(made, k, float(times[k]), run.last),
                "verdict": made.verdict.level,
                "on_curves": made.verdict.on_curves,
                "reason": made.verdict.reasons[0],
                "recipe": recipe.name,
                "scheduled": made.in_effective_time,
                **{name: float(said[k]) for name, said in rivals.items()},
            }


def _as_told(curves: xr.Dataset, told: Told) -> xr.Dataset:
    """The curves with no more settings than a log of another program would have."""
    kept = {"no network": ("optimizer", "batch_size"), "no optimiser": ("batch_size",)}.get(told)
    if kept is None:
        return curves
    settings = json.loads(curves.attrs["settings"])["training"]
    return curves.assign_attrs(settings=json.dumps({name: settings[name] for name in kept}))


def _rivals(run: StudyRun, now: float, to_come: Flags, exponent: Exponent) -> dict[str, Floats]:
    """Steps at which each rival expects the skills to come, and the interval of the learned exponent."""
    steps, strength = run.curves["step"].to_numpy().astype(float), run.curves["strength"].to_numpy()[0]
    frequency, times = run.job.task.frequencies.first(), run.times
    known = (steps > 0) & (steps <= now)
    own = {"logistic": np.full(len(times), np.nan), "broken": np.full(len(times), np.nan)}
    for k in np.flatnonzero(to_come).tolist():
        own["logistic"][k] = by_own_logistic(steps[known], strength[k, known], now)
        own["broken"][k] = by_own_broken_law(steps[known], strength[k, known], now)
    by_exponent = by_frequency(times, frequency, now, exponent.gamma)
    reach = 10 ** (float(student_quantile(0.5 + _LEVEL / 2, math.inf)) * exponent.sd)
    return {
        "inverse": by_frequency(times, frequency, now, 1.0),
        "exponent": by_exponent,
        "exponent_from": by_exponent / reach,
        "exponent_to": by_exponent * reach,
        **own,
    }


def _scored(made: Assessment, k: int, time: float, last: float) -> dict[str, Any]:
    """A skill's forecast and its scores; those of a skill that had not come at the end are up to there."""
    forecast = made.forecast
    if forecast is None or not isinstance(forecast.arrivals, Arrivals):
        names = ("forecast_time", "interval_from", "interval_to", "crps", "pit_from", "pit_to", "log10_error")
        return dict.fromkeys(names, math.nan) | {"hit": False}
    came = math.isfinite(time)
    log_time = math.log10(time if came else last)
    low, high = forecast.interval[k].tolist()
    by = float(forecast.arrivals.probability_by(log_time)[k])
    grid, cdf = forecast.arrivals.log_time[k], forecast.arrivals.cdf[k]
    return {
        "forecast_time": float(forecast.emergence_time[k]),
        "interval_from": low,
        "interval_to": high,
        "crps": crps(grid, cdf, log_time) if came else crps(grid, cdf, math.inf, log_time),
        "pit_from": by,
        "pit_to": by if came else 1.0,
        "log10_error": math.log10(forecast.emergence_time[k] / time) if came else math.nan,
        "hit": bool(low <= time <= high) if came else bool(high > last),
    }
