"""Stores of runs read as curves, against the runs themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import saltus
from saltus import InputError, Job, MultitaskSparseParity, PowerLaw, read_curves, reading_report
from saltus.cli import main
from tests.runs.small import TASK, jobs, training

SIZES = [40, 400, 900]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("seeds") / "runs"
    chosen = jobs(2, steps=3000, init_std=0.02, width=100, batch_size=200, learning_rate=0.02, strength_samples=400)
    saltus.sweep(chosen, store=store)
    return store


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs over the size of the training set; the largest one is trained twice as long."""
    store = tmp_path_factory.mktemp("sizes") / "runs"
    saltus.sweep(
        [Job(TASK, training(n_data=n, steps=60 if n < 900 else 120), seed) for n in SIZES for seed in (3, 4)],
        store=store,
    )
    return store


def test_a_store_is_read_as_the_runs_that_it_holds(seeds: Path) -> None:
    curves, stored = read_curves(seeds), saltus.read_store(seeds)
    np.testing.assert_array_equal(curves["strength"], stored["strength"])
    np.testing.assert_array_equal(curves["frequency"], TASK.frequencies.first())
    assert curves.attrs["flow_learning_rate"] == stored.attrs["flow_learning_rate"]
    report = reading_report(curves)
    assert (report.layout, report.resource, report.runs) == ("a store of runs", "step", ("0", "1"))
    assert report.findings == ()
    assert read_curves(seeds, where="seed == 1").sizes["run"] == 1


def test_commands_take_stores_and_know_their_frequencies(
    seeds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forecast", str(seeds), "--json", "--out", str(tmp_path)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["skills"][0]["frequency"] == pytest.approx(float(TASK.frequencies.pmf(1)))
    assert result["calibration"]["n_runs"] == 2
    assert result["calibration"]["feature_rate_squared"] > 0


def test_ends_of_runs_stand_over_their_sizes(sizes: Path) -> None:
    curves = read_curves(sizes, over="data")
    assert curves["strength"].dims == ("run", "skill", "data")
    assert curves["data"].to_numpy().tolist() == SIZES
    assert curves["run"].to_numpy().tolist() == [3, 4]
    stored = saltus.read_store(sizes)
    for run in range(stored.sizes["run"]):
        one = stored.isel(run=run)
        end = one["strength"].to_numpy()[:, np.isfinite(one["strength"].to_numpy()).all(axis=0)][:, -1]
        there = curves["strength"].sel(run=int(one["seed"]), data=int(one["n_data"]))
        np.testing.assert_array_equal(there, end)
    assert reading_report(curves).rule == "strengths at the end of each run"
    assert "step" in reading_report(read_curves(sizes)).resource
    assert [finding.kind for finding in reading_report(read_curves(sizes)).findings] == ["different settings"]


def test_what_cannot_be_read_is_refused_in_one_line(sizes: Path, seeds: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"runs over parameters must differ in width; received .*'n_data'.*; sweep over it"
    ):
        read_curves(sizes, over="parameters")
    with pytest.raises(InputError, match="over must be one of step, data, parameters; received 'time'; choose one"):
        read_curves(sizes, over="time")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="a store of runs says itself what it holds; received 'columns, skip'; leave"):
        read_curves(seeds, columns="a", skip=3)
    (tmp_path / "c.csv").write_text("skill,step,strength\n1,1,0\n1,2,1\n")
    with pytest.raises(InputError, match="where and over are for stores of runs; received .*; leave them out"):
        read_curves(tmp_path / "c.csv", over="data")
    other = MultitaskSparseParity(PowerLaw(1.0, 3), n_bits=12, n_relevant=2, target_scale=2.0)
    saltus.sweep([Job(TASK, training(), 0), Job(other, training(), 0)], store=tmp_path / "mixed")
    with pytest.raises(InputError, match="runs must be of one task; received .*; choose runs with where=, e.g. 'alpha"):
        read_curves(tmp_path / "mixed")
    assert read_curves(tmp_path / "mixed", where="alpha == 1").sizes["skill"] == 3
    saltus.sweep(
        [Job(TASK, training(n_data=n, width=w), 0) for n in (40, 80) for w in (20, 30)], store=tmp_path / "both"
    )
    with pytest.raises(InputError, match=r"must differ in n_data, what goes with it, and seed; received \['width'\]"):
        read_curves(tmp_path / "both", over="data")
