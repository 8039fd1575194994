"""Faults, inflicted for real: killed drivers, full disks, locked stores, stores of a hundred thousand runs."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import portalocker
import pytest

import saltus
from saltus import Job, StoppedError
from saltus.store.status import take_stock
from saltus.store.store import Store
from tests.runs.small import EXAMPLE, ROOT, SMALL, TASK, command, equal, jobs, run_files, training
from tests.runs.small import saltus as cli


def start(*arguments: str | Path, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(condition: Callable[[], object], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


def has_progressed(driver: subprocess.Popen[str], store: Path, count: int) -> bool:
    return driver.poll() is not None or len(run_files(store)) > count


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with runs so long that a driver is at work until it is killed."""
    spec = tmp_path_factory.mktemp("endless") / "sweep.toml"
    spec.write_text(EXAMPLE.read_text().replace("[6000, 12000]", "[6000, 10_000_000]"))
    return spec


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's sweep, uninterrupted."""
    store = tmp_path_factory.mktemp("reference") / "runs"
    saltus.sweep(EXAMPLE, store=store)
    return store


def test_a_driver_killed_again_and_again_loses_nothing(reference: Path, tmp_path: Path) -> None:
    store, rng = tmp_path / "runs", random.Random(1)
    done: dict[str, tuple[int, int]] = {}
    checkpoints = 0
    for _ in range(7):
        driver = start("sweep", "run", EXAMPLE, "--store", store, "--checkpoint-seconds", "0.2")
        count = len(done)
        if rng.random() < 0.7:  # somewhere in the work, or else anywhere, start-up included
            wait_for(partial(has_progressed, driver, store, count))
        time.sleep(rng.uniform(0, 0.8))
        driver.kill()
        driver.communicate()
        files = run_files(store)
        assert done.items() <= files.items(), "a finished run was repeated"
        done = files
        if (store / "saltus-store.json").exists():
            standing = take_stock(Store.open(store), [])
            assert standing.foreign == []
            assert all(Store.open(store).read_arrays(Path(name).stem, ".npz") for name in files), "a torn file"
        checkpoints += len(list(store.glob("*/*.checkpoint.npz")))
    assert checkpoints > 0
    assert 0 < len(done) < 24
    last = cli("sweep", "run", EXAMPLE, "--store", store, "--json")
    assert last.returncode == 0, last.stderr
    said = json.loads(last.stdout)
    assert (said["stored"], said["missing"], said["failed"], said["repeated"]) == (24, 0, 0, len(done))
    assert done.items() <= run_files(store).items()
    assert list(store.rglob(".*")) == []
    assert list(store.glob("*/*.checkpoint.npz")) == []
    assert equal(saltus.read_store(store), saltus.read_store(reference))
    for place, folder in (("a.csv", store), ("b.csv", reference)):
        assert cli("sweep", "export", folder, "--to", tmp_path / place).returncode == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_run_under_way_continues_from_its_checkpoint_when_its_driver_is_killed(tmp_path: Path) -> None:
    text = SMALL.replace("steps = 60", "steps = 40_000\nmeasure_at = [0, 20_000, 40_000]").replace(
        "[20, 40, 60]", "[128]"
    )
    spec, store = tmp_path / "long.toml", tmp_path / "runs"
    spec.write_text(text.replace("seeds = 2", "seeds = 1"))
    driver = start("sweep", "run", spec, "--store", store, "--checkpoint-seconds", "0.1")

    def steps_kept() -> int:
        for path in store.glob("*/*.checkpoint.npz"):
            return int(np.load(path)["learner.steps_taken"])
        return 0

    wait_for(lambda: steps_kept() > 10_000)
    driver.kill()
    driver.communicate()
    kept = steps_kept()
    assert 10_000 < kept < 40_000
    first: list[float] = []
    outcome = saltus.sweep(
        spec, store=store, checkpoint_seconds=0.05, follow=lambda tally: first.append(tally.done / tally.cost)
    )
    assert min(share for share in first if share > 0) > kept / 40_000  # it did not begin at the start
    assert equal(outcome.curves(), saltus.sweep(spec, store=tmp_path / "whole").curves())


