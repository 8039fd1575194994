"""The look that all figures share: sizes, lines, and colours that survive grey print and colour-blindness."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from saltus._types import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SINGLE_COLUMN = (5.2, 3.5)  # width and height of figures, in inches
TWO_PANELS_BESIDE = (7.0, 3.0)
THREE_PANELS_BESIDE = (10.2, 3.3)
TWO_PANELS_STACKED = (5.2, 5.4)


@contextmanager
def house_style() -> Iterator[None]:
    """Draw inside this context; it leaves the caller's own matplotlib settings as they were."""
    import matplotlib

    with matplotlib.rc_context(fname=Path(__file__).with_name("saltus.mplstyle")):
        yield


def skill_colors(n_skills: int) -> Floats:
    """One colour a skill, dark for frequent and light for rare ones: their order shows in grey too."""
    import matplotlib

    return np.asarray(matplotlib.colormaps["viridis"](np.linspace(0.0, 0.82, n_skills)))


def panel_title(axes: Axes, letter: str, name: str) -> None:
    """Name one of several panels, over its left edge."""
    axes.set_title(f"({letter}) {name}", loc="left")


def footer(figure: Figure, text: str) -> None:
    """A small line below the axes that says how the figure was made."""
    figure.supxlabel(text, fontsize=5.5, color="0.4", x=0.99, ha="right")
