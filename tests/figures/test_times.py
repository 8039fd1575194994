"""The figure of emergence times shows the numbers it is given, under the right names."""

from __future__ import annotations

import math

import numpy as np

from saltus.curves.time_law import fit_time_law
from saltus.figures.times import Panel, Series, times_figure
from tests.helpers import points


def test_means_spreads_laws_and_reference_are_drawn_as_given() -> None:
    times = np.array([[10.0, 80.0, math.nan], [40.0, 80.0, 900.0]])
    law = fit_time_law(times)
    assert law is not None
    # Geometric mean of 10 and 40; log10 of 10 and 40 is apart by 2 log10(2), which is sqrt(2) standard deviations.
    mean, log10_sd = np.array([20.0, 80.0, 900.0]), np.array([math.sqrt(2) * math.log10(2), 0.0, math.nan])
    series = Series("network", mean, log10_sd, law)
    (axes,) = times_figure([Panel([series])], expected=2, threshold=0.05, note="by hand").axes

    marks, fitted, reference = axes.lines[0], axes.lines[-3], axes.lines[-2]
    np.testing.assert_allclose(points(marks), [[1, 2, 3], [20, 80, 900]])
    np.testing.assert_allclose(points(fitted), np.stack([[1, 2, 3], law([1, 2, 3])]))
    np.testing.assert_allclose(points(reference), [[1, 2, 3], [20, 80, 180]])
    (bars,) = axes.collections
    spread = math.sqrt(2) * math.log(2)
    ends = np.array(bars.get_paths()[0].vertices, dtype=float)[:, 1]
    np.testing.assert_allclose(ends, 20 * np.exp([-spread, spread]))
    legend = axes.get_legend()
    assert legend is not None
    texts = [text.get_text() for text in legend.get_texts()]
    assert any(text.startswith("network, $k^{") for text in texts)
    assert "$k^{2}$ from $k = 1$" in texts
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert "0.05" in axes.get_ylabel()


def test_a_series_in_which_nothing_emerged_is_named_all_the_same() -> None:
    nothing = Series("silent", np.full(3, math.nan), np.full(3, math.nan), None)
    other = Series("other", np.array([1.0, 2.0, 4.0]), np.full(3, math.nan), fit_time_law([[1.0, 2.0, 4.0]]))
    left, right = times_figure([Panel([nothing, other], "SGD"), Panel([other], "Adam")], 1.9, 0.5).axes
    legend = left.get_legend()
    assert legend is not None
    assert "silent" in [text.get_text() for text in legend.get_texts()]
    assert [axes.get_title(loc="left") for axes in (left, right)] == ["(a) SGD", "(b) Adam"]
