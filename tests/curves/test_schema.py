"""Curves from arrays: labels and defaults as promised, and refusals in one line."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

from saltus import InputError, PowerLaw, assess
from saltus.curves.schema import CURVES, curves_from, resource_of
from saltus.resource import DATA, PARAMETERS, STEP
from tests.helpers import LOGIT, MIX, RATE, logistic

STRENGTH = [[0.0, 0.5, 1.0], [0.0, 0.1, 0.4]]


def test_two_arrays_are_enough() -> None:
    curves = curves_from(STRENGTH, [0, 10, 20])
    assert curves["strength"].dims == ("run", "skill", "step")
    np.testing.assert_array_equal(curves["strength"], [STRENGTH])
    for name in CURVES[1:]:
        assert curves[name].shape == (1, 2, 3)
        assert curves[name].isnull().all()
    assert {name: curves[name].to_numpy().tolist() for name in ("run", "skill", "step", "status")} == {
        "run": [0],
        "skill": [1, 2],
        "step": [0, 10, 20],
        "status": ["unknown"],
    }
    assert curves["frequency"].isnull().all()
    assert curves.attrs["target_scale"] == 1.0
    assert np.isnan(curves.attrs["flow_learning_rate"])
    assert curves.attrs["settings"] == "{}"


def test_everything_that_is_given_is_there() -> None:
    strength = np.linspace(0, 1, 12).reshape(2, 2, 3)
    curves = curves_from(
        strength,
        [100, 200, 400],
        over="data",
        strength_error=strength / 10,
        skill_loss=strength * 3,
        frequencies=[0.75, 0.25],
        runs=[7, 5],
        status=["finished", "stalled"],
        target_scale=5,
        flow_learning_rate=0.1,
        settings={"optimizer": "adam"},
    )
    assert curves["strength"].dims == ("run", "skill", "data")
    np.testing.assert_array_equal(curves["strength_error"], strength / 10)
    np.testing.assert_array_equal(curves["skill_loss"], strength * 3)
    assert curves["frequency"].dims == ("skill",)
    assert curves.sel(run=5, skill=2)["frequency"] == 0.25
    assert curves.sel(run=5)["status"] == "stalled"
    assert (curves.attrs["target_scale"], curves.attrs["flow_learning_rate"]) == (5.0, 0.1)
    assert json.loads(curves.attrs["settings"]) == {"optimizer": "adam"}


def test_runs_may_differ_in_their_frequencies() -> None:
    frequencies = [[0.75, 0.25], [0.5, np.nan]]
    curves = curves_from(np.zeros((2, 2, 1)), [0], frequencies=frequencies)
    assert curves["frequency"].dims == ("run", "skill")
    np.testing.assert_array_equal(curves["frequency"], frequencies)


def test_curves_of_a_loop_of_ones_own_go_on_to_a_forecast() -> None:
    steps = np.arange(0, 3001, 25)
    strength = logistic(LOGIT + RATE * MIX[:, None] * steps)
    forecast = assess(curves_from(strength, steps, frequencies=PowerLaw(0.6, 3).first()), until=1200).forecast
    assert forecast is not None
    # The passage of a half is linear between measurements that are 25 steps apart.
    assert forecast.emergence_time[0] == pytest.approx(-LOGIT / (RATE * MIX[0]), rel=1e-4)


@pytest.mark.parametrize("resource", [STEP, DATA, PARAMETERS])
def test_curves_know_their_resource(resource: Any) -> None:
    assert resource_of(curves_from(STRENGTH, [1, 2, 3], over=resource.name)) is resource


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"strength": 0.5}, "strength must be over runs, skills and measurements; received (); give an array over"),
        (
            {"strength": [[0, 1], [0]]},
            "strength must be an array of numbers; received [[0, 1], [0]]; give rows of equal",
        ),
        ({"strength": [["a"] * 3]}, "strength must be an array of numbers; received [['a', 'a', 'a']]; give rows"),
        ({"at": [0, 1]}, "at must be 3, one a measurement; received (2,); give a list of that length"),
        ({"at": [0, 1.5, np.inf]}, "at must be finite numbers; received [0, 1.5, inf]; leave the others out"),
        ({"at": [0, 2, 1]}, "at must ascend from 0 or more; received array([0, 2, 1]); sort the measurements, each"),
        ({"at": [0, 1, 1]}, "at must ascend from 0 or more; received array([0, 1, 1]); sort the measurements, each"),
        ({"at": [-1, 0, 1]}, "at must ascend from 0 or more; received array([-1, 0, 1]); sort the measurements, each"),
        ({"over": "time"}, "a resource must be one of step, data, parameters; received 'time'; choose one of them"),
        (
            {"strength_error": [0.1] * 3},
            "strength_error must have the shape of strength, (1, 2, 3); received (3,); give",
        ),
        (
            {"skill_loss": [[1.0]]},
            "skill_loss must have the shape of strength, (1, 2, 3); received (1, 1, 1); give one",
        ),
        ({"frequencies": [1.0]}, "frequencies must be 2, one a skill; received (1,); give a list of that length"),
        (
            {"frequencies": [1, 0]},
            "frequencies must be greater than 0; received array([1., 0.]); give NaN where one is",
        ),
        ({"runs": [0, 1]}, "runs must be 1, one a run; received (2,); give a list of that length"),
        ({"runs": [np.nan]}, "runs must be whole numbers; received [nan]; round them"),
        (
            {"status": ["finished"] * 2},
            "status must be one word a run, 1 in all; received ['finished', 'finished']; give one",
        ),
        ({"target_scale": 0}, "target_scale must be a finite number greater than 0; received 0; give S, or leave it"),
    ],
)
def test_arrays_that_are_no_curves_are_refused_in_one_line(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError) as refusal:
        curves_from(**{"strength": STRENGTH, "at": [0, 1, 2], **changes})
    assert str(refusal.value).startswith(text)
    assert "\n" not in str(refusal.value)


def test_a_dataset_of_something_else_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"curves must have strengths; received \['loss'\]; make them with curves_from"
    ):
        resource_of(xr.Dataset({"loss": ("step", [1.0])}))
    with pytest.raises(InputError, match="a resource must be one of step, data, parameters; received 'time'"):
        resource_of(xr.Dataset({"strength": (("run", "time"), [[1.0]])}))


@pytest.mark.parametrize(
    ("at", "kind"), [([0, 1, 2], "i"), ([0.0, 1.0, 2.0], "i"), ([0.5, 1.0, 1.5], "f"), ([1e18, 2e18, 3e20], "f")]
)
def test_places_are_whole_or_real_numbers(at: list[float], kind: str) -> None:
    curves = curves_from(STRENGTH, at)
    assert curves["step"].dtype.kind == kind
    np.testing.assert_array_equal(curves["step"], at)


def test_learning_rates_and_the_words_of_the_axis_come_with_the_curves() -> None:
    curves = curves_from([STRENGTH, STRENGTH], [0, 1, 2], learning_rate=[0.1, 0.2, np.nan], axis="epoch")
    assert curves["learning_rate"].dims == ("run", "step")
    np.testing.assert_array_equal(curves["learning_rate"], [[0.1, 0.2, np.nan]] * 2)
    assert curves.attrs["axis"] == "epoch"
    own = curves_from([STRENGTH, STRENGTH], [0, 1, 2], learning_rate=[[1, 2, 3], [4, 5, 6]])
    assert own.sel(run=1)["learning_rate"].to_numpy().tolist() == [4, 5, 6]
    assert "axis" not in own.attrs
    with pytest.raises(InputError, match=r"learning_rate must be 3, one a measurement; received \(2,\); give one each"):
        curves_from(STRENGTH, [0, 1, 2], learning_rate=[0.1, 0.2])
