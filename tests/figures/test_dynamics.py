"""Figures of dynamics show the numbers they are given, under the right names."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from saltus.figures.dynamics import losses_figure, modes_figure, parts_figure, strengths_figure
from saltus.figures.style import skill_colors
from tests.helpers import points


def test_modes_are_lines_the_network_circles_and_stages_bands() -> None:
    time = np.linspace(0, 10, 201)
    strength = np.stack([np.tanh(time), 0.4 * np.tanh(time / 3)])
    network = strength + 0.01
    stages = np.array([[1.0, 2.0], [3.0, 5.0]])
    axes = modes_figure(time, strength, network, (1.0, 0.4), stages, "made by hand").axes[0]
    lines, circles = axes.lines[::2], axes.lines[1::2]
    for k in range(2):
        np.testing.assert_array_equal(points(lines[k]), [time, strength[k]])
        at, seen = points(circles[k])
        np.testing.assert_array_equal(seen, network[k, np.searchsorted(time, at)])
        assert len(at) > 10
        assert circles[k].get_linestyle() == "None"
        band = axes.patches[k].get_extents().transformed(axes.transData.inverted())
        assert (band.x0, band.x1) == pytest.approx(tuple(stages[k]))
    assert [text.get_text() for text in axes.texts] == ["$\\lambda_1 = 1$", "$\\lambda_2 = 0.4$"]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["closed form", "2-layer linear network"]
    assert "steps" in axes.get_xlabel()


@pytest.mark.parametrize(
    ("draw", "scale", "label"), [(strengths_figure, "linear", "R_k/S"), (losses_figure, "log", "L_k(T)/L_k(0)")]
)
def test_each_model_has_a_panel_with_its_curves_and_crossings(
    draw: Callable[..., Figure], scale: str, label: str
) -> None:
    time = np.linspace(0, 10, 50)
    curves = {"slow": np.stack([np.exp(-time), np.exp(-2 * time)]), "fast": np.stack([np.cos(time), np.sin(time)])}
    crossings = {"slow": np.array([[1.0, 2.0], [3.0, 4.0]]), "fast": np.array([[5.0, 6.0], [7.0, 8.0]])}
    levels = (0.3, 0.6)
    figure = draw(time, curves, crossings, levels, (0.5, 0.2), "made by hand")
    for axes, (name, values) in zip(figure.axes, curves.items(), strict=True):
        assert name in axes.get_title(loc="left")
        for k in range(2):
            np.testing.assert_array_equal(points(axes.lines[2 * k]), [time, values[k]])
            np.testing.assert_array_equal(points(axes.lines[2 * k + 1]), [crossings[name][k], levels])
        assert axes.lines[0].get_linestyle() != axes.lines[2].get_linestyle()
        assert axes.get_yscale() == scale
        assert "steps" in axes.get_xlabel()
    assert label in figure.axes[0].get_ylabel()
    legend = figure.axes[1].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["$d_k/D = 0.5$", "$d_k/D = 0.2$"]


def test_parts_whole_and_model_are_told_apart_and_half_times_lie_on_their_curves() -> None:
    time = np.linspace(0, 10, 101)
    parts = np.stack([0.6 * np.tanh(time), 0.4 * np.tanh(time / 2)])
    half_times = np.array([1.0, 2.0, 3.0])
    axes = parts_figure(time, parts, parts.sum(axis=0), np.tanh(time), half_times, "the model", "by hand").axes[0]
    model, curves, circles = axes.lines[0], axes.lines[1::2], axes.lines[2::2]
    for line, values in zip([model, *curves], [np.tanh(time), parts.sum(axis=0), *parts], strict=True):
        np.testing.assert_array_equal(points(line), [time, values])
    assert [points(circle)[0, 0] for circle in circles] == [3.0, 1.0, 2.0]
    assert points(circles[1])[1, 0] == pytest.approx(0.6 * np.tanh(1.0))
    legend = axes.get_legend()
    assert legend is not None
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["the model", "sum of the modes", "mode $R^{(1)}$", "mode $R^{(2)}$"]


def test_one_model_and_many_shares_are_all_drawn() -> None:
    shares = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
    values = np.outer(shares, np.ones(4))
    figure = strengths_figure(np.arange(4.0), {"alone": values}, {"alone": np.ones((6, 1))}, (0.5,), shares)
    assert [points(line)[1, 0] for line in figure.axes[0].lines[::2]] == list(shares)


def test_colours_get_lighter_with_the_index() -> None:
    # Relative luminance (ITU-R BT.709): what is left in grey print.
    luminance = [np.dot(to_rgb(tuple(color)), (0.2126, 0.7152, 0.0722)) for color in skill_colors(5)]
    assert np.all(np.diff(luminance) > 0.05)
