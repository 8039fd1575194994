"""Skill strength against a resource, measured and forecast (``Nam et al. 2024, Fig. 1, 11``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.figures.style import SINGLE_COLUMN, THREE_PANELS_BESIDE, footer, house_style, panel_title, skill_colors
from saltus.resource import PARAMETERS, STEP, Resource, resource_named

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DASHES = (2.5, 1.2)
_BEGUN = 0.05  # R/S below which curves lie on each other, and so would their names


@dataclass(frozen=True)
class Panel:
    """Measured strengths and their forecast.

    Attributes:
        curves: labelled curves over step, data or parameters, with a strength for every skill.
        at: amounts of the resource at which the forecast is given, ascending.
        forecast: R/S, ``(n_skills, len(at))``; None draws the measurements alone.
        title: text above the panel.
    """

    curves: xr.Dataset
    at: Floats
    forecast: Floats | None
    title: str = ""

    @property
    def resource(self) -> Resource:
        return resource_named(str(self.curves["strength"].dims[-1]))


def emergence_figure(panel: Panel, note: str = "") -> Figure:
    """Mean strength (dashed) and one standard deviation over runs (band), with the forecast (solid) if there is one.

    Args:
        panel: measurements and forecast.
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        _draw(figure.add_subplot(), panel)
        if note:
            footer(figure, note)
        return figure


def panels_figure(panels: Sequence[Panel], note: str = "") -> Figure:
    """Several resources beside each other, each drawn as in `emergence_figure`."""
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=THREE_PANELS_BESIDE)
        for axes, panel, letter in zip(figure.subplots(1, len(panels), sharey=True), panels, "abc", strict=True):
            _draw(axes, panel)
            panel_title(axes, letter, panel.title)
            axes.label_outer()
        if note:
            footer(figure, note)
        return figure


def _draw(axes: Axes, panel: Panel) -> None:
    from matplotlib.lines import Line2D

    strength, amounts = panel.curves["strength"], panel.curves[panel.resource.name].to_numpy().astype(float)
    shown = amounts > 0  # a log axis has no zero
    amounts = amounts[shown]
    mean, spread = (values.to_numpy()[:, shown] for values in (strength.mean("run"), strength.std("run")))
    marker = "" if panel.resource is STEP else "."
    for k, color in enumerate(skill_colors(len(mean))):
        low, high = np.clip((mean[k] - spread[k], mean[k] + spread[k]), -0.05, 1.05)  # wide bands hide the labels
        axes.fill_between(amounts, low, high, color=color, alpha=0.2, linewidth=0)
        axes.plot(amounts, mean[k], "--", marker=marker, markersize=4, color=color, dashes=_DASHES)
        if panel.forecast is not None:
            axes.plot(panel.at, panel.forecast[k], color=color)
        _label(axes, amounts, mean[k], k + 1)
    measured = f"measured, mean ± sd ({panel.curves.sizes['run']} runs)"
    keys = [Line2D([], [], color="0.2", linestyle=(0, _DASHES), marker=marker, markersize=4, label=measured)]
    if panel.forecast is not None:
        keys.append(Line2D([], [], color="0.2", label="forecast"))
    axes.legend(handles=keys, loc="upper left")
    axes.set(xlabel=panel.resource.axis, ylabel="skill strength  $R_k/S$", ylim=(-0.05, 1.36))
    axes.set_yticks(np.linspace(0, 1, 6))
    _scale(axes, panel.resource, amounts, mean)


def _scale(axes: Axes, resource: Resource, amounts: Floats, mean: Floats) -> None:
    """Logarithmic in steps and data, where skills are spread over decades; widths are few and even."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter

    if resource is PARAMETERS:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        return
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(_first_sign_of_life(amounts, mean) if resource is STEP else amounts[0], amounts[-1])


def _label(axes: Axes, amounts: Floats, strength: Floats, skill: int) -> None:
    """Name the curve above the lines where it first passes 0.9; at its end if it has only begun to rise."""
    high, last = strength >= 0.9, np.flatnonzero(np.isfinite(strength))[-1:]
    if high.any():
        place, offset, align = (amounts[high.argmax()], 1.0), (0, 7), "center"
    elif last.size and strength[last[0]] >= _BEGUN:
        place, offset, align = (amounts[last[0]], strength[last[0]]), (-3, 4), "right"
    else:
        return
    name = f"$k={skill}$" if skill == 1 else f"${skill}$"
    axes.annotate(name, place, xytext=offset, textcoords="offset points", ha=align, fontsize=7.5)


def _first_sign_of_life(steps: Floats, mean: Floats) -> float:
    """Left edge of the axis: half the step at which any skill first reaches 0.02, so that the flat start is short."""
    alive = (mean >= 0.02).any(axis=0)
    return float(steps[alive.argmax()] / 2) if alive.any() else float(steps[0])
