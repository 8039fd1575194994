"""Strengths and losses over time: modes of two networks, multilinear against linear (``Fig. 5, 8, 9, 10``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_lowercase
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.figures.style import SINGLE_COLUMN, TWO_PANELS_BESIDE, footer, house_style, panel_title, skill_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


LINE_STYLES = ("-", (0, (5, 1.5)), (0, (5, 1.5, 1, 1.5)), (0, (1, 1.2)))  # line styles, a second sign beside the colour
N_CIRCLES = 35  # circles on a curve: enough to follow it by eye, few enough to see it between them


def modes_figure(
    time: Floats,
    strength: Floats,
    network: Floats,
    modes: Sequence[float],
    stages: Floats,
    note: str = "",
) -> Figure:
    """Mode strengths (lines), those of a whole network (circles), and the stage of each mode (bands).

    Args:
        time: increasing, from 0, shape ``(T,)``.
        strength: strengths of the modes in closed form, shape ``(K, T)``.
        network: strengths measured on a network, shape ``(K, T)``.
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


def parts_figure(
    time: Floats, parts: Floats, whole: Floats, model: Floats, half_times: Floats, model_name: str, note: str = ""
) -> Figure:
    """Modes (coloured), their sum (black) and a model of the sum (dashed), with a circle at each half-strength time.

    Args:
        time: increasing, from 0, shape ``(T,)``.
        parts: R^(i)/S of each mode, shape ``(K, T)``.
        whole: R/S, their sum, shape ``(T,)``.
        model: R/S of the model, shape ``(T,)``.
        half_times: half-strength times of the modes and of the sum, shape ``(K + 1,)``.
        model_name: name of the model in the legend.
        note: a line below the axes: version and settings.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=SINGLE_COLUMN)
        axes = figure.add_subplot()
        axes.plot(time, model, color="0.55", linestyle=(0, (4, 2)), label=model_name)
        names = [f"mode $R^{{({k + 1})}}$" for k in range(len(parts))]
        styles = [LINE_STYLES[k % len(LINE_STYLES)] for k in range(len(parts))]
        drawn = zip(
            [whole, *parts],
            ["0.1", *skill_colors(len(parts))],
            ["-", *styles],
            ["sum of the modes", *names],
            [half_times[-1], *half_times[:-1]],
            strict=True,
        )
        for values, color, style, label, half in drawn:
            axes.plot(time, values, color=color, linestyle=style, label=label)
            axes.plot(half, np.interp(half, time, values), "o", color=color, markersize=3.6, mfc="white")
        axes.legend(loc="upper left", handlelength=3)
        axes.set(xlabel="time  $T$  (steps)", ylabel="strength  $R/S$", xlim=(0, time[-1]), ylim=(-0.03, 1.05))
        if note:
            footer(figure, note)
        return figure


def strengths_figure(
    time: Floats,
    strengths: Mapping[str, Floats],
    crossings: Mapping[str, Floats],
    levels: Sequence[float],
    shares: Sequence[float],
    note: str = "",
) -> Figure:
    """Skill strengths of several models, a panel each (``Nam et al. 2024, Fig. 9``).

    Args:
        time: increasing, from 0, shape ``(T,)``.
        strengths: R/S by name of the model, shape ``(K, T)``.
        crossings: when each curve reaches each level, by name of the model, shape ``(K, L)``; drawn as circles.
        levels: the levels of R/S, shape ``(L,)``.
        shares: d_k/D of each curve, shape ``(K,)``.
        note: a line below the axes: version and settings.
    """
    with house_style():
        figure, panels = _side_by_side(time, strengths, crossings, levels, shares, note)
        panels[0].set(ylabel="skill strength  $R_k/S$", ylim=(-0.03, 1.03))
        panels[-1].legend(loc="lower right", handlelength=3)
        return figure


def losses_figure(
    time: Floats,
    losses: Mapping[str, Floats],
    crossings: Mapping[str, Floats],
    levels: Sequence[float],
    shares: Sequence[float],
    note: str = "",
) -> Figure:
    """Skill losses over their start, on a log axis, where an exponential is a line (``Nam et al. 2024, Fig. 10``).

    The arguments are those of `strengths_figure`, with L_k(T)/L_k(0) for R/S.
    """
    with house_style():
        figure, panels = _side_by_side(time, losses, crossings, levels, shares, note)
        panels[0].set(ylabel="skill loss  $L_k(T)/L_k(0)$", yscale="log", ylim=(1e-4, 1.5))
        panels[-1].legend(loc="upper right", handlelength=3)
        return figure


def _side_by_side(
    time: Floats,
    curves: Mapping[str, Floats],
    crossings: Mapping[str, Floats],
    levels: Sequence[float],
    shares: Sequence[float],
    note: str,
) -> tuple[Figure, Sequence[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=TWO_PANELS_BESIDE)
    panels = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axes, letter, (name, values) in zip(panels, ascii_lowercase, curves.items(), strict=False):
        for k, color in enumerate(skill_colors(len(shares))):
            style = LINE_STYLES[k % len(LINE_STYLES)]
            axes.plot(time, values[k], color=color, linestyle=style, label=f"$d_k/D = {shares[k]:g}$")
            axes.plot(crossings[name][k], levels, "o", color=color, markersize=3.6, mfc="white")
        panel_title(axes, letter, name)
        axes.set(xlabel="time  $T$  (steps)", xlim=(0, time[-1]))
    if note:
        footer(figure, note)
    return figure, list(panels)
