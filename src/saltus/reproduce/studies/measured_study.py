"""The forecast study on measured curves: errors and coverage by number of checkpoints and items, chance and ceiling.

Ours, not in the paper. The runs are testing ones of the study of recipes; their nearly exact curves are thinned, drawn,
written as a log and read again. The recipe and the frequencies are told; the ceiling is not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._version import __version__
from saltus.curves.crossings import crossing_times
from saltus.forecast.assess import assess
from saltus.forecast.time.recipes import recipe_for
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.over_runs import error_of_mean
from saltus.reproduce.shared.runs import train_all
from saltus.reproduce.studies.blurred_curves import Measuring, Spacing, blurred
from saltus.reproduce.studies.recipe_jobs import SGD, RecipeSettings, draw_recipe_jobs
from saltus.reproduce.studies.study_runs import Moment, StudyRun, collected, moments_of
from saltus.reproduce.studies.study_scores import interval_width, log10_ratio, mean_of, median_of
from saltus.settings import describe

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_SPACINGS: tuple[tuple[int, Spacing], ...] = ((200, "log"), (30, "log"), (20, "log"), (20, "linear"), (10, "linear"))
_ITEMS = (10_000, 1000, 200, 50)
_MOST_KNOWN = 2  # skills after which no further forecast is scored

WAYS = (
    Measuring(200, items=None),
    *(Measuring(n, spacing, items) for (n, spacing), items in product(_SPACINGS, _ITEMS)),
    *(Measuring(n, spacing, items, chance=0.25) for (n, spacing), items in product(_SPACINGS[1:4:2], _ITEMS)),
    *(Measuring(items=items, tokens=tokens) for tokens, items in product((2, 4), (1000, 200))),
    *(Measuring(items=items, ceiling=0.9) for items in (1000, 200)),
)
"""The measurements that are compared."""


@dataclass(frozen=True)
class MeasuredSettings:
    """Runs to be measured, and how.

    Attributes:
        runs: the study of which they are testing runs.
        n_runs: number of the first ones of the families.
        families: names of the families to take them from.
        ways: measurements.
    """

    runs: RecipeSettings = RecipeSettings(160, 60)  # noqa: RUF009
    n_runs: int = 12
    families: tuple[str, ...] = ("adam", "adamw-logistic", SGD)
    ways: tuple[Measuring, ...] = WAYS


_COLUMNS = (
    Column("checkpoints"),
    Column("spacing"),
    Column("items", instead="items_text"),
    Column("chance", form="g"),
    Column("tokens"),
    Column("ceiling", form="g"),
    *(
        Column(f"{name}_{known}", f"{said}, {known} known", form=form)
        for known in range(1, _MOST_KNOWN + 1)
        for name, said, form in (
            ("n_skills", "skills", "d"),
            ("median_error", "median |error|, dex", ".3f"),
            ("coverage", "in the 90 % interval", ".0%"),
            ("coverage_error", "± se", ".0%"),
            ("width", "width, dex", ".2f"),
        )
    ),
)


def reproduce(settings: MeasuredSettings, options: RunOptions) -> Report:
    """Train the runs, measure them in every way, forecast from one and two skills, and count."""
    runs = _runs(settings, options)
    rows = measured_rows(runs, settings.ways, options.seed)
    table = [_row(way, rows[rows["way"] == i]) for i, way in enumerate(settings.ways)]
    return Report(
        title="Forecasts from curves as evaluations measure them",
        table=Table(_COLUMNS, table),
        summary={
            "scores": table,
            "seeds": [run.job.seed for run in runs],
            "settings": describe(settings),
            "version": __version__,
        },
        tables={"forecasts": rows},
    )


def _runs(settings: MeasuredSettings, options: RunOptions) -> list[StudyRun]:
    jobs = list(enumerate(draw_recipe_jobs(settings.runs, options.seed)))[settings.runs.n_teaching :]
    chosen = [(i, job) for i, job in jobs if settings.runs.family(i) in settings.families][: settings.n_runs]
    results = train_all([job for _, job in chosen], options)
    return [
        StudyRun(i, settings.runs.family(i), False, job, collected(job, seen))
        for (i, job), seen in zip(chosen, results, strict=True)
    ]


def measured_rows(runs: Sequence[StudyRun], ways: Sequence[Measuring], seed: int) -> pd.DataFrame:
    """One row a way, run, moment and skill to come: forecast, and the time of the nearly exact curve."""
    import pandas as pd

    found = (row for way, how in enumerate(ways) for run in runs for row in _rows_of(run, way, how, seed))
    return pd.DataFrame(found, columns=[one.name for one in fields(_Forecast)])


@dataclass(frozen=True)
class _Forecast:
    """A row of the table of forecasts."""

    way: int
    run: int
    family: str
    known: int
    now: float
    skill: int
    measured_time: float
    last_step: float
    forecast_time: float
    interval_from: float
    interval_to: float
    hit: bool


def _rows_of(run: StudyRun, way: int, how: Measuring, seed: int) -> Iterator[dict[str, Any]]:
    curves = blurred(run.curves, how, np.random.default_rng([seed, 3, run.number]))
    for moment in moments_of(curves, _MOST_KNOWN, how.ceiling):
        yield from (asdict(one) for one in _forecasts(run, curves, way, moment))


def _forecasts(run: StudyRun, curves: xr.Dataset, way: int, moment: Moment) -> Iterator[_Forecast]:
    """Forecasts of the skills that stand below a half, as measured and in truth."""
    times, last = run.times, run.last
    made = assess(curves, run.job.task.frequencies, until=moment.now, recipe=recipe_for(run.curves)).forecast
    if made is None:
        return
    for k in np.flatnonzero(~(times <= moment.now) & ~(crossing_times(curves)[0] <= moment.now)).tolist():
        came, (low, high) = math.isfinite(times[k]), made.interval[k].tolist()
        yield _Forecast(
            way=way,
            run=run.number,
            family=run.family,
            known=min(moment.known, _MOST_KNOWN),
            now=moment.now,
            skill=k + 1,
            measured_time=float(times[k]),
            last_step=last,
            forecast_time=float(made.emergence_time[k]),
            interval_from=low,
            interval_to=high,
            hit=bool(low <= times[k] <= high) if came else bool(high > last),
        )


def _row(how: Measuring, rows: pd.DataFrame) -> dict[str, Any]:
    found: dict[str, Any] = asdict(how) | {"items_text": "exact" if how.items is None else None}
    for known in range(1, _MOST_KNOWN + 1):
        own = rows[rows["known"] == known]
        came = own[own["measured_time"].notna()]
        found |= {
            f"n_skills_{known}": len(own),
            f"median_error_{known}": median_of(np.abs(log10_ratio(came, "forecast_time"))),
            f"coverage_{known}": mean_of(own["hit"].to_numpy(dtype=float)),
            f"coverage_error_{known}": error_of_mean(own["run"], own["hit"]),
            f"width_{known}": median_of(interval_width(own)),
        }
    return found
