"""Loss of single skills beside the loss of all, and emergence times of skills against their frequencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.figures.style import TWO_PANELS_BESIDE, footer, house_style, panel_title, skill_colors

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def quanta_figure(
    curves: xr.Dataset, times: Floats, exponent: float, fitted: tuple[int, int], note: str = ""
) -> Figure:
    """Left: the first run's skills 1, 2, 4, 8, ... and the loss of all. Right: emergence times of every run.

    Args:
        curves: labelled curves.
        times: step at which each skill emerged, ``(runs, skills)``; NaN where it did not.
        exponent: exponent of the emergence time in the inverse frequency, drawn beside 1, that of gradient flow; NaN
            for none.
        fitted: first and last skill of the fit of the exponent.
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=TWO_PANELS_BESIDE)
        left, right = figure.subplots(1, 2)
        _losses(left, curves.isel(run=0))
        _times(right, curves["frequency"].to_numpy(), times, exponent, fitted)
        panel_title(left, "a", f"loss of single skills, seed {int(curves['run'][0])}")
        panel_title(right, "b", f"emergence, {len(times)} run{'s' if len(times) > 1 else ''}")
        if note:
            footer(figure, note)
        return figure


def _losses(axes: Axes, run: xr.Dataset) -> None:
    started = run["step"].to_numpy() > 0  # a log axis has no zero
    steps = run["step"].to_numpy()[started]
    loss = run["skill_loss"].to_numpy()[:, started] / (run.attrs["target_scale"] ** 2 / 2)
    skills = 2 ** np.arange(int(np.log2(len(loss))) + 1)
    for skill, color in zip(skills, skill_colors(len(skills)), strict=True):
        axes.plot(steps, loss[skill - 1], color=color, linewidth=0.8, label=f"$k={skill}$")
    axes.plot(steps, run["frequency"].to_numpy() @ loss, color="0.1", linewidth=1.8, linestyle=(0, (4, 2)), label="all")
    axes.set(xscale="log", xlabel="training step", ylabel="loss / untrained loss", ylim=(0, 1.7))
    axes.legend(loc="upper center", fontsize=6.5, ncols=4, handlelength=1.2, columnspacing=1.0)


def _times(axes: Axes, frequency: Floats, times: Floats, exponent: float, fitted: tuple[int, int]) -> None:
    from matplotlib.ticker import NullFormatter

    for run in times:
        axes.plot(frequency, run, "o", color="0.25", markersize=2.5, markerfacecolor="none", markeredgewidth=0.6)
    axes.set(xscale="log", yscale="log", xlabel="frequency  $P_k$", ylabel="step at $R_k/S = 0.5$")
    axes.xaxis.set_minor_formatter(NullFormatter())
    if not np.isfinite(exponent):
        return
    used = slice(fitted[0] - 1, fitted[1])
    span, center = frequency[used][[0, -1]], np.exp(np.log(frequency[used]).mean())
    middle = np.exp(np.log(times[:, used]).mean())  # least squares lines pass through the means
    for slope, style, label in ((exponent, "-", f"fit: exponent −{exponent:.2f}"), (1.0, ":", "gradient flow: −1")):
        axes.plot(span, middle * (span / center) ** -slope, style, color="0.1", linewidth=1.2, label=label)
    axes.legend(loc="lower left", fontsize=6.5)
