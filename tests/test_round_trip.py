"""Tables that our own commands write are read by our own forecast, which then says what it says of the source."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import saltus
from saltus import Job, MLPTraining, MultitaskSparseParity, PowerLaw
from saltus.cli import main

ALPHA, SCALE = 0.6, 3.0
TASK = MultitaskSparseParity(PowerLaw(ALPHA, 2), n_bits=12, n_relevant=2, target_scale=SCALE)
WIDE = {"learning_rate": 0.02, "init_std": 0.02, "width": 100, "batch_size": 200, "strength_samples": 400}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that differ in seed, width and length."""
    folder = tmp_path_factory.mktemp("store") / "runs"
    trainings = [MLPTraining(3000, **WIDE), MLPTraining(2500, **WIDE | {"width": 120})]  # type: ignore[arg-type]
    saltus.sweep([Job(TASK, training, seed) for seed, training in enumerate(trainings)], store=folder)
    return folder


def forecast(capsys: pytest.CaptureFixture[str], source: Path, *options: str) -> dict[str, Any]:
    assert main(["forecast", str(source), *options, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert isinstance(result, dict)
    return result


def export(store: Path, to: Path, *options: str) -> Path:
    assert main(["sweep", "export", str(store), "--to", str(to), *options]) == 0
    return to


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("options", [(), ("--until", "1000"), ("--alpha", "0.9")], ids=["whole", "early", "given"])
def test_an_exported_store_is_forecast_as_the_store_is(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str, options: tuple[str, ...]
) -> None:
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    table = export(store, tmp_path / f"curves.{ending}")
    capsys.readouterr()
    of_store, of_table = (forecast(capsys, source, *options) for source in (store, table))
    known, told = of_store.pop("calibration"), of_table.pop("calibration")
    assert (of_store.pop("settings")["curves"], of_table.pop("settings")["curves"]) == (str(store), str(table))
    # A table has strengths R/S alone: S, and with it r = R(0), and the learning rate that B^2 needs, are the store's.
    assert (known.pop("target_scale"), told.pop("target_scale")) == (SCALE, 1.0)
    for name in ("initial_strength", "initial_strength_error"):
        assert told.pop(name) * SCALE == pytest.approx(known.pop(name), rel=1e-14)
    for name in ("flow_learning_rate", "feature_rate_squared", "feature_rate_squared_error"):
        assert math.isfinite(known.pop(name))
        assert told.pop(name) is None
    assert told == known  # to the last bit: tables hold numbers in full
    for one, other in zip(of_store.pop("skills"), of_table.pop("skills"), strict=True):
        assert_close(other, one)
    assert_close(of_table, of_store)


def assert_close(one: Any, other: Any) -> None:
    """Equal but for rounding: the same model is computed with S = 3 for the store, and with S = 1 for the table.

    Rounding moves the ends of grids of log10(time), and with them a quantile by parts of a point, 1e-3 decades wide.
    """
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for name in one:
            assert_close(one[name], other[name])
    elif isinstance(one, list):
        assert len(one) == len(other)
        for part, beside in zip(one, other, strict=True):
            assert_close(part, beside)
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-4, abs=1e-4, nan_ok=True)
    else:
        assert one == other


def test_the_table_says_that_its_frequencies_are_used(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = export(store, tmp_path / "curves.csv", "--where", "seed == 0")
    capsys.readouterr()
    assert main(["forecast", str(table)]) == 0
    printed = capsys.readouterr().out
    first, second = 1 / (1 + 2**-1.6), 1 / (1 + 2**1.6)
    assert f"frequencies: 2 skills of 2 with theirs in the file: {first:.4g} to {second:.4g}, used unless" in printed
    assert "columns left out: " in printed


def test_runs_of_two_tasks_are_refused_from_store_and_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = MultitaskSparseParity(PowerLaw(1.0, 2), n_bits=12, n_relevant=2, target_scale=SCALE)
    short = MLPTraining(20, learning_rate=0.02, init_std=0.02, width=10, batch_size=20, strength_samples=16)
    saltus.sweep([Job(TASK, short, 0), Job(other, short, 0)], store=tmp_path / "runs")
    table = export(tmp_path / "runs", tmp_path / "curves.csv")
    capsys.readouterr()
    assert main(["forecast", str(tmp_path / "runs")]) == 2
    assert "runs must be of one task" in capsys.readouterr().err
    assert main(["forecast", str(table)]) == 2
    assert "the column frequency must have one value a skill; received [0.75" in capsys.readouterr().err
    one = export(tmp_path / "runs", tmp_path / "one.csv", "--where", "alpha == 1")
    assert saltus.read_curves(one)["frequency"].to_numpy() == pytest.approx([2**2 / 5, 1 / 5], rel=1e-15)


def test_the_table_of_a_training_is_forecast_as_its_curves_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frequencies = PowerLaw(ALPHA, 2)
    command = ["train", "mlp", "--alpha", str(ALPHA), "--n-skills", "2", "--n-bits", "12", "--n-relevant", "2"]
    command += ["--target-scale", str(SCALE), "--steps", "2500", "--learning-rate", "0.02", "--init-std", "0.02"]
    command += ["--width", "100", "--batch-size", "200", "--seeds", "2", "--out", str(tmp_path)]
    assert main(command) == 0
    capsys.readouterr()
    result = forecast(capsys, tmp_path / "curves.csv", "--alpha", str(ALPHA))
    curves = saltus.train_mlp(
        MultitaskSparseParity(frequencies, n_bits=12, n_relevant=2, target_scale=SCALE),
        steps=2500, learning_rate=0.02, init_std=0.02, width=100, batch_size=200, seeds=2,
    )  # fmt: skip
    wanted = saltus.assess(curves, frequencies)
    assert wanted.forecast is not None
    assert result["verdict"]["level"] == wanted.verdict.level
    assert result["calibration"]["n_runs"] == 2
    for k, skill in enumerate(result["skills"]):
        # This table has nine digits.
        assert skill["emergence_time"] == pytest.approx(float(wanted.forecast.emergence_time[k]), rel=1e-6)
        assert skill["observed_time"] == pytest.approx(float(wanted.forecast.measured.mean[k]), rel=1e-6)  # type: ignore[union-attr]
        assert skill["interval"] == pytest.approx(wanted.forecast.interval[k].tolist(), rel=1e-5)
