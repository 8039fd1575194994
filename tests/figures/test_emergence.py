"""The figure of strengths draws measurements and forecast as given, and names every curve that has begun to rise."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from saltus.figures.emergence import Panel, emergence_figure, panels_figure
from tests.helpers import points

STEPS = np.array([0, 10, 100, 1000])
STRENGTH = np.array(
    [
        [[0.0, 0.5, 0.9, 1.0], [0.0, 0.0, 0.2, 0.6], [0.0, 0.0, 0.0, 0.02]],
        [[0.0, 0.3, 1.0, 1.0], [0.0, 0.0, 0.4, 0.8], [0.0, 0.0, 0.0, 0.02]],
    ]
)


def curves(over: str) -> xr.Dataset:
    return xr.Dataset(
        {"strength": (("run", "skill", over), STRENGTH)}, coords={"run": [0, 1], "skill": [1, 2, 3], over: STEPS}
    )


def test_means_forecast_and_names() -> None:
    at, forecast = np.array([20.0, 200.0]), np.array([[0.1, 0.9], [0.0, 0.3], [0.0, 0.1]])
    (axes,) = emergence_figure(Panel(curves("step"), at, forecast), note="by hand").axes
    measured, solid = axes.lines[::2], axes.lines[1::2]
    assert len(measured) == len(solid) == 3
    for k in range(3):
        np.testing.assert_allclose(points(measured[k]), [STEPS[1:], STRENGTH[:, k, 1:].mean(axis=0)])
        np.testing.assert_allclose(points(solid[k]), [at, forecast[k]])
    # Skill 1 is named where it passes 0.9, skill 2 at its end, and skill 3 has not begun.
    assert [(text.get_text(), text.xy) for text in axes.texts] == [("$k=1$", (100, 1.0)), ("$2$", (1000, 0.7))]  # type: ignore[attr-defined]
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "training step"


def test_a_curve_is_named_at_its_last_measurement() -> None:
    stopped = curves("step")
    stopped["strength"][:, :, -1] = np.nan  # every run diverged
    (axes,) = emergence_figure(Panel(stopped, STEPS[1:], None)).axes
    assert [text.xy for text in axes.texts] == [(100, 1.0), (100, pytest.approx(0.3))]  # type: ignore[attr-defined]


def test_panels_say_what_they_run_over() -> None:
    given = [Panel(curves(over), STEPS[1:], None, over) for over in ("step", "data", "parameters")]
    every_axes = panels_figure(given).axes
    assert [axes.get_title(loc="left") for axes in every_axes] == ["(a) step", "(b) data", "(c) parameters"]
    assert [axes.get_xlabel() for axes in every_axes] == [
        "training step",
        "size of the training set  $D$",
        "hidden nodes  $N$",
    ]
    assert [axes.get_xscale() for axes in every_axes] == ["log", "log", "linear"]
