"""Forecasts of many runs: errors against the number of skills known, and how often intervals held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.figures.style import SINGLE_COLUMN, footer, house_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PANEL = (2.3, 2.1)  # width and height of a panel, inches
_COLUMNS = 3
_LOOKS = (("C1", "s", "--"), ("C2", "^", "-."), ("0.55", "x", ":"), ("0.35", "v", (0, (1, 2))))
"""Colour, marker and dash of each rival: told apart in grey too."""


@dataclass(frozen=True)
class ErrorsByKnown:
    """Median errors of one family.

    Attributes:
        known: numbers of skills known, ascending, shape ``(n,)``.
        forecast: median \\|log10(forecast / measured)\\| of each, same shape.
        rivals: the same of rivals, by their names in words; infinite ones are not drawn.
    """

    known: Floats
    forecast: Floats
    rivals: Mapping[str, Floats]


def errors_figure(families: Mapping[str, ErrorsByKnown], note: str = "") -> Figure:
    """Median errors against the number of skills known, a panel a family, beside those of rivals.

    Args:
        families: errors by the family's name.
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    n_rows = -(-len(families) // _COLUMNS)
    with house_style():
        figure = Figure(figsize=(_PANEL[0] * _COLUMNS, _PANEL[1] * n_rows + 0.5))
        panels = figure.subplots(n_rows, _COLUMNS, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (name, errors) in zip(panels, families.items(), strict=False):
            for (rival, median), (color, marker, dash) in zip(errors.rivals.items(), _LOOKS, strict=False):
                axes.plot(
                    errors.known, median, color=color, marker=marker, linestyle=dash, markersize=3, lw=0.9, label=rival
                )
            axes.plot(errors.known, errors.forecast, color="C0", marker="o", markersize=4, lw=1.8, label="forecast")
            axes.set_title(name, loc="left", fontsize=8)
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        most = max((int(errors.known.max()) for errors in families.values() if len(errors.known)), default=1)
        panels[0].set_xticks(range(1, most + 1))
        for axes in panels[len(families) :]:
            axes.set_visible(False)
        for axes in panels[max(len(families) - _COLUMNS, 0) : len(families)]:
            axes.set_xlabel("skills known")
            axes.tick_params(labelbottom=True)
        for axes in panels[::_COLUMNS]:
            axes.set_ylabel("median |error|, dex", fontsize=7.5)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(handles), fontsize=6.5)
        if note:
            footer(figure, note)
        return figure


def reliability_figure(measured: Mapping[str, Sequence[Mapping[str, float]]], note: str = "") -> Figure:
    """Share of intervals that held against the probability that they were to have, with standard errors.

    Args:
        measured: points with ``level``, ``held`` and ``error``, by the name of a group.
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color="0.3", linewidth=0.8, linestyle=":", label="as stated")
        looks = [("C0", "o", "-"), *_LOOKS]
        for i, (group, points) in enumerate(measured.items()):
            color, marker, dash = looks[i % len(looks)]
            level, held, error = (np.array([point[name] for point in points]) for name in ("level", "held", "error"))
            axes.errorbar(
                level + 0.004 * i,
                held,
                error,
                color=color,
                marker=marker,
                linestyle=dash,
                markersize=3,
                lw=1,
                label=group,
            )
        axes.set(xlabel="stated probability of the interval", ylabel="share that held", xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="upper left", fontsize=6.5)
        if note:
            footer(figure, note)
        return figure
