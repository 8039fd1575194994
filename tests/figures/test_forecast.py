"""Figures of forecasts draw measurements, intervals and errors as given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import xarray as xr

from saltus.figures.forecast import Delay, forecast_figure, smooth_rise, study_figure
from tests.helpers import points

AMOUNTS = np.array([1, 10, 100, 1000])


def curves(over: str) -> xr.Dataset:
    strength = np.array([[[0.0, 0.4, 0.8, 1.0], [0.0, 0.1, 0.3, 0.6]]])
    return xr.Dataset(
        {"strength": (("run", "skill", over), strength)}, coords={"run": [0], "skill": [1, 2], over: AMOUNTS}
    )


def forecast(threshold: float, *times: float) -> Any:
    middle = np.array(times, dtype=float)
    return SimpleNamespace(
        threshold=threshold,
        emergence_time=middle,
        interval=np.stack([middle / 2, 3 * middle], axis=1),
        level=0.9,
        own_date=None,
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
    figure = forecast_figure(curves(over), assessment, list(scored.values()), note="by hand")
    (axes,) = figure.axes
    used, hidden, _, _, rise, _, bar, median, *_ = axes.lines
    np.testing.assert_allclose(points(used), np.array([[1, 10], [0, 0.4]]))
    np.testing.assert_allclose(points(hidden), np.array([[100, 1000], [0.8, 1]]))
    drawn = points(rise)
    for one in scored.values():
        assert np.interp(one.threshold, drawn[1], drawn[0]) == pytest.approx(one.emergence_time[0], rel=1e-3)
    np.testing.assert_allclose(points(bar), np.array([[6, 36], [0.5, 0.5]]))
    np.testing.assert_allclose(points(median), np.array([[12], [0.5]]))
    assert axes.get_xlabel() == label
    assert axes.get_xscale() == ("linear" if over == "parameters" else "log")
    assert now in [text.get_text() for text in axes.texts]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "measured",
        later,
        "forecast",
        "90% interval",
    ]


def test_without_a_forecast_the_measurements_are_drawn_alone() -> None:
    assessment: Any = SimpleNamespace(resource="step", until=10.0, scored={}, forecast=None)
    figure = forecast_figure(curves("step"), assessment, [])
    assert len(figure.axes[0].lines) == 5  # used and hidden points of two skills, and now
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["measured", "measured later, not used"]


def test_an_expected_curve_has_no_kink_and_ends_where_a_schedule_does() -> None:
    at = np.array([0.05, 0.5, 0.95])
    hill = [forecast(level, 100 * (level / (1 - level)) ** 0.25) for level in at]
    times, levels = smooth_rise(hill, 0)
    np.testing.assert_allclose(levels, 1 / (1 + (100 / times) ** 4), atol=1e-12)
    times, levels = smooth_rise([*hill[:2], forecast(0.95, np.inf)], 0)
    assert (times[-1], levels[-1]) == pytest.approx((100, 0.5))
    assert smooth_rise([forecast(0.5, np.inf)], 0)[0].size == 0
    single = smooth_rise([forecast(0.5, 7)], 0)
    assert [float(one[0]) for one in single] == [7, 0.5]


def test_bars_that_would_touch_stand_above_each_other() -> None:
    many = xr.Dataset(
        {"strength": (("run", "skill", "step"), np.zeros((2, 4, 4)))},
        coords={"run": [0, 1], "skill": [1, 2, 3, 4], "step": AMOUNTS},
    )
    one = forecast(0.5, 20, 40, 900, np.inf)
    one.own_date = np.array([False, False, True, False])  # the third is no test
    assessment: Any = SimpleNamespace(resource="step", until=10.0, scored={0.5: one}, forecast=one)
    figure = forecast_figure(many, assessment, [one])
    bars = [points(line) for line in figure.axes[0].lines if line.get_marker() == "|"]
    assert len(bars) == 2
    np.testing.assert_allclose(np.array([bar[0] for bar in bars]), np.array([[10, 60], [20, 120]]))
    assert abs(bars[0][1, 0] - bars[1][1, 0]) > 0.02
    assert len(figure.axes[0].collections) == 4  # what the runs span
    assert "measured, mean of runs" in [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize(("n_skills", "in_legend"), [(4, False), (30, True)])
def test_names_stand_at_their_curves_or_in_the_legend(n_skills: int, in_legend: bool) -> None:
    names = [f"task{k}ofmany" for k in range(n_skills)]
    strength = np.zeros((1, n_skills, 4))
    named = xr.Dataset(
        {"strength": (("run", "skill", "step"), strength)},
        coords={"run": [0], "skill": range(1, n_skills + 1), "step": AMOUNTS, "skill_name": ("skill", names)},
    )
    scored = {at: forecast(at, *np.geomspace(at, 600 * at, n_skills)) for at in (0.05, 0.5, 0.95)}
    assessment: Any = SimpleNamespace(resource="step", until=10.0, scored=scored, forecast=scored[0.5])
    figure = forecast_figure(named, assessment, list(scored.values()))
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert (names[0] in [text.get_text() for text in figure.axes[0].texts]) != in_legend
    assert (names[0] in legend) == in_legend
    assert len(legend) <= 12


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
