"""``saltus sweep`` from outside: what it prints, its exit status, and recipes that go on."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from saltus import Job, MultitaskSparseParity, PowerLaw, StoppedError, read_store, train_transformer
from saltus.reproduce.paper.fig1a import Settings, reproduce
from saltus.reproduce.shared.options import RunOptions
from saltus.runs.estimate import estimate_seconds
from saltus.runs.sweep import stored_runs
from saltus.store.plan import key_of
from saltus.store.store import Store
from tests.runs.small import NETWORKS, SMALL, TASK, jobs, run_files, training
from tests.runs.small import saltus as cli


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "sweep.toml"
    path.write_text(SMALL)
    return path


def test_run_status_export(spec: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    done = cli("sweep", "run", spec, "--store", store)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{store}: 6 runs, 6 stored, 0 failed, 0 missing (0 under way, 0 damaged)\n"
    lost = list(Store.open(store).planned())[3]
    Store.open(store).remove(lost, ".npz")
    status = json.loads(cli("sweep", "status", store, "--json").stdout)
    assert (status["stored"], status["failed"], status["missing"]) == (5, 0, 1)
    (missing,) = status["missing_runs"]
    assert (missing["run"], missing["width"], missing["seed"], missing["alpha"]) == (lost, 40, 1, 0.6)
    exported = cli("sweep", "export", store, "--to", tmp_path / "c.csv", "--where", "width >= 40", "--json")
    assert json.loads(exported.stdout) == {"runs": 3, "file": str(tmp_path / "c.csv")}


def test_a_sweep_of_transformers(spec: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    store = tmp_path / "runs"
    spec.write_text(NETWORKS)
    done = cli("sweep", "run", spec, "--store", store)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{store}: 4 runs, 4 stored, 0 failed, 0 missing (0 under way, 0 damaged)\n"
    seen = read_store(store, where="embedding == 16 and optimizer == 'adam'")
    task = MultitaskSparseParity(PowerLaw(0.9, 2), n_bits=6, n_relevant=2, target_scale=1.0)
    alone = train_transformer(
        task,
        steps=40,
        learning_rate=0.01,
        embedding=16,
        heads=2,
        batch_size=32,
        optimizer="adam",
        momentum=0,
        weight_decay=0,
        strength_samples=16,
    )
    np.testing.assert_array_equal(seen["strength"], alone["strength"])


def test_failures_are_told_with_their_reason_and_exit_status_1(spec: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    spec.write_text(SMALL.replace("training.width = [20, 40, 60]", "training.strength_samples = [16, 3]"))
    for options, repeated in (([], 0), ([], 4), (["--retry-failed"], 2)):
        done = cli("sweep", "run", spec, "--store", store, "--json", *options)
        said = json.loads(done.stdout)
        assert done.returncode == 1
        assert (said["stored"], said["failed"], said["missing"], said["repeated"]) == (2, 2, 0, repeated)
        for failure in said["failures"]:
            assert failure["status"] == "raised"
            assert failure["reason"].startswith("InputError: n_samples must be at least 8 ")
    status = cli("sweep", "status", store)
    assert status.returncode == 0
    assert "  2 x raised: InputError: n_samples must be at least 8 " in status.stdout
    failures = json.loads(cli("sweep", "status", store, "--json").stdout)["failures"]
    assert {failure["strength_samples"] for failure in failures} == {3}


def test_a_dry_run_shows_the_grid_and_stores_nothing(spec: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    done = cli("sweep", "run", spec, "--store", store, "--dry-run", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("seed: 0, 1\nwidth: 20, 40, 60\n6 runs, about ")
    assert not store.exists()
    data = json.loads(cli("sweep", "run", spec, "--store", store, "--dry-run", "--json", "--shard", "1/3").stdout)
    assert (data["runs"], data["grid"]) == (2, {"seed": [0, 1], "width": [20, 40, 60]})
    assert data["seconds"] > 0


def test_the_estimate_is_the_time_that_all_runs_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that advances with the work alone: 20 ms a measurement, 1 us a sample and hidden unit."""
    now = 0.0

    def run(job: Job, progress: object) -> None:
        nonlocal now
        at = job.training
        now += 0.02 * len(at.measurement_steps) + 1e-6 * at.steps * at.batch_size * at.widths[0]

    monkeypatch.setattr(Job, "run", run)
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    # The measurement is timed with one step, which the steps then lack: at most one in the 64 or more that are timed.
    grid = [job for width in (20, 64, 128) for job in jobs(4, steps=900, width=width, measure_at=(0, 500, 900))]
    assert estimate_seconds(grid) == pytest.approx(12 * 3 * 0.02 + 4 * 1e-6 * 900 * 50 * (20 + 64 + 128), rel=1 / 64)
    assert estimate_seconds(grid[:1]) == pytest.approx(3 * 0.02 + 1e-6 * 900 * 50 * 20, rel=1 / 64)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            "sweep run none.toml --store s",
            "saltus: the spec must be a readable file; received 'none.toml'; No such file or",
        ),
        ("sweep run sweep.toml", "saltus: Required options Missing from saltus sweep run: --store"),
        (
            "sweep run sweep.toml --store sweep.toml",
            "saltus: the store must be a folder; received 'sweep.toml'; it is a file",
        ),
        (
            "sweep run sweep.toml --store s --workers 0",
            "saltus: --workers must be a whole number, 1 or more; received 0; ",
        ),
        (
            "sweep run sweep.toml --store s --shard 4",
            "saltus: a shard must be written I/N; received '4'; give --shard 3/16",
        ),
        (
            "sweep run sweep.toml --store s --checkpoint-seconds 0",
            "saltus: --checkpoint-seconds must be a finite number",
        ),
        ("sweep status none", "saltus: there must be a store of runs; received 'none'; give the folder of a sweep run"),
        (
            "sweep export none --to x.csv",
            "saltus: there must be a store of runs; received 'none'; give the folder of a",
        ),
        ("sweep", "saltus: Missing subcommand Expected one of {run, status, export}"),
    ],
)
def test_bad_input_gets_one_line_status_2_and_nothing_written(spec: Path, arguments: str, text: str) -> None:
    done = cli(*arguments.split(), cwd=spec.parent)
    assert done.returncode == 2
    assert done.stderr.startswith(text)
    assert done.stderr.count("\n") == 1
    assert os.listdir(spec.parent) == ["sweep.toml"]


