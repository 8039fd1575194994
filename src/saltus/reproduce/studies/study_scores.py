"""Sums over the rows of a study: errors, coverage and CRPS by groups, the run as the unit of every standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Flags, Floats
from saltus.forecast.time.laws import Coverage
from saltus.reproduce.shared.over_runs import error_of_mean
from saltus.reproduce.shared.proper_scores import held
from saltus.reproduce.studies.simple_rivals import RIVALS
from saltus.reproduce.studies.study_runs import MOST_KNOWN

if TYPE_CHECKING:
    import pandas as pd

NOMINAL = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Levels at which the reliability of intervals is measured."""
_LAST_CLASS = 3  # emerged skills from which forecasts are of one class


@dataclass(frozen=True)
class Score:
    """Forecasts of skills to come.

    Attributes:
        n_runs, n_skills: how many there are; a skill that is forecast at several moments counts once.
        n_forecasts: with an interval, of which ``n_censored`` are of skills that had not come at the end of their run.
        n_refused: further skills, without a forecast.
        median_error: median of \\|log10(forecast / measured)\\| of the skills that came, decades.
        mean_error: mean of log10(forecast / measured), positive where forecasts are late; infinite ones left out.
        coverage, coverage_error: share of the intervals that held and its standard error over runs; that of a skill
            that had not come held if it ends later than the run.
        coverage_seen: the same of the skills that came.
        width: median width of the intervals, decades.
        crps: mean, decades.
        rivals: median \\|log10 error\\| of each rival on the skills that came, infinite where it says nothing.
        answered: share of the skills that came of which it says anything.
        rivals_there: the median of a rival on these alone.
        forecast_there: the median of the forecasts on the same skills.
        exponent_coverage: share of the intervals of the learned exponent that held, on the skills that came.
    """

    n_runs: int
    n_skills: int
    n_forecasts: int
    n_censored: int
    n_refused: int
    median_error: float
    mean_error: float
    coverage: float
    coverage_error: float
    coverage_seen: float
    width: float
    crps: float
    rivals: dict[str, float]
    answered: dict[str, float]
    rivals_there: dict[str, float]
    forecast_there: dict[str, float]
    exponent_coverage: float

    def plain(self) -> dict[str, Any]:
        """The numbers by name, those of rivals too."""
        flat = asdict(self)
        of_rivals = {
            "median_error": flat.pop("rivals"),
            "answered": flat.pop("answered"),
            "there": flat.pop("rivals_there"),
            "forecast_there": flat.pop("forecast_there"),
        }
        return flat | {f"{what}_{name}": value for what, found in of_rivals.items() for name, value in found.items()}


def score(rows: pd.DataFrame) -> Score:
    """Sums over rows (`saltus.reproduce.studies.study_rows.rows_of`), at least one."""
    made = rows[rows["crps"].notna()]
    came = made[made["measured_time"].notna()]
    error = log10_ratio(came, "forecast_time")
    rivals = {name: np.abs(np.nan_to_num(log10_ratio(came, name), nan=np.inf)) for name in RIVALS}
    says = {name: np.isfinite(own) for name, own in rivals.items()}
    within = (came["measured_time"] >= came["exponent_from"]) & (came["measured_time"] <= came["exponent_to"])
    return Score(
        n_runs=int(made["run"].nunique()),
        n_skills=len(made.groupby(["run", "skill"])),
        n_forecasts=len(made),
        n_censored=len(made) - len(came),
        n_refused=len(rows) - len(made),
        median_error=median_of(np.abs(error)),
        mean_error=mean_of(error[np.isfinite(error)]),
        coverage=mean_of(made["hit"].to_numpy(dtype=float)),
        coverage_error=error_of_mean(made["run"], made["hit"]),
        coverage_seen=mean_of(came["hit"].to_numpy(dtype=float)),
        width=median_of(interval_width(made)),
        crps=mean_of(made["crps"].to_numpy()),
        rivals={name: median_of(own) for name, own in rivals.items()},
        answered={name: mean_of(own) for name, own in says.items()},
        rivals_there={name: median_of(own[says[name]]) for name, own in rivals.items()},
        forecast_there={name: median_of(np.abs(error[own])) for name, own in says.items()},
        exponent_coverage=mean_of(within.to_numpy(dtype=float)),
    )


def log10_ratio(rows: pd.DataFrame, forecast: str) -> Floats:
    """log10(forecast / measured); infinite where a schedule ends first."""
    return np.asarray(np.log10(rows[forecast].to_numpy(dtype=float) / rows["measured_time"].to_numpy(dtype=float)))


def interval_width(rows: pd.DataFrame) -> Floats:
    """Widths of the intervals, decades; infinite where a schedule ends before the upper end."""
    low, high = np.log10(rows["interval_from"].to_numpy(float)), np.log10(rows["interval_to"].to_numpy(float))
    return np.where(np.isfinite(high), high - np.where(np.isfinite(low), low, 0.0), np.inf)


def median_of(values: Floats) -> float:
    """The median; NaN without values."""
    return float(np.median(values)) if values.size else math.nan


def mean_of(values: Floats | Flags) -> float:
    """The mean; NaN without values."""
    return float(np.mean(values)) if values.size else math.nan


def by_family_and_known(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Scores by family and number of skills known, all families first; numbers above `MOST_KNOWN` count as that."""
    families = ["all", *dict.fromkeys(rows["family"].sort_values())]
    return [
        {"family": family, "known": known, **score(chosen).plain()}
        for family in families
        for known in range(1, MOST_KNOWN + 1)
        if len(chosen := rows[_of_known(rows, known) & (_of_family(rows, family))])
    ]


def _of_family(rows: pd.DataFrame, family: str) -> Any:
    return (rows["family"] == family) | (family == "all")


def _of_known(rows: pd.DataFrame, known: int) -> Any:
    return rows["known"].clip(upper=MOST_KNOWN) == known


def by_group(rows: pd.DataFrame, column: str, order: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Scores by the values of a column, in an order or else sorted."""
    values = [one for one in order if (rows[column] == one).any()] or sorted(rows[column].unique())
    return [{column: value, **score(rows[rows[column] == value]).plain()} for value in values]


def coverage_by_class(rows: pd.DataFrame) -> dict[str, list[Coverage]]:
    """Measured coverage by recipe, of the forecasts that the curves themselves do not forbid.

    A skill that is forecast twice in a class counts once, by its first forecast.
    """
    usable = rows[rows["crps"].notna() & (rows["on_curves"] != "do not use")]
    classes = usable.assign(known=usable["known"].clip(upper=_LAST_CLASS)).sort_values("now")
    classes = classes.drop_duplicates(["recipe", "scheduled", "known", "run", "skill"])
    found: dict[str, list[Coverage]] = {}
    for _, some in classes.groupby(["recipe", "scheduled", "known"]):
        first = some.iloc[0]
        found.setdefault(str(first["recipe"]), []).append(
            Coverage(
                known=int(first["known"]),
                scheduled=bool(first["scheduled"]),
                skills=len(some),
                runs=int(some["run"].nunique()),
                held=int(some["hit"].sum()),
            )
        )
    return found


def reliability(rows: pd.DataFrame) -> list[dict[str, float]]:
    """Share of the central intervals that held, by their nominal level, with its standard error over runs."""
    made = rows[rows["crps"].notna()]
    found = [(level, held(made["pit_from"], made["pit_to"], level)) for level in NOMINAL]
    return [
        {"level": level, "held": mean_of(inside), "error": error_of_mean(made["run"], inside)}
        for level, inside in found
    ]
