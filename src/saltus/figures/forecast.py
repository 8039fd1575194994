"""Forecasts: measured strengths, expected rises and the line of "now"; and errors of past forecasts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Flags, Floats
from saltus.curves.axis import SHORT, Axis, amount_text, axis_of
from saltus.curves.names import has_names, skill_names
from saltus.figures.style import SINGLE_COLUMN, footer, house_style, skill_colors
from saltus.resource import PARAMETERS, Resource

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saltus.forecast.assess import Assessment
    from saltus.forecast.base.results import EmergenceForecast

_PARTS = re.compile(r"([^0-9A-Za-z]+)")  # separators of the parts of a name
_LONGEST = 16  # characters of a label
_FEW_DECADES = 300.0  # ratio of the ends of an axis below which numbers between its decades have room
_NAMED = 8  # most skills in a legend
_MOST_POINTS = 120  # points drawn of a curve: more would hide the line behind them
_CURVE_POINTS = 101  # points of an expected curve
_TOP = 1.3  # upper end of the axis of R/S, with room for names over the curves
_LANE = 0.045  # R/S between bars that stand above each other
_FAINT = 0.45  # opacity of forecasts of what has come
_LETTER = 0.015  # width of a letter over that of the axes
_LABEL_ROWS = 3  # most rows of names


def forecast_figure(
    curves: xr.Dataset, assessment: Assessment, rise: Sequence[EmergenceForecast], note: str = ""
) -> Figure:
    """Measured strengths (open points were hidden), expected curves, interval bars at the threshold, and now (dashed).

    Args:
        curves: labelled curves.
        assessment: the assessment of these curves.
        rise: its forecasts at ascending thresholds, joined to a smooth line; empty for none.
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure

    axis = axis_of(curves)
    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        labels, colors = skill_labels(skill_names(curves)), skill_colors(curves.sizes["skill"])
        low, high = _span(curves, assessment, axis)
        _scale(axes, axis, low, high)
        for k, color in enumerate(colors):
            _points(axes, curves.isel(skill=k), assessment, color)
        lines = [smooth_rise(rise, k) for k in range(len(colors))] if rise else []
        strength = np.where(_used(curves, assessment), curves["strength"].mean("run").to_numpy(), -np.inf)
        weights = np.where((strength >= 0.5).any(axis=-1), _FAINT, 1.0)  # what has come is a test, and no news
        for line, color, weight in zip(lines, colors[: len(lines)], weights[: len(lines)], strict=True):
            axes.plot(*line, color=color, zorder=2.5, alpha=weight)
        ends = [float(times[-1]) if levels.size and levels[-1] >= 0.5 else np.inf for times, levels in lines]
        has_room = bool(lines) and _labels(axes, ends, labels)
        if assessment.forecast is not None:
            _bars(axes, assessment.forecast, colors, weights)
        axes.axvline(assessment.until, color="0.3", linestyle="--", linewidth=0.8)
        axes.annotate(
            axis.resource.now,
            (assessment.until, _TOP),
            xytext=(3, -2),
            textcoords="offset points",
            va="top",
            fontsize=7,
        )
        keys = _keys(assessment, axis.resource, averaged=curves.sizes["run"] > 1)
        if not has_room and (lines or has_names(skill_names(curves))):
            keys += _named_points(labels, colors)
        figure.legend(handles=keys, loc="outside upper left", ncols=4 if len(keys) <= 4 else 3, fontsize=6.5)
        if note:
            footer(figure, note)
        return figure


def _scale(axes: Axes, axis: Axis, low: float, high: float) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set(xlabel=axis.label, ylabel="skill strength  $R_k/S$", ylim=(-0.08, _TOP))
    axes.set_yticks(np.linspace(0, 1, 6))
    if axis.resource is not PARAMETERS:  # nodes add up: their ramps are straight lines
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < _FEW_DECADES * low else (1,)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter("{x:,.0f}" if axis.ordinary else lambda x, _: amount_text(x, SHORT))
    axes.set_xlim(low, high)


def smooth_rise(forecasts: Sequence[EmergenceForecast], k: int) -> tuple[Floats, Floats]:
    """Times and R/S of one skill's expected curve: through its medians, monotone, without a kink.

    Between them, and a little beyond, log time is a monotone cubic in the logit of R/S; a single one is a point. Where
    a schedule ends first, so does the curve.
    """
    from scipy.interpolate import PchipInterpolator
    from scipy.special import expit, logit

    levels = np.array([one.threshold for one in forecasts])
    times = np.array([float(one.emergence_time[k]) for one in forecasts])
    reached = np.isfinite(times) & (times > 0)
    levels, times = levels[reached], times[reached]
    if len(levels) < 2:
        return times, levels
    x = logit(levels)
    inside = np.linspace(x[0], x[-1], _CURVE_POINTS)
    log_times = np.asarray(PchipInterpolator(x, np.log(times))(inside))
    return np.exp(log_times), np.asarray(expit(inside))


