"""Fig. 1, Fig. 11 and Table 5 at a small size: the physics, the bookkeeping, and stopping in the middle."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from saltus import InputError, Job, MLPTraining, StoppedError, TrainingWarning
from saltus.present.report import Report, write
from saltus.reproduce.paper import fig1, fig11, table5
from saltus.reproduce.shared.agreement import agreement
from saltus.reproduce.shared.emergence_settings import PRESETS, Settings, Study
from saltus.reproduce.shared.experiments import (
    DataExperiment,
    ParameterExperiment,
    TimeExperiment,
    run_experiments,
)
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from tests.reproduce.helpers import DATA, WIDE

NARROW = MLPTraining(
    20_000, learning_rate=0.001, init_std=0.001, width=(1, 4, 10, 24), batch_size=100, optimizer="adam",
    measure_at=(15_000, 20_000), strength_samples=400,
)  # fmt: skip
SMALL = Settings(
    time=Study(TimeExperiment(3, WIDE, 2), TimeExperiment(1, replace(WIDE, steps=2500), 2)),
    data=Study(
        DataExperiment(3, DATA, 2, sizes=(600, 2500)),
        DataExperiment(
            1, replace(DATA, steps=4000, measure_at=tuple(range(250, 4001, 250))), 2, sizes=(150, 500, 1500)
        ),
    ),
    parameters=Study(ParameterExperiment(3, NARROW, 2), ParameterExperiment(1, NARROW, 3)),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def report(store: Path) -> Report:
    return fig1.reproduce(SMALL, RunOptions(store=store))


def test_presets_are_the_papers_systems() -> None:
    for preset in PRESETS.values():
        for study in preset.studies.values():
            assert (study.system.alpha, study.system.n_skills, study.single.n_skills) == (0.6, 5, 1)
        assert preset.parameters.system.training.widths == tuple(range(1, 21))
        assert preset.parameters.system.training.optimizer == "adam"
        assert preset.data.system.training.widths == preset.time.system.training.widths == (1000,)
    fast, paper = PRESETS["fast"], PRESETS["paper"]
    assert fast.time.system.n_seeds == fast.data.system.n_seeds == 10
    assert fast.parameters.system.n_seeds >= 20
    assert paper.parameters.system.n_seeds == 50
    assert isinstance(fast.data.system, DataExperiment)
    assert len(fast.data.system.sizes) >= 18
    assert (min(fast.data.system.sizes), max(fast.data.system.sizes)) == (500, 35_000)
    printed = paper.data.system.training
    assert (printed.steps, printed.learning_rate, printed.halve_every, printed.batch_size) == (
        500_000,
        0.05,
        50_000,
        2000,
    )
    assert (paper.parameters.system.training.steps, paper.parameters.system.training.batch_size) == (500_000, 4000)


def test_more_frequent_skills_emerge_first_and_strengths_are_shares(report: Report) -> None:
    half = [skill["half_measured"] for skill in report.summary["panels"]["time"]["skills"]]
    assert np.all(np.diff([time for time in half if np.isfinite(time)]) > 0)
    assert np.isfinite(half[:2]).all()
    data = mean_strengths(report, "data")
    assert np.all(np.diff(data, axis=1) < 0.02)  # rarer skills are weaker at every size
    assert data[1, 0] > data[0, 0] + 0.2
    for name in ("time", "data"):
        assert report.tables[name]["strength"].between(-0.1, 1.1).all()
    widths = mean_strengths(report, "parameters")
    assert widths[0, 0] < 0.5 < widths[-1, 0]


def mean_strengths(report: Report, resource: str) -> np.ndarray:
    """Over runs, ``(amounts, skills)``, from the table that is written."""
    means = report.tables[resource].groupby([resource, "skill"])["strength"].mean()
    return means.unstack().to_numpy().astype(float)


def test_agreement_says_what_a_reader_would_measure_in_the_tables(report: Report) -> None:
    table = report.tables["time"]
    mean = table[table["skill"] == 1].groupby("step")["strength"].mean()
    first = int(np.argmax(mean.to_numpy() >= 0.5))
    around = mean.iloc[[first - 1, first]]
    by_hand = np.interp(0.5, around.to_numpy(), around.index.to_numpy(dtype=float))
    skill = report.summary["panels"]["time"]["skills"][0]
    assert skill["half_measured"] == pytest.approx(by_hand, rel=1e-6)
    assert skill["log10_ratio"] == pytest.approx(np.log10(skill["half_forecast"] / by_hand), abs=1e-6)
    assert len(report.table.texts) == 9
    data = report.tables["data"]
    assert len(data) == 2 * 3 * 2
    assert data.groupby(["run", "data"])["n_observed"].sum().to_numpy().tolist() == [600, 2500] * 2


def test_every_run_is_kept_and_used_again(report: Report, store: Path, tmp_path: Path) -> None:
    files = {path: path.stat().st_mtime_ns for path in store.glob("??/*.npz")}
    again = fig1.reproduce(SMALL, RunOptions(store=store))
    assert again.summary_text == report.summary_text
    single = fig11.reproduce(SMALL, RunOptions(store=store))
    table5.reproduce(SMALL, RunOptions(store=store))
    assert {path: path.stat().st_mtime_ns for path in store.glob("??/*.npz")} == files
    panels = single.summary["panels"]
    for name, constant in (("data", "shots"), ("parameters", "nodes_per_skill"), ("time", "feature_rate_squared")):
        assert panels[name][constant] == report.summary["panels"][name]["constant"]
    write(report, tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text())["version"]
    assert (tmp_path / "emergence.png").stat().st_size > 10_000


def test_runs_that_were_stopped_go_on_to_the_same_bits(report: Report, tmp_path: Path) -> None:
    experiments = [SMALL.parameters.single, SMALL.data.single]
    stop_at = 40

    def stopping(jobs: object) -> object:
        calls = 0

        def progress(index: int, steps_taken: int) -> None:
            nonlocal calls
            calls += 1
            if calls == stop_at:
                raise RuntimeError("pulled the plug")

        return progress

    with pytest.raises(StoppedError, match="pulled the plug"):
        run_experiments(experiments, RunOptions(store=tmp_path, workers=1, watch=stopping))  # type: ignore[arg-type]
    for experiment, name in zip(experiments, ("parameters_single", "data_single"), strict=True):
        (curves,) = run_experiments([experiment], RunOptions(store=tmp_path))
        np.testing.assert_allclose(
            curves["strength"].to_numpy().ravel(), report.tables[name]["strength"].to_numpy(), rtol=0, atol=0
        )


def test_the_number_of_observations_is_that_of_the_training_set() -> None:
    experiment = DataExperiment(3, replace(DATA, steps=250, measure_at=(250,)), 2, sizes=(2500, 600))
    jobs = experiment.jobs(seed=4)
    assert [job.training.n_data for job in jobs] == [2500, 2500, 600, 600]
    curves = experiment.curves(jobs, train_all(jobs, RunOptions()))
    assert curves["data"].to_numpy().tolist() == [600, 2500]
    np.testing.assert_array_equal(curves["n_observed"].sum("skill"), [[600, 2500]] * 2)
    for run, seed in enumerate((4, 5)):
        (job,) = (job for job in jobs if job.seed == seed and job.training.n_data == 600)
        skills = job.training_set().data.skills
        assert curves["n_observed"].isel(run=run, data=0).to_numpy().tolist() == np.bincount(skills)[1:].tolist()
    assert np.isnan(curves["steps"]).all()  # 250 steps are too few to converge, and the curves say so


class OneDiverges(DataExperiment):
    """Its first run on the smallest training set is trained far past any stability edge."""

    def jobs(self, seed: int) -> list[Job]:
        *others, one, last = super().jobs(seed)
        return [*others, replace(one, training=replace(one.training, learning_rate=5.0)), last]


class SeedDiverges(ParameterExperiment):
    """The networks of its first seed are."""

    def jobs(self, seed: int) -> list[Job]:
        first, *others = super().jobs(seed)
        return [replace(first, training=replace(first.training, learning_rate=1e4)), *others]


def test_a_run_that_diverged_is_named_and_is_in_no_mean(report: Report, store: Path) -> None:
    lame = OneDiverges(3, DATA, 2, sizes=(600, 2500))
    with pytest.warns(TrainingWarning, match="run with seed 0, 600 samples diverged: at step "):
        (curves,) = run_experiments([lame], RunOptions(store=store))
    assert curves["status"].to_numpy().tolist() == ["diverged", "finished"]
    strength = curves["strength"].to_numpy()
    assert np.isnan(strength).all(axis=1).tolist() == [[True, False], [False, False]]
    survivors = np.stack([strength[1, :, 0], strength[:, :, 1].mean(axis=0)], axis=1)
    assert [skill.rms for skill in agreement(curves, survivors)] == pytest.approx([0, 0, 0], abs=1e-12)
    with pytest.warns(TrainingWarning, match="600 samples diverged"):
        told = fig1.reproduce(replace(SMALL, data=replace(SMALL.data, system=lame)), RunOptions(store=store))
    assert "n_s = 3, over data: seed 0 diverged; what they did not reach is in no mean" in told.remarks
    assert any(line.startswith("data: 3 of 4 runs converged, after ") for line in told.remarks)
    assert not any("diverged" in line for line in report.remarks)
    table, whole = told.tables["data"], report.tables["data"]
    assert len(table) == len(whole) - 3
    assert not ((table["run"] == 0) & (table["data"] == 600)).any()


def test_table5_counts_no_run_that_diverged() -> None:
    short = replace(NARROW, steps=2000, measure_at=(1500, 2000))
    lame = SeedDiverges(3, short, 3)
    with pytest.warns(TrainingWarning, match="run with seed 0, widths 1, 4, 10, 24 side by side diverged: at step "):
        told = table5.reproduce(replace(SMALL, parameters=replace(SMALL.parameters, system=lame)), RunOptions())
    first, second, third, mean, *_ = told.table.texts
    assert first == ["0", "–", "–", "–", "diverged"]
    np.testing.assert_allclose(
        np.array(mean[1:4], float), np.mean([np.array(row[1:4], float) for row in (second, third)], axis=0), atol=0.011
    )
    assert told.remarks[0].endswith("of 2 runs have one")
    assert "n_s = 3, over parameters: seed 0 diverged; what they did not reach is in no mean" in told.remarks
    assert set(told.tables["strengths"]["run"]) == {1, 2}


def test_runs_that_all_diverged_are_no_result() -> None:
    experiment = DataExperiment(3, replace(DATA, learning_rate=5.0), 1, sizes=(600,))
    with pytest.warns(TrainingWarning, match="diverged"):
        (curves,) = run_experiments([experiment], RunOptions())
    with pytest.raises(
        InputError, match=r"some run over data must have come to an end; received \['diverged'\]; try a "
    ):
        agreement(curves, np.zeros((3, 1)))


def test_agreement_against_values_by_hand() -> None:
    curves = xr.Dataset(
        {"strength": (("run", "skill", "data"), [[[0.0, 0.4, 0.8]], [[0.0, 0.6, 1.0]]])}, coords={"data": [1, 2, 4]}
    )
    (skill,) = agreement(curves, np.array([[0.0, 1.0, 1.0]]))
    assert skill.rms == pytest.approx(np.sqrt((0.5**2 + 0.1**2) / 3))
    np.testing.assert_allclose([skill.largest, skill.largest_at], [0.5, 2.0])
    np.testing.assert_allclose([skill.half_measured, skill.half_forecast], [2.0, 1.5])
    assert skill.log10_ratio == pytest.approx(np.log10(1.5 / 2))
    # Resampled means are 0.4, 0.5 or 0.6 at D = 2 with weights 1:2:1; their half points follow by hand.
    halves = np.log10([2 + 2 * 0.1 / 0.4, 2.0, 2.0, 1 + 0.5 / 0.6])
    assert skill.log10_ratio_error == pytest.approx(halves.std(), rel=0.15)


def test_table5_names_outliers() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = table5.reproduce(
            replace(SMALL, parameters=replace(SMALL.parameters, system=replace(SMALL.parameters.system, n_skills=4))),
            RunOptions(),
        )
    strength, rule = np.array(report.summary["strength"]), np.array([1.0, 1.0, 0.5, 0.0])
    assert report.summary["rule"] == rule.tolist()
    for seed, own in zip(report.summary["seeds"], strength, strict=True):
        far = [k + 1 for k in range(4) if abs(own[k] - rule[k]) > 0.6]
        assert report.summary["outliers"].get(str(seed), []) == far
