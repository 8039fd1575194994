"""Sweeps: the same numbers however they are run, each run once, failures named."""

from __future__ import annotations

import json
import os
import pickle
import random
import time
import warnings
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import threadpoolctl
import xarray as xr

import saltus
from saltus import InputError, Job, StoppedError, train_mlp
from saltus.store.status import take_stock
from saltus.store.store import Store
from tests.runs.small import SMALL, TASK, equal, jobs, run_files, training


def test_a_sweep_gives_what_training_gives(tmp_path: Path) -> None:
    saltus.sweep(jobs(3), store=tmp_path)
    curves = saltus.read_store(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", saltus.TrainingWarning)
        trained = train_mlp(
            TASK, steps=60, learning_rate=0.02, init_std=0.1, width=20, batch_size=50, seeds=3, strength_samples=16
        )
    for name in ("strength", "strength_error", "skill_loss"):
        np.testing.assert_array_equal(curves[name], trained[name])
    assert curves.attrs["flow_learning_rate"] == trained.attrs["flow_learning_rate"]
    assert curves.attrs["target_scale"] == 3.0
    np.testing.assert_array_equal(curves.frequency, trained.frequency)


class Immediate(Executor):
    """An executor of nobody's making: it works when it is handed the work."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@pytest.mark.parametrize("extra", [{}, {"n_data": 70}, {"optimizer": "adam", "learning_rate": 1e-3, "momentum": 0.0}])
def test_numbers_do_not_depend_on_workers_order_executor_or_interruptions(
    tmp_path: Path, extra: dict[str, Any]
) -> None:
    # Two thousand samples a step, so that a leg of a millisecond ends within a run.
    chosen = jobs(4, batch_size=2000, steps=200, measure_at=(0, 90, 200), **extra)
    reference = saltus.sweep(chosen, store=tmp_path / "reference", workers=1).curves()
    assert np.isfinite(reference.strength).all()
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2) as processes:
        engines: dict[str, dict[str, Any]] = {
            "two": {"workers": 2},
            "threads": {"executor": threads},
            "processes": {"executor": processes, "checkpoint_seconds": 0.01},
            "foreign": {"executor": Immediate()},
            "legs": {"workers": 2, "checkpoint_seconds": 1e-3},
        }
        for name, options in engines.items():
            assert equal(saltus.sweep(chosen, store=tmp_path / name, **options).curves(), reference), name
    shuffled = random.Random(0).sample(chosen, 4)
    by_seed = saltus.sweep(shuffled, store=tmp_path / "shuffled").curves().sortby("seed")
    np.testing.assert_array_equal(by_seed.strength, reference.strength)


def test_legs_are_really_taken(tmp_path: Path) -> None:
    """Without this, the test above could pass without a single checkpoint."""
    seen: list[float] = []
    saltus.sweep(
        jobs(1, batch_size=2000, steps=400, measure_at=(400,)),
        store=tmp_path,
        checkpoint_seconds=1e-3,
        follow=lambda tally: seen.append(tally.done / tally.cost),
    )
    between = [share for share in seen if 0 < share < 1]
    assert len(set(between)) > 3
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert list(tmp_path.glob("*/*.checkpoint.npz")) == []


def test_stored_runs_are_not_done_again_and_a_larger_sweep_needs_a_word(tmp_path: Path) -> None:
    saltus.sweep(jobs(2), store=tmp_path)
    before = run_files(tmp_path)
    assert saltus.sweep(jobs(2), store=tmp_path).repeated == 2
    assert run_files(tmp_path) == before
    with pytest.raises(
        InputError, match="the store must belong to this sweep; received .*; choose another store, or say"
    ):
        saltus.sweep(jobs(3), store=tmp_path)
    assert run_files(tmp_path) == before
    outcome = saltus.sweep(jobs(3), store=tmp_path, extend=True)
    assert (outcome.repeated, len(outcome.standing.stored)) == (2, 3)
    assert before.items() <= run_files(tmp_path).items()


def test_shards_together_are_the_sweep(tmp_path: Path) -> None:
    whole = saltus.sweep(jobs(5), store=tmp_path / "whole").curves()
    for i in (2, 3, 1):
        outcome = saltus.sweep(jobs(5), store=tmp_path / "parts", shard=f"{i}/3")
        assert outcome.repeated == 0
    assert equal(saltus.read_store(tmp_path / "parts"), whole)


def test_a_run_that_raises_or_diverges_is_named_and_stops_no_other(tmp_path: Path) -> None:
    raises = Job(TASK, training(strength_samples=3), 0)  # too few samples to average over the patterns twice
    diverges = Job(TASK, training(learning_rate=5.0, init_std=0.3, measure_at=(0, 60)), 0)
    mixed = [raises, *jobs(2), diverges]
    outcome = saltus.sweep(mixed, store=tmp_path)
    assert len(outcome.standing.stored) == 3
    by_status = {failure["status"]: failure["reason"] for failure in outcome.failed.values()}
    assert set(by_status) == {"raised", "diverged"}
    assert by_status["raised"].startswith("InputError: n_samples must be at least 8 to average over 4 patterns twice")
    assert "run with seed 0 diverged: at step" in by_status["diverged"]
    curves = outcome.curves()
    assert sorted(curves.status.values) == ["diverged", "finished", "finished"]
    lost = curves.isel(run=curves.status.values == "diverged").sel(step=[0, 60]).strength
    assert np.isfinite(lost.sel(step=0)).all()
    assert np.isnan(lost.sel(step=60)).all()

    before = run_files(tmp_path)
    assert saltus.sweep(mixed, store=tmp_path).repeated == 4
    again = saltus.sweep(mixed, store=tmp_path, retry_failed=True)
    assert again.repeated == 2
    assert again.failed == outcome.failed
    assert len(before.items() & run_files(tmp_path).items()) == 2  # the diverged one was written anew


def test_a_failure_that_passes_is_forgotten(tmp_path: Path) -> None:
    saltus.sweep(jobs(2), store=tmp_path)
    store = Store.open(tmp_path)
    keys = list(store.planned())
    store.remove(keys[0], ".npz")
    store.write_failure(keys[0], {"status": "raised", "reason": "MemoryError: too little"})
    assert saltus.sweep(jobs(2), store=tmp_path).failed == {
        keys[0]: {"status": "raised", "reason": "MemoryError: too little"}
    }
    assert saltus.sweep(jobs(2), store=tmp_path, retry_failed=True).failed == {}
    assert list(tmp_path.glob("*/*.failed.json")) == []


@pytest.mark.parametrize("wreck", ["truncated", "empty", "other run", "bits"])
def test_a_damaged_run_is_noticed_and_never_read_as_numbers(tmp_path: Path, wreck: str) -> None:
    reference = saltus.sweep(jobs(3), store=tmp_path).curves()
    store = Store.open(tmp_path)
    first, second, _ = store.planned()
    path, other = store.path(first, ".npz"), store.path(second, ".npz")
    content = bytearray(path.read_bytes())
    if wreck == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif wreck == "empty":
        path.write_bytes(b"")
    elif wreck == "other run":
        path.write_bytes(other.read_bytes())
    else:
        place = content.find(np.float64(reference.strength[0, 0, 5]).tobytes())
        content[place] ^= 1
        path.write_bytes(content)
    if wreck in ("truncated", "empty"):  # seen without opening every file
        assert take_stock(store, store.planned()).damaged == [first]
        assert saltus.read_store(tmp_path).sizes["run"] == 2
    else:
        with pytest.raises(
            InputError, match="a run's file must be whole and its own; received .*; delete it and run the"
        ):
            saltus.read_store(tmp_path)
        path.unlink()
    assert saltus.sweep(jobs(3), store=tmp_path).repeated == 2
    assert equal(saltus.read_store(tmp_path), reference)


def test_a_useless_checkpoint_is_no_harm(tmp_path: Path) -> None:
    reference = saltus.sweep(jobs(2), store=tmp_path / "a").curves()
    store = Store.create(tmp_path / "b")
    first, second = Store.open(tmp_path / "a").planned()
    state = jobs(1)[0].course().state()
    store.write_arrays(first, ".checkpoint.npz", {"run": np.array(second), **state})  # of another run
    store.write_arrays(
        second, ".checkpoint.npz", {"run": np.array(second), "scalars": np.array("{}")}
    )  # of another version
    assert equal(saltus.sweep(jobs(2), store=tmp_path / "b", extend=True).curves(), reference)


def test_foreign_files_are_reported_and_left_alone(tmp_path: Path) -> None:
    saltus.sweep(jobs(2), store=tmp_path)
    (folder,) = {path.parent for path in list(tmp_path.glob("??/*.npz"))[:1]}
    foreign = {tmp_path / "notes.txt", folder / "curves.npz", folder / f"{'0' * 63}.npz"}
    for path in foreign:
        path.write_text("mine")
    outcome = saltus.sweep(jobs(2), store=tmp_path)
    assert set(outcome.standing.foreign) == foreign
    assert all(path.read_text() == "mine" for path in foreign)
    assert saltus.read_store(tmp_path).sizes["run"] == 2


def test_a_folder_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="the store must be empty or a store of runs; received "):
        saltus.sweep(jobs(1), store=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(InputError, match="the store must be a folder; received .*; it is a file: choose another"):
        saltus.sweep(jobs(1), store=tmp_path / "thesis.tex")
    with pytest.raises(InputError, match="there must be a store of runs; received "):
        saltus.read_store(tmp_path)
    store = Store.create(tmp_path / "later")
    (store.folder / "saltus-store.json").write_text('{"format": 99}')
    with pytest.raises(
        InputError, match="the store's format must be 1; received 99; use the version of saltus that wrote"
    ):
        saltus.sweep(jobs(1), store=store.folder)


def test_nothing_in_a_store_needs_pickle(tmp_path: Path) -> None:
    saltus.sweep(jobs(1), store=tmp_path)
    (path,) = tmp_path.glob("??/*.npz")
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(str(arrays["about"]))
    assert about["configuration"]["training"]["width"] == 20
    assert about["version"] == saltus.__version__
    hostile = {"strength": np.array([{"a": 1}], dtype=object)}
    with pytest.raises(ValueError, match="allow_pickle"):
        Store.open(tmp_path).write_arrays(path.stem, ".npz", hostile)


def test_a_clock_that_jumps_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = jobs(3, batch_size=2000, steps=200)
    reference = saltus.sweep(chosen, store=tmp_path / "calm").curves()
    jumps = iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: 1e9 * (-1) ** next(jumps))
    monkeypatch.setattr(
        time, "localtime", lambda *_: time.struct_time((1970 + next(jumps) % 300, 1, 1, 0, 0, 0, 3, 1, 0))
    )
    assert equal(saltus.sweep(chosen, store=tmp_path / "mad", checkpoint_seconds=0.01).curves(), reference)
    assert saltus.sweep(chosen, store=tmp_path / "mad").repeated == 3


def test_a_killed_worker_process_ends_the_pool_and_the_sweep_continues(tmp_path: Path) -> None:
    chosen = jobs(6, batch_size=2000, steps=300)
    reference = saltus.sweep(chosen, store=tmp_path / "a").curves()
    with ProcessPoolExecutor(2) as pool:
        pool.submit(int).result()
        killed = False

        def kill(tally: Any) -> None:
            nonlocal killed
            if tally.stored >= 1 and not killed:
                killed = True
                next(iter(pool._processes.values())).kill()

        with pytest.raises(
            StoppedError, match=r"the executor was lost \(BrokenProcessPool: .*\); what is stored is kept: start"
        ):
            saltus.sweep(chosen, store=tmp_path / "b", executor=pool, follow=kill)
    assert 1 <= saltus.read_store(tmp_path / "b").sizes["run"] < 6
    assert saltus.sweep(chosen, store=tmp_path / "b").repeated >= 1
    assert equal(saltus.read_store(tmp_path / "b"), reference)


class Spy(Immediate):
    """Keeps what a worker would get."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.seen.append(pickle.dumps((fn, args, kwargs)))
        return super().submit(fn, *args, **kwargs)


def test_no_path_reaches_a_worker(tmp_path: Path) -> None:
    spy = Spy()
    saltus.sweep(jobs(2, batch_size=2000, steps=200), store=tmp_path, executor=spy, checkpoint_seconds=0.01)
    assert len(spy.seen) > 2
    for name in (tmp_path.name, str(tmp_path), str(Path.cwd())):
        assert not any(name.encode() in message for message in spy.seen)


class Counting(Job):
    """A run that fails with the number of threads that BLAS may use."""

    def course(self) -> Any:
        pools = threadpoolctl.threadpool_info()
        raise RuntimeError({pool["num_threads"] for pool in pools if pool["user_api"] == "blas"})


@pytest.mark.parametrize("pool", [None, ProcessPoolExecutor])
def test_a_run_has_one_blas_thread(tmp_path: Path, pool: Any) -> None:
    executor = None if pool is None else pool(1)
    outcome = saltus.sweep([Counting(TASK, training(), 0)], store=tmp_path, executor=executor)
    assert [failure["reason"] for failure in outcome.failed.values()] == ["RuntimeError: {1}"]
    if executor is not None:
        executor.shutdown()


def test_fsync_forces_every_file_and_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forced: list[str] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        forced.append(os.readlink(f"/proc/self/fd/{handle}"))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    saltus.sweep(jobs(2), store=tmp_path / "plain")
    assert forced == []
    saltus.sweep(jobs(2), store=tmp_path / "sure", fsync=True)
    for key in Store.open(tmp_path / "sure").planned():
        assert any(key in path for path in forced)
        assert str(tmp_path / "sure" / key[:2]) in forced


def test_options_that_contradict_each_other(tmp_path: Path) -> None:
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(InputError, match="workers belongs to the threads of this process"),
    ):
        saltus.sweep(jobs(1), store=tmp_path, executor=pool, workers=2)
    with pytest.raises(InputError, match="checkpoint_seconds must be a finite number greater than 0; received 0"):
        saltus.sweep(jobs(1), store=tmp_path, checkpoint_seconds=0)
    assert list(tmp_path.iterdir()) == []


def test_tables_of_a_spec_work_from_python(tmp_path: Path) -> None:
    import tomllib

    curves = saltus.sweep(tomllib.loads(SMALL), store=tmp_path).curves()
    assert isinstance(curves, xr.Dataset)
    assert sorted(set(curves.width.values.tolist())) == [20, 40, 60]
