"""The figure of a fitted law: what it draws is what the fit says."""

from __future__ import annotations

import numpy as np
import pytest

from saltus import fit_law
from saltus.figures.lawfit import Fitted, law_figure


def test_one_resource_shows_points_law_band_and_residuals() -> None:
    x = np.geomspace(1e3, 1e6, 12)
    loss = (1 + 20 * x**-0.4) * np.exp(0.01 * np.random.default_rng(0).normal(size=12))
    fit = fit_law(x, loss, "power-offset", n_bootstrap=50)
    law, rest = law_figure(Fitted(fit, x[:, None], loss, ["tokens"]), "a note").axes
    (line,) = law.lines
    assert np.asarray(line.get_ydata()) == pytest.approx(fit(np.asarray(line.get_xdata())))
    assert [text.get_text() for text in law.get_legend().get_texts()] == ["95% of the bootstrap", "law", "measured"]  # type: ignore[union-attr]
    residuals = np.asarray(rest.collections[-1].get_offsets())
    assert residuals[:, 1] == pytest.approx(100 * np.log(loss / fit(x)))
    assert rest.get_xlabel() == "tokens"


def test_two_resources_show_the_law_at_five_amounts_of_the_first() -> None:
    x = np.stack(np.meshgrid(np.geomspace(1e7, 1e9, 4), np.geomspace(1e9, 1e11, 4)), axis=-1).reshape(-1, 2)
    loss = 1.7 + 400 * x[:, 0] ** -0.34 + 410 * x[:, 1] ** -0.28
    fit = fit_law(x, loss, "two-resource", n_bootstrap=0)
    figure = law_figure(Fitted(fit, x, loss, ["N", "D"]))
    law = figure.axes[0]
    assert len(law.lines) == 5
    grid = np.asarray(law.lines[0].get_xdata())
    assert np.asarray(law.lines[0].get_ydata()) == pytest.approx(1.7 + 400 * 1e7**-0.34 + 410 * grid**-0.28, rel=1e-6)
    assert figure.axes[2].get_ylabel() == "N"