def test_a_store_of_another_sweep_is_refused_and_extended_on_request(spec: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    cli("sweep", "run", spec, "--store", store)
    before = run_files(store)
    spec.write_text(
        "# a comment, and axes in another order, are the same sweep\n" + SMALL.replace("20, 40, 60", "60, 20, 40")
    )
    assert cli("sweep", "run", spec, "--store", store).returncode == 0
    spec.write_text(SMALL.replace("seeds = 2", "seeds = 3"))
    refused = cli("sweep", "run", spec, "--store", store)
    assert refused.returncode == 2
    assert "the store must belong to this sweep" in refused.stderr
    said = json.loads(cli("sweep", "run", spec, "--store", store, "--extend", "--json").stdout)
    assert (said["stored"], said["repeated"]) == (9, 6)
    assert before.items() <= run_files(store).items()


def test_a_recipe_takes_up_its_stored_runs(tmp_path: Path) -> None:
    settings = Settings(
        training(steps=1500, width=100, batch_size=100, init_std=0.05),
        2,
        training(steps=1500, width=100, batch_size=100, init_std=0.05),
        2,
        n_skills=2,
    )
    plain = reproduce(settings, RunOptions())
    first = reproduce(settings, RunOptions(store=tmp_path))
    before = run_files(tmp_path)
    assert len(before) == 4
    removed = sorted(tmp_path.glob("??/*.npz"))[0]
    removed.unlink()
    again = reproduce(settings, RunOptions(store=tmp_path))
    assert plain.summary_text == first.summary_text == again.summary_text
    assert (set(before.items()) & set(run_files(tmp_path).items())) == {
        entry for entry in before.items() if entry[0] != removed.name
    }


def test_stored_runs_try_again_what_raised_and_keep_what_diverged(tmp_path: Path) -> None:
    diverges = Job(TASK, training(learning_rate=5.0, init_std=0.3, measure_at=(0, 60)), 0)
    good, bad = jobs(1)[0], Job(TASK, training(strength_samples=3), 0)
    for _ in range(2):
        with pytest.raises(
            StoppedError, match="a run failed: InputError: n_samples must be at least 8 .*; what is stored is"
        ):
            stored_runs([good, diverges, bad], tmp_path)
    before = run_files(tmp_path)
    assert len(before) == 2
    store = Store.open(tmp_path)
    store.remove(key_of(good), ".npz")
    store.write_failure(key_of(good), {"status": "killed", "reason": "a passing fault"})
    first, second = stored_runs([good, diverges], tmp_path)
    assert np.array_equal(first.strength, good.run(lambda steps_taken: None).strength)  # noqa: ARG005
    assert second.diverged_at is not None
    assert run_files(tmp_path)[f"{key_of(diverges)}.npz"] == before[f"{key_of(diverges)}.npz"]