def _bars(axes: Axes, forecast: EmergenceForecast, colors: Floats, weights: Floats) -> None:
    """The interval and the median of each skill at the threshold; bars that would touch stand above each other."""
    from matplotlib.patheffects import Normal, Stroke

    low, high = axes.get_xlim()
    ends = np.clip(np.nan_to_num(forecast.interval, posinf=10 * high), None, 10 * high)
    own = np.zeros(len(ends), bool) if forecast.own_date is None else forecast.own_date
    drawn = [k for k in range(len(ends)) if not own[k] and low < ends[k, 1] and ends[k, 0] < high]
    for k, lane in zip(drawn, _lanes(ends[drawn]), strict=True):
        height, middle = forecast.threshold + _LANE * lane, float(forecast.emergence_time[k])
        look: dict[str, Any] = {"color": colors[k], "alpha": weights[k], "zorder": 3}
        bar = axes.plot(ends[k], [height, height], "|-", linewidth=1.1, markersize=5, **look)
        bar[0].set_path_effects([Stroke(linewidth=2.6, foreground="white"), Normal()])
        if np.isfinite(middle):
            axes.plot([middle], [height], "D", markersize=3.4, mec="white", mew=0.5, **look)


def _lanes(ends: Floats) -> list[int]:
    """Places 0, 1, -1, 2, ... of bars, so that none touches another of its place where there is room."""
    free: dict[int, float] = {}
    places = []
    for first, last in ends.tolist():
        order = (0, 1, -1, 2, -2)
        place = next((one for one in order if first > free.get(one, -np.inf)), order[len(places) % len(order)])
        free[place] = last
        places.append(place)
    return places


def _labels(axes: Axes, ends: Sequence[float], labels: Sequence[str]) -> bool:
    """Write names over the ends of the curves, in rows that keep them apart; False where there is no room for all.

    A curve that no schedule ends has its name at the edge.
    """
    low, high = axes.get_xlim()
    rows: list[float] = []
    placed = []
    for end, label in sorted(zip(np.clip(ends, low, high).tolist(), labels, strict=True)):
        share = np.log(end / low) / np.log(high / low) if axes.get_xscale() == "log" else (end - low) / (high - low)
        half = (len(label.replace("$", "")) + 1) * _LETTER / 2
        place = min(max(share, half), 1 - half)
        row = next((i for i, taken in enumerate(rows) if place - half > taken), len(rows))
        rows[row : row + 1] = [place + half]
        placed.append((place, row, label))
    if len(rows) > _LABEL_ROWS:
        return False
    for place, row, label in placed:
        at = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
        axes.annotate(label, (place, 1.0), xytext=(0, 7 + 8 * row), ha="center", fontsize=7.5, **at)
    return True


def _used(curves: xr.Dataset, assessment: Assessment) -> Flags:
    """Whether each measurement was used, shape ``(n,)``."""
    return np.asarray(curves[assessment.resource].to_numpy() <= assessment.until)


def _keys(assessment: Assessment, resource: Resource, *, averaged: bool) -> list[Artist]:
    from matplotlib.lines import Line2D

    points: dict[str, Any] = {"color": "0.3", "marker": "o", "linestyle": "", "markersize": 2.6}
    keys: list[Artist] = [
        Line2D([], [], label="measured, mean of runs" if averaged else "measured", **points),
        Line2D([], [], label=resource.later, markerfacecolor="white", mew=0.6, **points),
    ]
    if assessment.forecast is not None:
        interval = f"{assessment.forecast.level:.0%} interval"
        keys.append(Line2D([], [], color="0.3", label="forecast"))
        keys.append(Line2D([], [], color="0.3", linewidth=1.1, marker="|", markersize=5, label=interval))
    return keys


def _named_points(labels: Sequence[str], colors: Floats) -> list[Artist]:
    from matplotlib.lines import Line2D

    points: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 2.6}
    return [
        Line2D([], [], label=label, **points, color=color)
        for label, color in zip(labels[:_NAMED], map(tuple, colors[:_NAMED]), strict=True)
    ]


def _points(axes: Axes, curve: xr.Dataset, assessment: Assessment, color: Floats) -> None:
    """The mean over runs, and what the runs span."""
    now, steps, of_runs = assessment.until, curve[assessment.resource].to_numpy(), curve["strength"].to_numpy()
    strength = curve["strength"].mean("run").to_numpy()
    rising = (steps > 0) & np.isfinite(strength)  # a log axis has no zero
    steps, strength, of_runs = steps[rising], strength[rising], of_runs[:, rising]
    if steps.size == 0:
        return
    if len(of_runs) > 1:
        lowest, highest = np.nanmin(of_runs, axis=0), np.nanmax(of_runs, axis=0)
        axes.fill_between(steps, lowest, highest, color=color, alpha=0.15, linewidth=0)
    wanted = np.geomspace(steps[0], steps[-1], _MOST_POINTS)
    kept = np.unique(np.searchsorted(steps, wanted).clip(max=steps.size - 1))
    for these, face in ((kept[steps[kept] <= now], color), (kept[steps[kept] > now], "white")):
        axes.plot(steps[these], strength[these], "o", color=color, markerfacecolor=face, markersize=2.6, mew=0.6)


