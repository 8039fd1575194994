"""A store that 0.1.0 wrote, kept as it was: read, continued, and brought to the formats of later versions."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from saltus import InputError, Job, read_store, sweep
from saltus.runs.driver import Tally, cost_of
from saltus.store import migrate as formats
from saltus.store.lock import locked
from saltus.store.plan import Shard, key_of
from saltus.store.store import MARKER, Store
from tests.runs.small import TASK, run_files, training

KEPT = Path(__file__).parents[1] / "data" / "saltus-0.1.0"
MARKS = (0, 10, 20, 40, 60)
JOBS = [
    Job(TASK, training(measure_at=MARKS), 0),
    Job(TASK, training(measure_at=MARKS, n_data=200, optimizer="adam", halve_every=30), 1),
    Job(TASK, training(measure_at=MARKS, width=(4, 8)), 2),
    Job(TASK, training(steps=4000, measure_at=(0, 1000, 2000, 4000)), 3),
]
CHECKPOINT_AT = 1200  # steps that the run under way had taken


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return Path(shutil.copytree(KEPT / "store", tmp_path / "store"))


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    """Strengths that 0.1.0 gave each run, by name, ``(networks, skills, steps)``."""
    with np.load(KEPT / "expected.npz") as file:
        return dict(file)


def same(ours: np.ndarray, kept: np.ndarray) -> bool:
    """Equal where the kernel's sums are taken in the order of the fixture's processor, and close anywhere else.

    The kernel sums in single precision, whose steps are 6e-8; 4000 updates carry a difference on.
    """
    if platform.machine().lower() in ("x86_64", "amd64"):
        return np.array_equal(ours, kept)
    return np.allclose(ours, kept, atol=1e-3)


def curves_of(folder: Path, job: Job) -> np.ndarray:
    curves = read_store(folder)
    return (
        curves["strength"]
        .isel(run=curves["key"].to_numpy() == key_of(job))
        .sel(step=list(job.training.measure_at or ()))
        .to_numpy()
    )


def test_its_runs_are_read(store: Path, expected: dict[str, np.ndarray]) -> None:
    for job in JOBS[:3]:
        np.testing.assert_array_equal(curves_of(store, job), expected[key_of(job)])
    assert read_store(store).sizes["run"] == 4  # the third run has two networks, and the fourth is under way
    assert read_store(store, where="optimizer == 'adam'")["seed"].to_numpy().tolist() == [1]


def test_its_run_under_way_goes_on_from_its_checkpoint(store: Path, expected: dict[str, np.ndarray]) -> None:
    before = run_files(store)
    first: list[float] = []  # steps of that run when the driver first told of any

    def follow(tally: Tally) -> None:
        if tally.done and not first:
            first.append(tally.done / cost_of(JOBS[3], 1))

    outcome = sweep(JOBS, store=store, checkpoint_seconds=1e-6, follow=follow)
    assert (outcome.repeated, outcome.failed) == (3, {})
    assert first[0] > CHECKPOINT_AT, "the run began at its start"
    assert before.items() <= run_files(store).items(), "a stored run was done again"
    assert same(curves_of(store, JOBS[3]), expected[key_of(JOBS[3])])
    assert not list(store.glob("*/*.checkpoint.npz"))


def test_its_runs_done_again_give_the_same_numbers(tmp_path: Path, expected: dict[str, np.ndarray]) -> None:
    sweep(JOBS, store=tmp_path)
    for job in JOBS:
        assert same(curves_of(tmp_path, job), expected[key_of(job)])


@pytest.fixture
def two_formats_later(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A version whose format is 3; the steps there note the folders that they saw."""
    seen: list[Path] = []

    def step(number: int) -> Callable[[Path], None]:
        def take(folder: Path) -> None:
            assert json.loads((folder / MARKER).read_text())["format"] == number
            (folder / "plans" / f"step-{number}").touch()
            seen.append(folder)

        return take

    monkeypatch.setattr(formats, "FORMAT", 3)
    monkeypatch.setattr(formats, "STEPS", {1: step(1), 2: step(2)})
    return seen


def test_a_store_is_brought_to_the_present_format_once(store: Path, two_formats_later: list[Path]) -> None:
    Store.open(store)
    assert two_formats_later == [store, store]
    assert json.loads((store / MARKER).read_text()) == {"format": 3}
    assert {path.name for path in (store / "plans").glob("step-*")} == {"step-1", "step-2"}
    assert read_store(store).sizes["run"] == 4
    assert len(two_formats_later) == 2


def test_a_migration_that_is_cut_short_goes_on_where_it_was(
    store: Path, two_formats_later: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path) -> None:
        raise KeyboardInterrupt

    whole = dict(formats.STEPS)
    monkeypatch.setattr(formats, "STEPS", whole | {2: fail})
    with pytest.raises(KeyboardInterrupt):
        Store.open(store)
    assert json.loads((store / MARKER).read_text()) == {"format": 2}
    monkeypatch.setattr(formats, "STEPS", whole)
    Store.open(store)
    assert len(two_formats_later) == 2


def test_a_store_is_not_migrated_under_a_driver_nor_by_an_older_version(
    store: Path, two_formats_later: list[Path], tmp_path: Path
) -> None:
    with locked(store, Shard()), pytest.raises(InputError, match="a store must have one driver at a time"):
        Store.open(store)
    assert two_formats_later == []
    for wrong in (0, 4, "1", [1], None):
        (store / MARKER).write_text(json.dumps({"format": wrong}))
        with pytest.raises(InputError, match="the store's format must be 3; received .*; use the version of saltus"):
            Store.open(store)
    Store.create(tmp_path / "new")
    assert json.loads((tmp_path / "new" / MARKER).read_text()) == {"format": 3}
    assert two_formats_later == []