@pytest.mark.usefixtures("heeds_ctrl_c")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_in_the_midst_of_runs_and_says_how_to_continue(
    reference: Path, tmp_path: Path, how: signal.Signals
) -> None:
    store = tmp_path / "runs"
    driver = start("sweep", "run", EXAMPLE, "--store", store)
    wait_for(lambda: len(run_files(store)) >= 3)
    driver.send_signal(how)
    stdout, stderr = driver.communicate(timeout=180)
    assert driver.returncode == 1
    count = len(run_files(store))
    assert count < 24
    assert stderr.splitlines()[-1] == (
        f"saltus: interrupted; {count} of 24 runs are stored in {store}: start the same again and it continues"
    )
    assert "Traceback" not in stderr
    assert stdout == ""
    assert list(store.glob("*/*.checkpoint.npz"))
    outcome = saltus.sweep(EXAMPLE, store=store)
    assert outcome.repeated == count
    assert equal(outcome.curves(), saltus.read_store(reference))


def test_a_second_driver_is_refused_until_the_first_is_dead(endless: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    driver = start("sweep", "run", endless, "--store", store)
    wait_for(lambda: run_files(store))
    for shard in ([], ["--shard", "1/2"]):
        second = cli("sweep", "run", endless, "--store", store, *shard)
        assert second.returncode == 2
        assert second.stderr.startswith(
            f"saltus: a store must have one driver at a time; received '{store}'; another one is"
        )
    assert json.loads(cli("sweep", "status", store, "--json").stdout)["missing"] > 0  # looking is always allowed
    driver.kill()
    driver.communicate()
    stopped = start("sweep", "run", EXAMPLE, "--store", store, "--extend")
    count = len(run_files(store))
    wait_for(lambda: len(run_files(store)) > count or stopped.poll() is not None)
    stopped.kill()
    assert "one driver" not in stopped.communicate()[1]


def test_shards_run_side_by_side_but_none_twice_and_not_of_another_count(endless: Path, tmp_path: Path) -> None:
    store = tmp_path / "runs"
    shards = [start("sweep", "run", endless, "--store", store, "--shard", f"{i}/2", "--workers", "1") for i in (1, 2)]
    wait_for(lambda: len(list(store.glob("lock.*"))) == 2 and len(run_files(store)) >= 2)
    for shard in ("1/2", "1/3", "1/1"):
        refused = cli("sweep", "run", endless, "--store", store, "--shard", shard)
        assert refused.returncode == 2
        assert "a store must have one driver at a time" in refused.stderr
    assert all(shard.poll() is None for shard in shards)
    for driver in shards:
        driver.kill()
        driver.communicate()


def test_a_forked_child_does_not_keep_a_dead_drivers_lock(tmp_path: Path) -> None:
    code = (
        "import os, sys, time, pathlib\n"
        "from saltus.store.lock import locked\n"
        "from saltus.store.plan import Shard\n"
        "with locked(pathlib.Path(sys.argv[1]), Shard()):\n"
        "    if os.fork() == 0:\n"
        "        time.sleep(60)\n"
        "        os._exit(0)\n"
        "    print('locked', flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE, text=True, process_group=0
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "locked\n"
        with pytest.raises(saltus.InputError, match="a store must have one driver at a time"):
            saltus.sweep(jobs(1), store=tmp_path)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        assert saltus.sweep(jobs(1), store=tmp_path).failed == {}
        os.killpg(parent.pid, signal.SIGKILL)  # the child that lived on


def test_leftovers_are_cleared_away(tmp_path: Path) -> None:
    saltus.sweep(jobs(2), store=tmp_path)
    (run, *_) = tmp_path.glob("??/*.npz")
    left = [tmp_path / ".saltus-store.json.12.0123abcd.tmp", run.parent / f".{run.stem}.12.0123abcd.tmp"]
    for path in left:
        path.write_bytes(b"half a fi")
    (run.parent / f"{run.stem}.checkpoint.npz").write_bytes(b"")
    assert saltus.sweep(jobs(2), store=tmp_path).standing.foreign == []
    assert not any(path.exists() for path in left)
    assert list(tmp_path.glob("*/*.checkpoint.npz")) == []


def test_a_file_that_cannot_be_written_whole_stops_the_sweep_and_is_not_there(tmp_path: Path) -> None:
    spec, store = tmp_path / "s.toml", tmp_path / "runs"
    spec.write_text(SMALL.replace("steps = 60", "steps = 2000"))
    whole = saltus.sweep(spec, store=tmp_path / "whole").curves()

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))

    # The kernel is compiled by now: numba's own files would meet the limit too.
    done = subprocess.run(
        command("sweep", "run", spec, "--store", store), capture_output=True, text=True, preexec_fn=small_files
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"saltus: the store {store} cannot be written to: File too large; make room or give access, then start the "
        "same sweep again: it continues\n"
    )
    assert run_files(store) == {}
    assert list(store.rglob(".*")) == []
    assert equal(saltus.sweep(spec, store=store).curves(), whole)


