"""Calibrations in files: those of 0.1.0 are read and still forecast, older formats migrate, damage is refused."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saltus import (
    AnyCalibration,
    Calibration,
    DataCalibration,
    InputError,
    ParameterCalibration,
    PowerLaw,
    assess,
    calibrate,
    load_calibration,
    read_curves,
)
from saltus.forecast.base import saved

KEPT = Path(__file__).parents[1] / "data/saltus-0.1.0"
KINDS: dict[str, type[AnyCalibration]] = {
    "step": Calibration,
    "data": DataCalibration,
    "parameters": ParameterCalibration,
}
MIX = PowerLaw(0.6, 3)


def kept(resource: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((KEPT / f"calibration-{resource}.json").read_text())
    return data


LATER: dict[str, Any] = {"quantiles": (), "unit": 1.0}
"""Fields of calibrations over sizes that came after 0.1.0, as they are in its files."""


@pytest.mark.parametrize("resource", KINDS)
def test_calibrations_of_0_1_0_are_read_whole(resource: str) -> None:
    path = KEPT / f"calibration-{resource}.json"
    calibration = load_calibration(path)
    assert type(calibration) is KINDS[resource]
    assert KINDS[resource].load(path) == calibration
    written = kept(resource)
    for field in fields(calibration):  # type: ignore[arg-type]
        value = getattr(calibration, field.name)
        if field.name in LATER:
            assert value == LATER[field.name]
            continue
        assert json.loads(json.dumps(value)) == written[field.name], field.name


@pytest.mark.parametrize("resource", KINDS)
def test_a_calibration_written_now_has_the_fields_of_0_1_0_and_its_format(resource: str, tmp_path: Path) -> None:
    load_calibration(KEPT / f"calibration-{resource}.json").save(tmp_path / "cal.json")
    later = {} if resource == "step" else {name: json.loads(json.dumps(value)) for name, value in LATER.items()}
    assert json.loads((tmp_path / "cal.json").read_text()) == {**kept(resource), "format": 1, **later}


@pytest.mark.parametrize("resource", ["step", "data"])
def test_the_same_curves_give_the_calibration_of_0_1_0(resource: str) -> None:
    # The table keeps R/S: scale and learning rate are not in it. Fits end within 1e-9 of their minimum.
    again = asdict(calibrate(read_curves(KEPT / f"curves-{resource}.csv"), MIX))  # type: ignore[call-overload]
    written = kept(resource)
    for name, value in again.items():
        if name not in ("target_scale", "flow_learning_rate", "error_source", *LATER):
            np.testing.assert_allclose(value, written[name], rtol=1e-6, err_msg=name)


def test_a_calibration_of_0_1_0_still_forecasts_and_says_about_the_same() -> None:
    """Laws of a run came after 0.1.0: medians stay within a tenth of a decade, intervals are made anew."""
    written = json.loads((KEPT / "forecast.json").read_text())
    curves = read_curves(KEPT / "curves-step.csv")
    curves.attrs["settings"] = '{"optimizer": "sgd"}'  # 0.1.0 took that for granted
    again = assess(curves, MIX, until=written["until"], calibration=load_calibration(KEPT / "forecast.json"))
    assert again.forecast is not None
    for k, skill in enumerate(written["skills"]):
        assert abs(np.log10(again.forecast.emergence_time[k] / skill["emergence_time"])) < 0.1
        low, high = again.forecast.interval[k]
        assert low < skill["interval"][1]
        assert high > skill["interval"][0]


DAMAGE = [
    ("step", {"rate": None}, "rate, half exposure, scale and frequency must be finite numbers greater than 0"),
    ("step", {"rate": "fast"}, "a calibration must be a JSON file of ours"),
    ("step", {"covariance": [[1.0, None], [0.0, 1.0]]}, "covariances, degrees of freedom and residual must be finite"),
    ("step", {"covariance": [1.0, 2.0]}, "a calibration must be a JSON file of ours"),
    ("step", {"fit_degrees": None}, "covariances, degrees of freedom and residual must be finite numbers"),
    ("step", {"skills": []}, "a calibration must be a JSON file of ours"),
    ("step", {"skills": [4]}, "a calibration must be a JSON file of ours"),
    ("step", {"resource": ["step"]}, "a calibration must be a JSON file of ours"),
    ("step", {"resource": "width"}, "a resource must be one of step, data, parameters; received 'width'"),
    ("step", {"format": 2}, "a calibration must be of format 1 to 1; received .*: format 2'; read it with a newer"),
    ("step", {"format": "new"}, "a calibration must be of format 1 to 1; received .*; read it with a newer saltus"),
    ("data", {"constant": 0.5}, "the constant must be at least 1, and variances and degrees of freedom"),
    ("data", {"variance": -1.0}, "the constant must be at least 1, and variances and degrees of freedom"),
    ("data", {"misfit": None}, "the constant must be at least 1, and variances and degrees of freedom"),
    ("parameters", {"n_skills": None}, "a calibration must be a JSON file of ours"),
    ("parameters", {"skills": 1}, "a calibration must be a JSON file of ours"),
]


@pytest.mark.parametrize(("resource", "change", "message"), DAMAGE)
def test_damage_is_refused_in_one_line(resource: str, change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = tmp_path / "cal.json"
    path.write_text(json.dumps({**kept(resource), **change}))
    with pytest.raises(InputError, match=message):
        load_calibration(path)


@pytest.mark.parametrize("resource", KINDS)
def test_a_missing_field_is_refused(resource: str, tmp_path: Path) -> None:
    path, data = tmp_path / "cal.json", kept(resource)
    for name in (field.name for field in fields(KINDS[resource]) if field.name not in LATER):  # type: ignore[arg-type]
        path.write_text(json.dumps({key: value for key, value in data.items() if key != name}))
        with pytest.raises(
            InputError, match="a calibration must be a JSON file of ours; received .*; give a file that"
        ):
            load_calibration(path)


def test_a_calibration_over_another_resource_is_refused() -> None:
    path = KEPT / "calibration-data.json"
    with pytest.raises(InputError, match="this needs a calibration in time; received .*: in data'; calibrate on steps"):
        Calibration.load(path)
    with pytest.raises(InputError, match="this needs a calibration in parameters; received .*; calibrate on hidden"):
        ParameterCalibration.load(path)


def test_older_formats_migrate_step_by_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if format 2 had renamed a field, and format 3 another one."""
    now = load_calibration(KEPT / "calibration-data.json")
    old = kept("data")
    old["d_c"], old["scale"] = old.pop("constant"), old.pop("target_scale")
    (tmp_path / "old.json").write_text(json.dumps(old))
    newer = {name: value for name, value in old.items() if name != "d_c"} | {"constant": old["d_c"], "format": 2}
    (tmp_path / "newer.json").write_text(json.dumps(newer))
    monkeypatch.setattr(saved, "FORMAT", 3)
    monkeypatch.setitem(saved.MIGRATIONS, 1, lambda data: data | {"constant": data["d_c"]})
    monkeypatch.setitem(saved.MIGRATIONS, 2, lambda data: data | {"target_scale": data["scale"]})
    assert load_calibration(tmp_path / "old.json") == now
    assert load_calibration(tmp_path / "newer.json") == now


def test_every_older_format_has_its_step() -> None:
    assert sorted(saved.MIGRATIONS) == list(range(1, saved.FORMAT))


@pytest.mark.parametrize("resource", KINDS)
def test_quantiles_of_a_forecast_are_those_of_its_interval(resource: str) -> None:
    forecast = load_calibration(KEPT / f"calibration-{resource}.json").forecast(MIX, level=0.8)
    ends = np.column_stack([forecast.quantile(0.1), forecast.quantile(0.9)])
    np.testing.assert_allclose(ends, forecast.interval, rtol=1e-12)
    np.testing.assert_allclose(forecast.quantile(0.5), forecast.emergence_time, rtol=1e-12)
    with pytest.raises(InputError, match="a probability must lie between 0 and 1; received 1"):
        forecast.quantile(1)
