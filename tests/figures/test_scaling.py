"""Scaling figures draw what they are given, on the axes they promise."""

from __future__ import annotations

import numpy as np

from saltus.figures.scaling import Line, Panel, loss_figure, points_table

X = np.array([1.0, 10.0, 100.0])
PANELS = {
    "left": Panel("time", [Line(X, 1 / X, "a", "exact"), Line(X, 2 / X, "a", "law"), Line(X, 3 / X, "", "optimal N")]),
    "right": Panel("data", [Line(X, X**-0.5, "b", "trained")], title="right one"),
}


def test_lines_scales_labels_and_keys() -> None:
    figure = loss_figure(list(PANELS.values()), family_title="family", note="made by hand")
    left, right = figure.axes
    for axes, panel in zip((left, right), PANELS.values(), strict=True):
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert axes.get_xlabel() == panel.xlabel
        for drawn, line in zip(axes.get_lines(), panel.lines, strict=True):
            np.testing.assert_array_equal(drawn.get_xydata(), np.column_stack([line.x, line.loss]))
    assert "loss" in left.get_ylabel()
    assert right.get_title() == "right one"
    kinds, families = left.get_legend(), right.get_legend()
    assert kinds is not None
    assert families is not None
    assert [text.get_text() for text in kinds.get_texts()] == ["exact", "law", "optimal N", "trained"]
    assert [text.get_text() for text in families.get_texts()] == ["a", "b"]
    exact, law = left.get_lines()[:2]
    assert exact.get_color() is law.get_color() or np.all(np.asarray(exact.get_color()) == np.asarray(law.get_color()))
    assert exact.get_linestyle() != law.get_linestyle()


def test_points_table_has_every_point() -> None:
    table = points_table(PANELS)
    assert list(table.columns) == ["panel", "family", "kind", "x", "loss"]
    assert len(table) == 12
    assert table[table["kind"] == "law"]["loss"].tolist() == [2.0, 0.2, 0.02]
