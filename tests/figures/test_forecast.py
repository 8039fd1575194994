"""Figures of forecasts draw measurements, intervals and errors as given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from saltus.figures.forecast import Delay, forecast_figure, study_figure
from tests.helpers import points

AMOUNTS = np.array([1, 10, 100, 1000])


def curves(over: str) -> xr.Dataset:
    strength = np.array([[[0.0, 0.4, 0.8, 1.0], [0.0, 0.1, 0.3, 0.6]]])
    return xr.Dataset(
        {"strength": (("run", "skill", over), strength)}, coords={"run": [0], "skill": [1, 2], over: AMOUNTS}
    )


def forecast(threshold: float, *times: float) -> Any:
    middle = np.array(times)
    return SimpleNamespace(
        threshold=threshold, emergence_time=middle, interval=np.stack([middle / 2, 2 * middle], axis=1), level=0.9
    )


@pytest.mark.parametrize(
    ("over", "label", "now", "later"),
    [
        ("step", "training step", "now", "measured later, not used"),
        ("data", "size of the training set  $D$", "used up to here", "measured beyond, not used"),
        ("parameters", "hidden nodes  $N$", "used up to here", "measured beyond, not used"),
    ],
)
def test_measured_hidden_and_forecast(over: str, label: str, now: str, later: str) -> None:
    scored = {0.05: forecast(0.05, 2, 20), 0.5: forecast(0.5, 12, 120), 0.95: forecast(0.95, 70, 700)}
    assessment: Any = SimpleNamespace(resource=over, until=10.0, scored=scored, forecast=scored[0.5])
    (axes,) = forecast_figure(curves(over), assessment, list(scored.values()), note="by hand").axes
    used, hidden, rise = axes.lines[:3]
    np.testing.assert_allclose(points(used), np.array([[1, 10], [0, 0.4]]))
    np.testing.assert_allclose(points(hidden), np.array([[100, 1000], [0.8, 1]]))
    np.testing.assert_allclose(points(rise), np.array([[2, 12, 70], [0.05, 0.5, 0.95]]))
    ends = np.array(axes.collections[0].get_paths()[0].vertices)
    assert (ends[:, 0].min(), ends[:, 0].max()) == (1, 140)
    assert axes.get_xlabel() == label
    assert axes.get_xscale() == ("linear" if over == "parameters" else "log")
    assert now in [text.get_text() for text in axes.texts]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["measured", later, "forecast", "90% interval"]


def test_without_a_forecast_the_measurements_are_drawn_alone() -> None:
    assessment: Any = SimpleNamespace(resource="step", until=10.0, scored={}, forecast=None)
    (axes,) = forecast_figure(curves("step"), assessment, []).axes
    assert len(axes.collections) == 0
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["measured", "measured later, not used"]


def test_errors_of_the_study() -> None:
    decades = np.array([0.0, 0.5, 1.0])
    delay = Delay(decades, mean=np.array([0.0, 0.1, 0.2]), reach=np.array([0.05, 0.1, 0.2]))
    testing = (np.array([0.3, 0.9]), np.array([0.02, 0.25]))
    (axes,) = study_figure(delay, {"testing": testing}, note="by hand").axes
    mean, _, seen = axes.lines
    np.testing.assert_allclose(points(mean), np.stack([decades, delay.mean]))
    np.testing.assert_allclose(points(seen), np.stack(testing))
    ends = np.array(axes.collections[0].get_paths()[0].vertices)
    assert (ends[:, 1].min(), ends[:, 1].max()) == pytest.approx((-0.05, 0.4))
    legend = axes.get_legend()
    assert legend is not None
    assert "testing runs" in [text.get_text() for text in legend.get_texts()]
