"""The stages figure shows the numbers it is given, under the right names."""

from __future__ import annotations

import numpy as np

from saltus.figures.stages import stages_figure
from saltus.theory.stages import Staircase
from tests.helpers import points


def test_strengths_stages_loss_and_stairs_are_drawn_as_given() -> None:
    time = np.geomspace(1, 1000, 50)
    strength = np.stack([time / (time + 10), time / (time + 100)], axis=1)
    loss = 8 / time
    stages = np.array([[5.0, 50.0], [40.0, 400.0]])
    staircase = Staircase(np.array([0.0, 10.0, 100.0]), np.array([8.0, 3.0, 0.5]), np.array([0, 1, 2]))
    above, below = stages_figure(time, strength, loss, stages, (0.1, 0.9), staircase, "made by hand").axes

    drawn = [points(line) for line in above.lines if line.get_linestyle() != ":"]
    for k in range(2):
        curve, emerged, saturated = drawn[3 * k : 3 * k + 3]
        np.testing.assert_array_equal(curve, [time, strength[:, k]])
        np.testing.assert_array_equal(emerged[:, 0], [stages[k, 0], 0.1])
        np.testing.assert_array_equal(saturated[:, 0], [stages[k, 1], 0.9])
    texts = [text.get_text() for text in above.texts]
    for name in ("$\\epsilon$", "$1-\\epsilon$", "$\\tau_e(1)$", "$\\tau_s(1)$", "$\\tau_e(2)$", "$\\tau_s(2)$"):
        assert name in texts

    exact, stairs = below.lines
    np.testing.assert_array_equal(points(exact), [time, loss])
    np.testing.assert_array_equal(points(stairs), [[0, 10, 100, 1000], [8, 3, 0.5, 0.5]])
    assert stairs.get_drawstyle() == "steps-post"
    assert [text.get_text() for text in below.texts] == ["$P_{1}S^2/2 = 5.00$", "$P_{2}S^2/2 = 2.50$"]
    legend = below.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["exact loss", "staircase"]
    assert below.get_xscale() == "log"
    assert "steps" in below.get_xlabel()
