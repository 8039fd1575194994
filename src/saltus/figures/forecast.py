"""Forecasts: measured strengths, expected rises and the line of "now"; and errors of past forecasts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
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
_FEW_DECADES = 3e3  # ratio of the ends of an axis below which numbers between its decades have room
_NAMED = 8  # most skills in a legend
_MOST_POINTS = 120  # points drawn of a curve: more would hide the band behind them


def forecast_figure(
    curves: xr.Dataset, assessment: Assessment, rise: Sequence[EmergenceForecast], note: str = ""
) -> Figure:
    """Measured strengths (points; open ones were hidden), the forecast rise (line, 90 % band) and now (dashed line).

    Args:
        curves: labelled curves.
        assessment: the assessment of these curves.
        rise: its forecasts at ascending thresholds, joined to a line; empty for none.
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    axis = axis_of(curves)
    resource = axis.resource
    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        labels = skill_labels(skill_names(curves))
        low, high = _span(curves, assessment, axis)
        for k, color in enumerate(skill_colors(curves.sizes["skill"])):
            _points(axes, curves.isel(skill=k), assessment, color)
            if rise:
                _rise(axes, rise, k, color, labels[k], end=10 * high)
        axes.axvline(assessment.until, color="0.3", linestyle="--", linewidth=0.8)
        axes.annotate(
            resource.now,
            (assessment.until, 1.32),
            xytext=(-3, 0),
            textcoords="offset points",
            ha="right",
            fontsize=7,
        )
        axes.set(xlabel=axis.label, ylabel="skill strength  $R_k/S$", ylim=(-0.08, 1.42))
        if resource is not PARAMETERS:  # nodes add up: their ramps are straight lines
            axes.set_xscale("log")
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < _FEW_DECADES * low else (1,)))
            axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter("{x:,.0f}" if axis.ordinary else lambda x, _: amount_text(x, SHORT))
        axes.set_xlim(low, high)
        keys = _keys(assessment, resource)
        if not rise and has_names(skill_names(curves)):  # no curve of a forecast bears the name
            keys += _named_points(labels, skill_colors(len(labels)))
        axes.legend(handles=keys, loc="upper left", fontsize=6.5)
        if note:
            footer(figure, note)
        return figure


def _keys(assessment: Assessment, resource: Resource) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    points: dict[str, Any] = {"color": "0.3", "marker": "o", "linestyle": "", "markersize": 2.6}
    keys: list[Artist] = [
        Line2D([], [], label="measured", **points),
        Line2D([], [], label=resource.later, markerfacecolor="white", mew=0.6, **points),
    ]
    if assessment.forecast is not None:
        keys.append(Line2D([], [], color="0.3", label="forecast"))
        keys.append(Patch(color="0.3", alpha=0.25, linewidth=0, label=f"{assessment.forecast.level:.0%} interval"))
    return keys


def _named_points(labels: Sequence[str], colors: Floats) -> list[Artist]:
    from matplotlib.lines import Line2D

    points: dict[str, Any] = {"marker": "o", "linestyle": "", "markersize": 2.6}
    return [
        Line2D([], [], label=label, **points, color=color)
        for label, color in zip(labels[:_NAMED], map(tuple, colors[:_NAMED]), strict=True)
    ]


def _points(axes: Axes, curve: xr.Dataset, assessment: Assessment, color: Floats) -> None:
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


def _rise(axes: Axes, forecasts: Sequence[EmergenceForecast], k: int, color: Floats, label: str, *, end: float) -> None:
    """The forecast at ascending thresholds, joined; the band is their intervals, which beyond the figure end alike."""
    levels = [one.threshold for one in forecasts]
    axes.fill_betweenx(
        levels,
        [min(one.interval[k, 0], end) for one in forecasts],
        [min(one.interval[k, 1], end) for one in forecasts],
        color=color,
        alpha=0.25,
        linewidth=0,
    )
    times = np.array([one.emergence_time[k] for one in forecasts])
    reached = times[np.isfinite(times)]  # a schedule may leave no time for the rest
    axes.plot(reached, levels[: reached.size], color=color)
    if reached.size == 0:
        return
    top = float(reached[-1])
    axes.annotate(label, (top, 1.0), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=7.5)


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
