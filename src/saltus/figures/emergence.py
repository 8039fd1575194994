"""Skill strength against training time, measured and forecast (``Nam et al. 2024, Fig. 1a``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from saltus.figures.style import SINGLE_COLUMN, footer, house_style, skill_colors
from saltus.theory.multilinear import Multilinear

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def emergence_figure(curves: xr.Dataset, model: Multilinear | None = None, note: str = "") -> Figure:
    """Mean strength (dashed) and one standard deviation over runs (band), with a model's forecast (solid).

    Args:
        curves: labelled curves with a strength for every skill.
        model: a calibrated model of the same skills; without it only the measurements are drawn.
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import LogLocator, NullFormatter

    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        colors = skill_colors(curves.sizes["skill"])
        steps = curves["step"].to_numpy().astype(float)
        started = steps > 0  # a log axis has no zero
        mean = curves["strength"].mean("run").to_numpy()[:, started]
        spread = curves["strength"].std("run").to_numpy()[:, started]
        steps = steps[started]
        fine = np.geomspace(steps[0], steps[-1], 800)
        forecast = None if model is None else model.strength(fine).T / model.target_scale
        for k, color in enumerate(colors):
            axes.fill_between(steps, mean[k] - spread[k], mean[k] + spread[k], color=color, alpha=0.25, linewidth=0)
            axes.plot(steps, mean[k], "--", color=color, dashes=(2.5, 1.2))
            if forecast is not None:
                axes.plot(fine, forecast[k], color=color)
            _label(axes, steps, mean[k], k + 1)
        keys = [
            Line2D(
                [],
                [],
                color="0.2",
                linestyle=(0, (2.5, 1.2)),
                label=f"measured, mean ± sd ({curves.sizes['run']} runs)",
            )
        ]
        if forecast is not None:
            keys.append(Line2D([], [], color="0.2", label="forecast"))
        axes.legend(handles=keys, loc="upper left")
        axes.set(xscale="log", xlabel="training step", ylabel="skill strength  $R_k/S$", ylim=(-0.05, 1.2))
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlim(_first_sign_of_life(steps, mean), steps[-1])
        if note:
            footer(figure, note)
        return figure


def _label(axes: Axes, steps: np.ndarray, strength: np.ndarray, skill: int) -> None:
    """Name the curve where it first passes 0.9, above the lines; a curve that never does is left to its colour."""
    high = strength >= 0.9
    if high.any():
        axes.annotate(
            f"$k={skill}$",
            (steps[high.argmax()], 1.0),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
        )


def _first_sign_of_life(steps: np.ndarray, mean: np.ndarray) -> float:
    """Left edge of the axis: half the step at which any skill first reaches 0.02, so that the flat start is short."""
    alive = np.nanmax(mean, axis=0) >= 0.02
    return float(steps[alive.argmax()] / 2) if alive.any() else float(steps[0])