def test_a_full_disk_stops_the_sweep_and_room_continues_it(tmp_path: Path) -> None:
    """On a tmpfs of 200 kB, in a mount namespace of its own: no rights are needed where the system allows that."""
    spec, mount = tmp_path / "s.toml", tmp_path / "disk"
    spec.write_text(SMALL.replace("steps = 60", "steps = 2000").replace("seeds = 2", "seeds = 6"))
    mount.mkdir()
    run = " ".join(command("sweep", "run", spec, "--store", mount / "runs"))
    script = (
        f"mount -t tmpfs -o size=200k none {mount} || exit 77; {run}; echo first $?;"
        f"ls -A {mount}/runs/??/ | grep -c npz;"
        f"mount -o remount,size=2m {mount}; {run} --json; echo second $?"
    )
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here")
    done = subprocess.run([*unshare, "sh", "-c", script], capture_output=True, text=True, cwd=ROOT)
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this system allows no mounts")
    first, _, rest = done.stdout.partition("\n")
    assert first == "first 1"
    assert f"saltus: the store {mount / 'runs'} cannot be written to: No space left on device; make room" in done.stderr
    count, _, rest = rest.partition("\n")
    assert 0 < int(count) < 18
    said, _, last = rest.rpartition("second ")
    assert last == "0\n"
    assert json.loads(said)["stored"] == 18
    assert json.loads(said)["repeated"] == int(count)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_without_write_access_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(
        saltus.InputError, match="the store must be writable; received .*; Permission denied: choose another"
    ):
        saltus.sweep(jobs(1), store=tmp_path / "runs")


def test_a_store_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    for place in ("/proc/saltus", "/dev/null/runs"):
        with pytest.raises(saltus.InputError, match="the store must be (writable|a folder); received "):
            saltus.sweep(jobs(1), store=place)


def test_a_store_that_goes_away_stops_the_sweep(tmp_path: Path) -> None:
    store = tmp_path / "runs"

    def remove(tally: object) -> None:
        shutil.rmtree(store, ignore_errors=True)

    with pytest.raises(
        StoppedError, match="cannot be written to: No such file or directory; make room or give access, then"
    ):
        saltus.sweep(jobs(4), store=store, follow=remove)


def test_a_hundred_thousand_runs(tmp_path: Path) -> None:
    """Their files are one file under many names, which is all that looking at names and endings can tell."""
    saltus.sweep(jobs(1), store=tmp_path)
    store = Store.open(tmp_path)
    (model,) = tmp_path.glob("??/*.npz")
    names = [f"{i * 0x9E3779B97F4A7C15 % 2**64:016x}" + "0" * 48 for i in range(1, 100_001)]
    for i in range(256):
        (tmp_path / f"{i:02x}").mkdir(exist_ok=True)
    # A file system allows so many names a file: 60,000 on ext4.
    second = tmp_path / "model"
    shutil.copy(model, second)
    for i, name in enumerate(names[1:]):
        os.link(model if i % 2 else second, store.path(name, ".npz"))
    second.unlink()
    store.path(names[0], ".checkpoint.npz").write_bytes(b"")
    plan = {"shared": {"width": 20}, "runs": [[name, {"seed": i}] for i, name in enumerate(names)]}
    (plan_file,) = tmp_path.glob("plans/*.json")
    plan_file.write_text(json.dumps(plan))
    started = time.monotonic()
    done = cli("sweep", "status", tmp_path, "--json")
    print(f"status of 100,000 runs: {time.monotonic() - started:.1f} s")
    said = json.loads(done.stdout)
    assert (said["stored"], said["missing"], said["under_way"], said["damaged"]) == (99_999, 1, 1, 0)
    assert said["missing_runs"] == [{"run": names[0], "width": 20, "seed": 0}]


def test_a_run_too_large_for_memory_is_recorded_and_the_others_go_on(tmp_path: Path) -> None:
    outcome = saltus.sweep([Job(TASK, training(width=10**12), 0), *jobs(2)], store=tmp_path)
    assert len(outcome.standing.stored) == 2
    (failure,) = outcome.failed.values()
    assert failure["reason"].startswith("MemoryError: ") or "Unable to allocate" in failure["reason"]


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(handle: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(portalocker.portalocker, "LOCKER", flock)
    with pytest.raises(saltus.InputError) as refusal:
        saltus.sweep(jobs(1), store=tmp_path)
    assert str(refusal.value) == (
        f"the store must be on a file system that can lock files; received '{tmp_path}'; No locks available: choose a "
        "store on a file system with locks"
    )
