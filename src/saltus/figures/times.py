"""Emergence time against skill index on logarithmic axes (``Nam et al. 2024, Fig. 4 right, 12``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats
from saltus.curves.time_law import TimeLaw
from saltus.figures.style import SINGLE_COLUMN, TWO_PANELS_BESIDE, footer, house_style, panel_title, skill_colors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = "osD^vP"
_REFERENCE = (0, (1, 1.6))
_APART = 0.03  # distance of neighbouring series, as a share of the skill index


@dataclass(frozen=True)
class Series:
    """Emergence times of some runs and their law.

    Attributes:
        name: name in the legend.
        mean: geometric mean over the runs, in steps, ``(n_skills,)``; NaN where a skill emerged in none.
        log10_sd: standard deviation of log10(time) over the runs, ``(n_skills,)``; NaN in fewer than two runs.
        law: the law fitted to the times; None for none.
    """

    name: str
    mean: Floats
    log10_sd: Floats
    law: TimeLaw | None


@dataclass(frozen=True)
class Panel:
    """Series on one pair of axes."""

    series: Sequence[Series]
    title: str = ""


def times_figure(panels: Sequence[Panel], expected: float, threshold: float, note: str = "") -> Figure:
    """Geometric mean over runs with one standard deviation, the fitted law, and the law of decoupled skills.

    Args:
        panels: one, or two beside each other.
        expected: exponent of the dotted line through each series' first skill.
        threshold: the strength R/S at which a skill counts as emerged.
        note: a line below the axes: version, seeds, settings.
    """
    from matplotlib.figure import Figure

    with house_style():
        width, height = TWO_PANELS_BESIDE
        figure = Figure(figsize=SINGLE_COLUMN if len(panels) == 1 else (width, height + 0.6))
        every_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel, letter in zip(every_axes, panels, "ab", strict=False):
            _draw(axes, panel, expected)
            if panel.title:
                panel_title(axes, letter, panel.title)
        every_axes[0].set_ylabel(f"training step at  $R_k/S = {threshold:g}$")
        if note:
            footer(figure, note)
        return figure


def _draw(axes: Axes, panel: Panel, expected: float) -> None:
    skills = np.arange(1, len(panel.series[0].mean) + 1)
    colors = skill_colors(len(panel.series))
    for i, (one, color, marker) in enumerate(zip(panel.series, colors, _MARKERS, strict=False)):
        seen = np.isfinite(one.mean)
        beside = skills * (1 + _APART * (i - (len(panel.series) - 1) / 2))
        middle, factor = one.mean[seen], 10 ** np.nan_to_num(one.log10_sd[seen])
        bars = np.stack([middle - middle / factor, middle * factor - middle])
        axes.errorbar(
            beside[seen], middle, bars, fmt=marker, color=color, markersize=4.5, capsize=2, linewidth=1,
            label=one.name + _law_text(one.law),
        )  # fmt: skip
        if one.law is not None:
            axes.plot(beside, one.law(skills), color=color, linewidth=1)
        if seen[0]:
            axes.plot(beside, middle[0] * skills**expected, color=color, linewidth=0.9, linestyle=_REFERENCE)
    axes.plot([], [], color="0.2", linewidth=0.9, linestyle=_REFERENCE, label=f"$k^{{{expected:g}}}$ from $k = 1$")
    axes.set(xscale="log", yscale="log", xlabel="skill  $k$", xlim=(0.88, len(skills) * 1.14))
    axes.set_xticks(skills, [str(skill) for skill in skills])
    axes.set_xticks([], minor=True)
    if len(panel.series) == 1:
        axes.legend(loc="upper left")
    else:  # below, where the lines of many series cannot meet it
        axes.legend(
            loc="upper left", bbox_to_anchor=(-0.02, -0.16), ncols=2, columnspacing=0.8, handlelength=1.3, fontsize=7
        )


def _law_text(law: TimeLaw | None) -> str:
    if law is None:
        return ""
    error = f"\\pm{law.error:.2f}" if np.isfinite(law.error) else ""
    return f", $k^{{{law.exponent:.2f}{error}}}$"
