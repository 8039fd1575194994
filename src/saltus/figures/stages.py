"""Stages of training: emergence and saturation times, and the staircase of the loss (``Nam et al. 2024, Fig. 6``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.figures.style import TWO_PANELS_STACKED, footer, house_style, panel_title, skill_colors
from saltus.theory.stages import Staircase

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ARROW = {"arrowstyle": "<->", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}


def stages_figure(
    time: Floats,
    strength: Floats,
    loss: Floats,
    stages: Floats,
    levels: tuple[float, float],
    staircase: Staircase,
    note: str = "",
) -> Figure:
    """(a) Skill strengths with their emergence and saturation times; (b) the loss and its staircase.

    Args:
        time: increasing, greater than 0, shape ``(T,)``.
        strength: R/S, shape ``(T, K)``.
        loss: loss L, shape ``(T,)``.
        stages: when each skill reaches the lower and the upper level, shape ``(K, 2)``.
        levels: the R/S at which a skill has emerged and at which it has saturated.
        staircase: the loss of the same model in steps, one drop a skill.
        note: a line below the axes: version and settings.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=TWO_PANELS_STACKED)
        above, below = figure.subplots(2, 1, sharex=True)
        colors = skill_colors(len(stages))
        _draw_strengths(above, time, strength, stages, levels, colors)
        _draw_loss(below, time, loss, staircase)
        above.set(xscale="log", ylabel="skill strength  $R_k/S$", xlim=(time[0], time[-1]))
        below.set(xlabel="time  $T$  (steps)", ylabel="loss  $L$")
        panel_title(above, "a", "skill strengths")
        panel_title(below, "b", "loss")
        if note:
            footer(figure, note)
        return figure


def _draw_strengths(
    axes: Axes,
    time: Floats,
    strength: Floats,
    stages: Floats,
    levels: tuple[float, float],
    colors: Floats,
) -> None:
    """Each curve with a filled circle where the skill emerges and an open one where it has saturated."""
    for level, name in zip(levels, ("$\\epsilon$", "$1-\\epsilon$"), strict=True):
        axes.axhline(level, color="0.6", linewidth=0.7, linestyle=":")
        axes.annotate(name, (0, level), xytext=(4, 1.5), xycoords=("axes fraction", "data"), textcoords="offset points")
    for k, color in enumerate(colors):
        emerged, saturated = stages[k]
        axes.plot(time, strength[:, k], color=color)
        axes.plot([emerged], [levels[0]], "o", color=color, markersize=4, zorder=3)
        axes.plot([saturated], [levels[1]], "o", color=color, markersize=4, mfc="white", zorder=3)
        axes.annotate(f"$\\tau_e({k + 1})$", (emerged, levels[0]), xytext=(7, 3), textcoords="offset points")
        height = 1.08 + 0.1 * (k % 2)  # on two levels, since neighbours may overlap
        axes.vlines(stages[k], levels, height, color=color, linewidth=0.6, linestyle=":")
        axes.annotate("", (emerged, height), xytext=(saturated, height), arrowprops={**ARROW, "color": color})
        middle = np.sqrt(emerged * saturated)
        axes.annotate(f"$\\tau_s({k + 1})$", (middle, height), xytext=(0, 3), textcoords="offset points", ha="center")
    axes.set_ylim(-0.05, 1.32)


def _draw_loss(
    axes: Axes,
    time: Floats,
    loss: Floats,
    staircase: Staircase,
) -> None:
    """The exact loss over the staircase, every drop with its height."""
    axes.plot(time, loss, color="0.1", zorder=2.1, label="exact loss")
    axes.step(
        np.append(staircase.time, time[-1]),
        np.append(staircase.loss, staircase.loss[-1]),
        where="post",
        color="0.5",
        linestyle="--",
        label="staircase",
    )
    for k, drop in enumerate(-np.diff(staircase.loss)):
        axes.annotate(
            f"$P_{{{k + 1}}}S^2/2 = {drop:.2f}$",
            (staircase.time[k + 1], staircase.loss[k]),
            xytext=(4, 1),
            textcoords="offset points",
        )
    axes.legend(loc="upper right")
    axes.set_ylim(0, 1.1 * staircase.loss[0])
