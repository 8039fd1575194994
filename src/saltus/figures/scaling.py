"""Loss against a resource on log-log axes, exact and by its scaling laws (``Nam et al. 2024, Fig. 2, 3, 7``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from saltus._types import Floats
from saltus.figures.style import SINGLE_COLUMN, footer, house_style, skill_colors

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Kind = Literal["exact", "law", "corrected law", "trained", "fixed N", "optimal N"]

# Line styles carry the kind, colours the family, so that the figure reads without colours too.
_STYLES: dict[Kind, dict[str, object]] = {
    "exact": {"linestyle": "-", "linewidth": 1.4},
    "law": {"linestyle": (0, (4, 2)), "linewidth": 1.0},
    "corrected law": {"linestyle": (0, (1, 1.3)), "linewidth": 1.6},
    "fixed N": {"linestyle": "-", "linewidth": 0.7},
    "optimal N": {"linestyle": "-", "linewidth": 3.2, "alpha": 0.35, "zorder": 1},
    "trained": {
        "linestyle": "",
        "marker": "o",
        "markersize": 3.2,
        "markerfacecolor": "white",
        "markeredgewidth": 0.9,
    },
}


@dataclass(frozen=True)
class Line:
    """One curve: its points, its family (colour; "" for none) and the kind of its result (line style)."""

    x: Floats
    loss: Floats
    family: str
    kind: Kind


@dataclass(frozen=True)
class Panel:
    """One pair of axes."""

    xlabel: str
    lines: Sequence[Line]
    title: str = ""


def loss_figure(panels: Sequence[Panel], family_title: str | None = None, note: str = "") -> Figure:
    """Loss against one resource a panel, on shared loss axes; families by colour, kinds by line style.

    Args:
        panels: left to right.
        family_title: heading of the colour key; without it families are not named.
        note: a line below the axes: version and settings.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    families = list(dict.fromkeys(line.family for panel in panels for line in panel.lines))
    kinds = list(dict.fromkeys(line.kind for panel in panels for line in panel.lines))
    with house_style():
        named = [family for family in families if family]
        colors = {"": "0.1", **dict(zip(named, skill_colors(len(named)), strict=True))}
        width, height = SINGLE_COLUMN
        figure = Figure(figsize=(width if len(panels) == 1 else 2.6 * len(panels), height if len(panels) == 1 else 2.9))
        every_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(every_axes, panels, strict=True):
            for line in panel.lines:
                axes.plot(line.x, line.loss, color=colors[line.family], **_STYLES[line.kind])
            axes.set(xscale="log", yscale="log", xlabel=panel.xlabel, title=panel.title)
        every_axes[0].set_ylabel("loss  $L$")
        kind_keys = [Line2D([], [], color="0.2", label=kind, **_STYLES[kind]) for kind in kinds]  # type: ignore[arg-type]
        first_key = every_axes[0].legend(handles=kind_keys, loc="lower left")
        if family_title is not None:
            keys = [Line2D([], [], color=colors[family], label=family) for family in named]
            if len(panels) == 1:
                every_axes[0].add_artist(first_key)
            place = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if len(panels) == 1 else {"loc": "upper right"}
            every_axes[-1].legend(handles=keys, title=family_title, title_fontsize=7.5, **place)
        if note:
            footer(figure, note)
        return figure


def points_table(panels: Mapping[str, Panel]) -> pd.DataFrame:
    """Every point that `loss_figure` draws, one a row: panel, family, kind, x, loss."""
    import pandas as pd

    return pd.concat(
        pd.DataFrame({"panel": name, "family": line.family, "kind": line.kind, "x": line.x, "loss": line.loss})
        for name, panel in panels.items()
        for line in panel.lines
    )
