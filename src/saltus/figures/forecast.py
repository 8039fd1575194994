"""Forecasts: measured strengths, when the skills are expected, and where "now" is; and how good forecasts were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus.figures.style import SINGLE_COLUMN, footer, house_style, skill_colors
from saltus.forecast.size.calibration import SizeCalibration

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saltus.forecast.assess import Assessment
    from saltus.forecast.base.results import EmergenceForecast
    from saltus.forecast.time.departure import Departure

_AXIS = {"step": "training step", "data": "size of the training set  $D$", "parameters": "hidden nodes  $N$"}
_NOW = {"step": "now", "data": "used up to here", "parameters": "used up to here"}
_LATER = {
    "step": "measured later, not used",
    "data": "measured beyond, not used",
    "parameters": "measured beyond, not used",
}
_FINE = np.linspace(0.02, 0.98, 25)
_MOST_POINTS = 120  # a curve: more would hide the band behind them


def forecast_figure(curves: xr.Dataset, assessment: Assessment, note: str = "") -> Figure:
    """Measured strengths (points; open ones were hidden), the forecast rise (line, 90 % band) and now (dashed line).

    Args:
        curves: labelled curves.
        assessment: of the same curves.
        note: a line below the axes.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        colors, rise = skill_colors(curves.sizes["skill"]), _at_thresholds(assessment)
        for k, color in enumerate(colors):
            _points(axes, curves.isel(skill=k), assessment, color)
            if rise:
                _rise(axes, rise, k, color)
        axes.axvline(assessment.until, color="0.3", linestyle="--", linewidth=0.8)
        axes.annotate(
            _NOW[assessment.resource],
            (assessment.until, 1.32),
            xytext=(-3, 0),
            textcoords="offset points",
            ha="right",
            fontsize=7,
        )
        axes.set(xlabel=_AXIS[assessment.resource], ylabel="skill strength  $R_k/S$", ylim=(-0.08, 1.42))
        if assessment.resource != "parameters":  # nodes add up: their ramps are straight lines
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.set_xlim(*_span(curves, assessment))
        axes.legend(handles=_keys(assessment), loc="upper left", fontsize=6.5)
        if note:
            footer(figure, note)
        return figure


def _keys(assessment: Assessment) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    points: dict[str, Any] = {"color": "0.3", "marker": "o", "linestyle": "", "markersize": 2.6}
    keys: list[Artist] = [
        Line2D([], [], label="measured", **points),
        Line2D([], [], label=_LATER[assessment.resource], markerfacecolor="white", mew=0.6, **points),
    ]
    if assessment.forecast is not None:
        keys.append(Line2D([], [], color="0.3", label="forecast"))
        keys.append(Patch(color="0.3", alpha=0.25, linewidth=0, label=f"{assessment.forecast.level:.0%} interval"))
    return keys


def _points(axes: Axes, curve: xr.Dataset, assessment: Assessment, color: np.ndarray) -> None:
    now, steps = assessment.until, curve[assessment.resource].to_numpy()
    strength = curve["strength"].mean("run").to_numpy()
    rising = (steps > 0) & np.isfinite(strength)  # a log axis has no zero
    steps, strength = steps[rising], strength[rising]
    if steps.size == 0:
        return
    wanted = np.geomspace(steps[0], steps[-1], _MOST_POINTS)
    kept = np.unique(np.searchsorted(steps, wanted).clip(max=steps.size - 1))
    for these, face in ((kept[steps[kept] <= now], color), (kept[steps[kept] > now], "white")):
        axes.plot(steps[these], strength[these], "o", color=color, markerfacecolor=face, markersize=2.6, mew=0.6)


def _rise(axes: Axes, forecasts: Sequence[EmergenceForecast], k: int, color: np.ndarray) -> None:
    """The forecast at ascending thresholds, joined; the band is their intervals."""
    levels = [one.threshold for one in forecasts]
    axes.fill_betweenx(
        levels,
        [one.interval[k, 0] for one in forecasts],
        [one.interval[k, 1] for one in forecasts],
        color=color,
        alpha=0.25,
        linewidth=0,
    )
    axes.plot([one.emergence_time[k] for one in forecasts], levels, color=color)
    top = forecasts[-1].emergence_time[k]
    axes.annotate(f"$k={k + 1}$", (top, 1.0), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=7.5)


def _at_thresholds(assessment: Assessment) -> list[EmergenceForecast]:
    """In time the scored thresholds, whose intervals were taught; in size the whole curve, which the model gives."""
    calibration = assessment.calibration
    if not isinstance(calibration, SizeCalibration):
        return [assessment.scored[at] for at in sorted(assessment.scored)]
    assert assessment.forecast is not None
    level = assessment.forecast.level
    return [calibration.forecast(assessment.frequencies, threshold=at, level=level) for at in _FINE.tolist()]


def _span(curves: xr.Dataset, assessment: Assessment) -> tuple[float, float]:
    """From a little before the first rise to a little after the last interval."""
    steps = curves[assessment.resource].to_numpy()
    first, last = float(max(steps[0], 1)), float(max(steps[-1], 2))
    if assessment.scored:
        early, late = (assessment.scored[at].interval for at in (min(assessment.scored), max(assessment.scored)))
        first, last = max(first, float(early.min()) / 3), max(assessment.until, float(late.max())) * 1.1
    return 0.0 if assessment.resource == "parameters" else first, last


def study_figure(table: pd.DataFrame, departure: Departure, threshold: float, note: str = "") -> Figure:
    """log10(measured / model) of the held-out skills against how much rarer they are, over what was learned.

    Args:
        table: of `saltus.reproduce.studies.forecast_study`.
        departure: what the teaching runs taught.
        threshold: the strength R/S whose times are drawn.
        note: a line below the axes.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        fine = np.linspace(0, departure.reach * 1.02, 200)
        mean = departure.mean(fine, threshold)
        reach = departure.quantile(0.95) * departure.sd(fine, threshold)
        axes.fill_between(fine, mean - reach, mean + reach, color="0.85", linewidth=0, label="90 % of new runs")
        axes.plot(fine, mean, color="0.3", label="learned delay")
        axes.axhline(0, color="0.3", linewidth=0.8, linestyle=":", label="the model as published")
        others = table[table["skill"] > 1]
        for role, color, marker in (("teaching", "0.5", "x"), ("testing", "C0", "o")):
            part = others[others["role"] == role]
            if part.empty:
                continue
            ratio = np.log10(part[f"measured_time_{threshold:g}"] / part[f"model_time_{threshold:g}"])
            axes.plot(
                part["decades"], ratio, linestyle="", markersize=3, color=color, marker=marker, label=f"{role} runs"
            )
        axes.set(
            xlabel="decades of frequency below the calibrated skill",
            ylabel=r"$\log_{10}$(measured / model)",
        )
        axes.legend(loc="upper left", ncols=2, fontsize=6.5)
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + 0.35 * (high - low))
        if note:
            footer(figure, note)
        return figure
