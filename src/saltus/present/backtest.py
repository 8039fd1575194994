"""The report of ``saltus forecast --backtest``: how forecasts at earlier moments of the same training did."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saltus._version import __version__
from saltus.curves.axis import Axis, axis_of
from saltus.curves.names import has_names
from saltus.curves.report import counted
from saltus.figures.backtest import backtest_figure
from saltus.forecast.backtest import Backtest, BacktestScore, PastForecast, RefusedMoment
from saltus.present.report import Report
from saltus.present.table import Column, Table
from saltus.resource import STEP

if TYPE_CHECKING:
    import xarray as xr

_SHORT = {"trust": "trust", "use with care": "care", "do not use": "do not"}
_NEVER = "not within schedule"


def backtest_report(curves: xr.Dataset, found: Backtest, settings: Mapping[str, Any]) -> Report:
    """Answer, table, summary, figure and remarks.

    Args:
        curves: labelled curves.
        found: their backtest.
        settings: options of the command line, by name; they are written down.
    """
    axis = axis_of(curves)
    given = settings["curves"]
    first = Path(given if isinstance(given, str) else given[0]).name
    note = f"saltus {__version__}: {first}, {axis.unit} up to {axis.text(found.last)}"
    rows: list[PastForecast | RefusedMoment] = sorted(
        (*found.refused, *found.forecasts), key=lambda one: (one.moment, getattr(one, "skill", 0))
    )
    return Report(
        title=answer(found),
        table=Table(_columns(axis, found.level), [_row(one, found, axis) for one in rows]),
        summary={
            "answer": answer(found),
            **found.summary(),
            "unit": axis.unit,
            "settings": settings,
            "version": __version__,
        },
        name="backtest",
        figures={"backtest": backtest_figure(found, axis, note)} if found.forecasts else {},
        remarks=list(_remarks(curves, found)),
    )


def answer(found: Backtest) -> str:
    """The outcome in one line."""
    when = "while it trained" if found.resource == STEP.name else "from smaller sizes"
    if not found.forecasts:
        return f"No forecast could be made at any of {counted(len(found.moments), 'moment')} {when}"
    usable, warned = found.usable, found.warned
    parts = [f"No forecast made {when} could be used"]
    if usable.n_forecasts:
        parts = [
            f"Of {_size(usable)} made {when}, {_outcome(usable)}",
            *_median(usable),
        ]
    if warned.n_forecasts:
        more = "more " if usable.n_forecasts else ""
        parts.append(f"of {warned.n_forecasts} {more}called 'do not use', {_outcome(warned)}")
    return "; ".join(parts)


def _size(one: BacktestScore) -> str:
    return f"{counted(one.n_forecasts, 'forecast')} of {counted(one.n_skills, 'skill')}"


def _outcome(one: BacktestScore) -> str:
    waiting = f", {one.n_open} may still hold" if one.n_open else ""
    return f"{one.n_hits} held, {one.n_misses} did not{waiting}"


def _median(one: BacktestScore) -> list[str]:
    return [] if math.isnan(one.median_error) else [f"median error {one.median_error:.2g} decades"]


def _columns(axis: Axis, level: float) -> Sequence[Column]:
    resource = axis.resource
    return (
        Column("moment", f"{'at' if axis.ordinary else 'after'} {axis.one}", form=axis.form),
        Column("n_emerged", "known"),
        Column("skill", parts=("skill", "name"), instead="called"),
        Column(resource.emergence, "forecast", form=axis.form, instead="never"),
        Column(
            "interval",
            f"{level:.0%} interval" if math.isfinite(level) else "interval",
            form=axis.form,
            parts=("interval_from", "interval_to"),
            instead="endless",
        ),
        Column(resource.observed, "observed", form=axis.form, missing="not yet"),
        Column("log10_error", "error", form="+.3f"),
        Column("hit"),
        Column("verdict", parts=("verdict", "reason"), instead="short"),
    )


def _row(one: PastForecast | RefusedMoment, found: Backtest, axis: Axis) -> dict[str, Any]:
    resource = axis.resource
    row: dict[str, Any] = {"moment": one.moment, "n_emerged": one.n_emerged}
    if isinstance(one, RefusedMoment):
        empty = ("skill", resource.emergence, "interval", resource.observed, "log10_error", "hit")
        return row | dict.fromkeys(empty) | {"verdict": ("no forecast", one.reason), "short": "none"}
    name, (low, high) = found.names[one.skill - 1], one.interval
    row |= {
        "skill": (one.skill, name),
        "called": name if has_names(found.names) else str(one.skill),
        resource.emergence: one.forecast,
        "interval": one.interval,
        resource.observed: one.observed,
        "log10_error": one.log10_error,
        "hit": one.hit,
        "verdict": (one.verdict, None),
        "short": _SHORT[one.verdict],
    }
    if math.isinf(one.forecast):
        row["never"] = _NEVER
    if math.isinf(high):
        row["endless"] = _NEVER if math.isinf(low) else f"from {axis.text(low)}"
    return row


def _remarks(curves: xr.Dataset, found: Backtest) -> Iterator[str]:
    """Scores by verdict and by what was known, reasons of refused moments, and what was known in hindsight."""
    for level, one in found.by_verdict.items():
        yield f"{level}: {_scored(one)}"
    for known, one in found.by_emerged.items():
        yield f"from {counted(known, 'emerged skill')}: {_scored(one)}"
    kinds = [one.reason.partition(" (")[0] for one in found.refused]  # numbers in brackets go with the moment
    for kind in dict.fromkeys(kinds):
        alike = [one for one, its in zip(found.refused, kinds, strict=True) if its == kind]
        axis = axis_of(curves)
        first, last = axis.text(alike[0].moment), axis.text(alike[-1].moment)
        span = first if len(alike) == 1 else f"{first} to {last}"
        yield f"no forecast at {counted(len(alike), 'moment')} ({axis.one} {span}): {alike[-1].reason}"
    if found.n_runs > 1:
        yield f"curves averaged over {found.n_runs} runs, which count as one training"
    if len({one.moment for one in found.forecasts}) > 1:
        yield "forecasts of one skill at several moments are no independent ones"
    if json.loads(curves.attrs.get("settings", "{}")).get("order") == "emergence":
        yield "the order of the skills was known in hindsight (order='emergence'): earlier forecasts did not have it"


def _scored(one: BacktestScore) -> str:
    judged = f"{one.n_hits} of {one.n_judged} held" if one.n_judged else "none judged yet"
    waiting = f", {one.n_open} may still hold" if one.n_open else ""
    return "; ".join([f"{_size(one)}, {judged}{waiting}", *_median(one)])
