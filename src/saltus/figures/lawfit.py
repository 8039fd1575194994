"""A fitted scaling law with its band over the measured losses, above the residuals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Floats
from saltus.figures.style import footer, house_style, panel_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saltus.lawfit.fit import LawFit


_N_SLICES = 5  # amounts of the first resource at which a law in two resources is drawn
_REACH = 2.0  # factor beyond the data up to which the law is drawn


@dataclass(frozen=True)
class Fitted:
    """A law and the losses that it was fitted to.

    Attributes:
        fit: the law.
        x: amounts, ``(n, n_resources)``.
        loss: losses at these amounts, ``(n,)``.
        labels: names of the resources, with which axes are labelled.
    """

    fit: LawFit
    x: Floats
    loss: Floats
    labels: Sequence[str]


def law_figure(fitted: Fitted, note: str = "") -> Figure:
    """The law over the measurements on log-log axes, above its residuals.

    A law in two resources is drawn against the second at five amounts of the first, in whose colour the points stand.

    Args:
        fitted: the law and its points.
        note: a line below the axes: version and settings.
    """
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=(5.2, 4.6))
        law, rest = figure.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        predicted = np.asarray(fitted.fit(_argument(fitted.x)))
        residual = 100 * np.log(fitted.loss / predicted)
        colors = _draw_two(figure, law, fitted) if fitted.x.shape[1] == 2 else _draw_one(law, rest, fitted)
        rest.axhline(0, color="0.6", linewidth=0.7, zorder=0)
        rest.scatter(fitted.x[:, -1], residual, c=colors, s=9, linewidths=0)
        law.set(yscale="log", ylabel="loss  $L$")
        rest.set(xscale="log", xlabel=fitted.labels[-1], ylabel="log residual  (%)")
        _plain_ticks(law, fitted.loss)
        panel_title(law, "a", f"{fitted.fit.form}: {fitted.fit.status.value}")
        panel_title(rest, "b", "measured / law")
        if note:
            footer(figure, note)
        return figure


def _draw_one(axes: Axes, rest: Axes, fitted: Fitted) -> Floats:
    grid = _beyond(fitted.x[:, 0])
    law = np.asarray(fitted.fit(grid))
    if fitted.fit.intervals:
        low, high = fitted.fit.band(grid)
        style: dict[str, Any] = {"color": "0.1", "alpha": 0.15, "linewidth": 0}
        axes.fill_between(grid, low, high, label=f"{fitted.fit.level:.0%} of the bootstrap", **style)
        rest.fill_between(grid, 100 * np.log(low / law), 100 * np.log(high / law), **style)
    axes.plot(grid, law, color="0.1", linewidth=1.1, label="law")
    colors = np.tile([0.27, 0.49, 0.62, 1.0], (fitted.loss.size, 1))
    axes.scatter(fitted.x[:, 0], fitted.loss, c=colors, s=11, linewidths=0, zorder=3, label="measured")
    axes.legend(loc="upper right")
    return colors


def _draw_two(figure: Figure, axes: Axes, fitted: Fitted) -> Floats:
    import matplotlib
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, LogNorm

    first, second = fitted.x.T
    norm = LogNorm(first.min(), first.max())
    colormap = ListedColormap(matplotlib.colormaps["viridis"](np.linspace(0.0, 0.9, 256)))  # no yellow on white
    mappable = ScalarMappable(norm, colormap)
    for amount in np.geomspace(first.min(), first.max(), _N_SLICES):
        near = np.abs(np.log(first / amount)) <= np.ptp(np.log(first)) / (2 * (_N_SLICES - 1))
        grid = _beyond(second[near] if near.any() else second)
        pairs = np.column_stack([np.full_like(grid, amount), grid])
        color = colormap(norm(amount))
        if fitted.fit.intervals:
            axes.fill_between(grid, *fitted.fit.band(pairs), color=color, alpha=0.25, linewidth=0)
        axes.plot(grid, fitted.fit(pairs), color=color, linewidth=1.1)
    colors = np.asarray(colormap(norm(first)))
    axes.scatter(second, fitted.loss, c=colors, s=9, linewidths=0, zorder=3)
    bar = figure.colorbar(mappable, ax=figure.axes, label=fitted.labels[0], aspect=40, pad=0.02)
    bar.outline.set_visible(False)
    return colors


def _beyond(x: Floats) -> Floats:
    return np.geomspace(x.min() / _REACH, x.max() * _REACH, 200)


def _argument(x: Floats) -> Floats:
    """Amounts as a fit takes them."""
    return x[:, 0] if x.shape[1] == 1 else x


def _plain_ticks(axes: Axes, loss: Floats) -> None:
    """Losses within two decades need more ticks than the powers of ten, written without exponents."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

    ratio = loss.max() / loss.min()
    if ratio < 100:
        few = MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]) if ratio < 4 else LogLocator(subs=(1, 2, 5))
        axes.yaxis.set_major_locator(few)
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