def skill_labels(names: Sequence[str]) -> list[str]:
    """Short labels of skills: the parts of their names in which they differ, or their numbers."""
    if not has_names(names):
        return [f"$k={k + 1}$" for k in range(len(names))]
    parts = [_PARTS.split(name) for name in names]
    while len(names) > 1 and all(len(own) > 1 for own in parts) and len({own[0] for own in parts}) == 1:
        parts = [own[2:] for own in parts]  # its separator too
    while len(names) > 1 and all(len(own) > 1 for own in parts) and len({own[-1] for own in parts}) == 1:
        parts = [own[:-2] for own in parts]
    short = ("".join(own) for own in parts)
    return [(one if len(one) <= _LONGEST else one[: _LONGEST - 1] + "…").replace("$", r"\$") for one in short]


def _span(curves: xr.Dataset, assessment: Assessment, axis: Axis) -> tuple[float, float]:
    """From a little before the first rise to a little after the last interval."""
    steps = curves[axis.resource.name].to_numpy()
    first, last = float(max(steps[0], 1)), float(max(steps[-1], 2))
    if not axis.ordinary:  # one need not be small, nor two
        first, last = float(steps[steps > 0].min(initial=steps[-1] or 1.0)), float(steps[-1] or 2.0)
    if assessment.scored:
        early, late = (assessment.scored[at].interval for at in (min(assessment.scored), max(assessment.scored)))
        endless = 0.0 if np.isfinite(late).all() else 2 * assessment.until  # room for what the schedule does not end
        latest = late[np.isfinite(late)].max(initial=endless)
        first, last = max(first, float(early.min()) / 3), max(assessment.until, float(latest)) * 1.1
    return 0.0 if axis.resource is PARAMETERS else first, last


@dataclass(frozen=True)
class Delay:
    """A learned departure from the model against decades of frequency below the calibrated skill.

    Attributes:
        decades: log10 of the frequency ratio, ascending, shape ``(n,)``.
        mean: log10(measured / model) at these decades.
        reach: half the width of its interval at these decades.
    """

    decades: Floats
    mean: Floats
    reach: Floats


def study_figure(delay: Delay, measured: Mapping[str, tuple[Floats, Floats]], note: str = "") -> Figure:
    """log10(measured / model) of skills against how much rarer they are than the calibrated one, over what was learned.

    Args:
        delay: the delay learned from the teaching runs.
        measured: decades and log10 ratios of skills, by the role of their runs, "teaching" or "testing".
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        low, high = delay.mean - delay.reach, delay.mean + delay.reach
        axes.fill_between(delay.decades, low, high, color="0.85", linewidth=0, label="90 % of new runs")
        axes.plot(delay.decades, delay.mean, color="0.3", label="learned delay")
        axes.axhline(0, color="0.3", linewidth=0.8, linestyle=":", label="the model as published")
        for role, (decades, ratio) in measured.items():
            color, marker = {"teaching": ("0.5", "x"), "testing": ("C0", "o")}[role]
            axes.plot(decades, ratio, linestyle="", markersize=3, color=color, marker=marker, label=f"{role} runs")
        axes.set(
            xlabel="decades of frequency below the calibrated skill",
            ylabel=r"$\log_{10}$(measured / model)",
        )
        axes.legend(loc="upper left", ncols=2, fontsize=6.5)
        bottom, top = axes.get_ylim()
        axes.set_ylim(bottom, top + 0.35 * (top - bottom))
        if note:
            footer(figure, note)
        return figure


def schedules_figure(errors: Mapping[str, Mapping[str, Floats]], note: str = "") -> Figure:
    """log10(forecast / measured) of skills by kind of schedule, for the clocks "schedule" and "steps" side by side.

    Args:
        errors: errors in decades, by clock and kind.
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        axes.axhline(0, color="0.3", linewidth=0.8, linestyle=":")
        looks = {"schedule": ("C0", "o", "steps counted by the rate"), "steps": ("0.5", "x", "all steps alike")}
        for (clock, of_kind), shift in zip(errors.items(), (-0.15, 0.15), strict=True):
            color, marker, label = looks[clock]
            place = [np.full(len(ratio), i + shift) for i, ratio in enumerate(of_kind.values())]
            at, ratio = np.concatenate(place), np.concatenate(list(of_kind.values()))
            axes.plot(at, ratio, linestyle="", markersize=3, color=color, marker=marker, label=label)
        kinds = list(next(iter(errors.values())))
        axes.set_xticks(range(len(kinds)), kinds, rotation=20, fontsize=7)
        axes.set(ylabel=r"$\log_{10}$(forecast / measured)")
        axes.legend(loc="best", fontsize=6.5)
        if note:
            footer(figure, note)
        return figure
