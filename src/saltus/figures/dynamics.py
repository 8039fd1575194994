"""Strengths and losses over time: the modes of a linear network (``Nam et al. 2024, Fig. 5``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saltus.figures.style import SINGLE_COLUMN, footer, house_style, skill_colors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

N_CIRCLES = 35  # enough to follow a curve by eye, few enough to see it between them


def modes_figure(
    time: NDArray[np.float64],
    strength: NDArray[np.float64],
    network: NDArray[np.float64],
    modes: Sequence[float],
    stages: NDArray[np.float64],
    note: str = "",
) -> Figure:
    """Mode strengths (lines), those of a whole network (circles), and the stage of each mode (bands).

    Args:
        time: increasing, from 0, shape ``(T,)``.
        strength: of each mode in closed form, shape ``(K, T)``.
        network: the same, measured on a network.
        modes: the singular values that the strengths tend to.
        stages: when each mode emerges and when it has saturated, shape ``(K, 2)``.
        note: a line below the axes: version and settings.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        seen = np.searchsorted(time, np.linspace(0, time[-1], N_CIRCLES))
        for k, color in enumerate(skill_colors(len(modes))):
            axes.axvspan(*stages[k], color=color, alpha=0.13, linewidth=0)
            axes.plot(time, strength[k], color=color)
            axes.plot(time[seen], network[k, seen], "o", color=color, markersize=3.2, mfc="white", clip_on=False)
            axes.annotate(
                f"$\\lambda_{k + 1} = {modes[k]:g}$",
                (time[-1], modes[k]),
                xytext=(0, 4),
                textcoords="offset points",
                ha="right",
                va="bottom",
            )
        keys = [
            Line2D([], [], color="0.2", label="closed form"),
            Line2D([], [], color="0.2", ls="", marker="o", markersize=3.2, mfc="white", label="2-layer linear network"),
        ]
        axes.legend(handles=keys, loc="center right", bbox_to_anchor=(1.0, 0.72))
        axes.set(xlabel="time  $T$  (steps)", ylabel="mode strength  $R_i$", xlim=(0, time[-1]))
        axes.set_ylim(-0.03 * max(modes), 1.12 * max(modes))
        if note:
            footer(figure, note)
        return figure
