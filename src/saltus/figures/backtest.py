"""Backtests: each skill's forecast and interval against the moment at which it would have been made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus.curves.axis import SHORT, Axis, amount_text
from saltus.figures.forecast import skill_labels
from saltus.figures.style import SINGLE_COLUMN, footer, house_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saltus.forecast.backtest import Backtest, PastForecast

_MOST_PANELS = 6
_ROW_HEIGHT = 1.55  # inches
_MOST_ROOM = 30.0  # ratio of the ends of a panel and what was observed
_FEW_DECADES = 60.0  # ratio of the ends of an axis below which numbers between its decades have room
_LOOKS: dict[str, dict[str, Any]] = {
    "trust": {"marker": "o", "markerfacecolor": "C0"},
    "use with care": {"marker": "o", "markerfacecolor": "white"},
    "do not use": {"marker": "x"},
}


def backtest_figure(found: Backtest, axis: Axis, note: str = "") -> Figure:
    """A panel a skill: medians and intervals over moments, the observed amount (dashed), and the past (grey).

    Args:
        found: the backtest; of many skills those with most forecasts are drawn, six at most.
        axis: of its curves.
        note: a line below the axes: version, files, settings.
    """
    from matplotlib.figure import Figure

    of_skill: dict[int, list[PastForecast]] = {}
    for one in found.forecasts:
        of_skill.setdefault(one.skill, []).append(one)
    drawn = sorted(sorted(of_skill, key=lambda skill: -len(of_skill[skill]))[:_MOST_PANELS])
    n_columns = 1 if len(drawn) == 1 else 2
    n_rows = max(math.ceil(len(drawn) / n_columns), 1)
    with house_style():
        figure = Figure(figsize=(SINGLE_COLUMN[0], max(0.9 + _ROW_HEIGHT * n_rows, SINGLE_COLUMN[1] * 0.8)))
        panels = figure.subplots(n_rows, n_columns, sharex=True, squeeze=False).ravel()
        labels, moments = skill_labels(found.names), _moments(found)
        for place, axes in enumerate(panels):
            if place >= len(drawn):
                axes.set_axis_off()
                continue
            skill = drawn[place]
            _panel(axes, of_skill[skill], found, moments)
            axes.set_title(labels[skill - 1], loc="left", fontsize=8)
            _scales(axes, axis, moments)
            if place + n_columns >= len(drawn):  # nothing stands below
                axes.tick_params(labelbottom=True)
                axes.set_xlabel(f"asked at  ({axis.unit})", fontsize=8)
        figure.supylabel(f"forecast  ({axis.unit})", fontsize=8)
        figure.legend(handles=_keys(found), loc="outside upper center", ncols=3, fontsize=6.5)
        if note:
            footer(figure, note)
        return figure


def _panel(axes: Axes, forecasts: Sequence[PastForecast], found: Backtest, across: tuple[float, float]) -> None:
    """One skill; its intervals end with the panel where they go on beyond."""
    observed = found.observed[forecasts[0].skill - 1]
    low, high = _span(forecasts, observed if math.isfinite(observed) else found.last)
    axes.set_ylim(low, high)
    ends = np.array([one.interval for one in forecasts]).clip(low, high)
    moments = np.array([one.moment for one in forecasts])
    medians = np.array([one.forecast for one in forecasts])
    past = np.geomspace(*across, 200)  # a diagonal that both axes bend
    axes.fill_between(past, low, past.clip(low, high), color="0.9", linewidth=0)
    if len(moments) > 1:
        axes.fill_between(moments, ends[:, 0], ends[:, 1], color="C0", alpha=0.25, linewidth=0)
    axes.vlines(moments, ends[:, 0], ends[:, 1], color="C0", linewidth=0.8)
    for level, look in _LOOKS.items():
        these = [i for i, one in enumerate(forecasts) if one.verdict == level and math.isfinite(one.forecast)]
        axes.plot(moments[these], medians[these], linestyle="", color="C0", markersize=3.6, mew=0.8, **look)
    if math.isfinite(observed):
        axes.axhline(observed, color="0.15", linestyle="--", linewidth=0.9)
    else:
        axes.axhline(found.last, color="0.15", linestyle=":", linewidth=0.9)


def _scales(axes: Axes, axis: Axis, across: tuple[float, float]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    text = "{x:,.0f}" if axis.ordinary else lambda x, _: amount_text(x, SHORT)
    axes.set(xscale="log", yscale="log", xlim=across)
    for one, (low, high), between in ((axes.xaxis, across, (3,)), (axes.yaxis, axes.get_ylim(), (2, 5))):
        one.set_major_locator(LogLocator(subs=(1, *between) if high < _FEW_DECADES * low else (1,)))
        one.set_major_formatter(text)
        one.set_minor_formatter(NullFormatter())
    axes.tick_params(labelsize=7)


def _moments(found: Backtest) -> tuple[float, float]:
    """From a little before the first moment to the last measurement."""
    return min(
        (one.moment for one in found.forecasts if one.moment > 0), default=found.last / 2
    ) / 1.2, found.last * 1.1


def _span(forecasts: Sequence[PastForecast], reference: float) -> tuple[float, float]:
    """Room for the forecasts and the reference, a factor of two about it at least and of thirty at most."""
    ends = np.array([[*one.interval, one.forecast] for one in forecasts])
    finite = ends[np.isfinite(ends) & (ends > 0)]
    low, high = finite.min(initial=reference), finite.max(initial=reference)
    return (
        max(min(low / 1.2, reference / 2), reference / _MOST_ROOM),
        min(max(high * 1.2, reference * 2), reference * _MOST_ROOM),
    )


def _keys(found: Backtest) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    met = {one.verdict for one in found.forecasts}
    keys: list[Any] = [
        Line2D([], [], linestyle="", color="C0", markersize=3.6, mew=0.8, label=level, **look)
        for level, look in _LOOKS.items()
        if level in met
    ]
    keys.append(Patch(color="C0", alpha=0.25, linewidth=0, label=f"{found.level:.0%} interval"))
    shown = found.observed[[one.skill - 1 for one in found.forecasts]]
    if np.isfinite(shown).any():
        keys.append(Line2D([], [], color="0.15", linestyle="--", linewidth=0.9, label="observed"))
    if np.isnan(shown).any():
        keys.append(Line2D([], [], color="0.15", linestyle=":", linewidth=0.9, label="last measured, not come"))
    return [*keys, Patch(color="0.9", linewidth=0, label="already past")]
