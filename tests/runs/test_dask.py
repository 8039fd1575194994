"""Sweeps on a real Dask cluster: a scheduler and two worker processes over TCP, some of which are killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")

import saltus
from saltus import Job
from saltus.store.plan import Plan
from tests.runs.small import EXAMPLE, ROOT, TASK, command, equal, jobs, run_files, training
from tests.runs.small import saltus as cli


class Deadly(Job):
    """A run that takes its worker with it."""

    def course(self) -> None:  # type: ignore[override]
        os._exit(1)


class Cluster:
    """A scheduler and two workers of one thread each, in a folder that has nothing to do with the driver's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self._address()
        self.workers = [self.add_worker() for _ in range(2)]

    def add_worker(self) -> subprocess.Popen[str]:
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self._folder)]
        worker = self._start("worker", self.address, *options)
        self.workers = [*getattr(self, "workers", []), worker]
        return worker

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.communicate()

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
                "PYTHONWARNINGS": "ignore",
            },
        )

    def _address(self) -> str:
        assert self.scheduler.stderr is not None
        for line in self.scheduler.stderr:
            if "Scheduler at:" in line:
                return line.split()[-1]
        raise AssertionError("the scheduler did not start")


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


def wait_for(condition: Callable[[], object], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def drive(spec: Path, store: Path, address: str) -> subprocess.Popen[str]:
    arguments = command("sweep", "run", spec, "--store", store, "--dask", address, "--checkpoint-seconds", "1")
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_killed_worker_then_killed_scheduler(cluster: Cluster, tmp_path: Path) -> None:
    spec = tmp_path / "sweep.toml"
    spec.write_text(EXAMPLE.read_text().replace("[6000, 12000]", "[3000, 6000]"))
    reference = saltus.sweep(spec, store=tmp_path / "reference").curves()

    store = tmp_path / "worker"
    driver = drive(spec, store, cluster.address)
    wait_for(lambda: len(run_files(store)) >= 4 or driver.poll() is not None)
    cluster.workers[0].kill()
    stdout, stderr = driver.communicate(timeout=200)
    assert driver.returncode == 0, stderr
    assert "24 runs, 24 stored, 0 failed, 0 missing" in stdout
    assert equal(saltus.read_store(store), reference)
    assert not any(path.suffix == ".npz" for path in Path(cluster._folder).rglob("*"))  # workers store nothing

    store = tmp_path / "scheduler"
    driver = drive(spec, store, cluster.address)
    wait_for(lambda: len(run_files(store)) >= 4 or driver.poll() is not None)
    cluster.scheduler.kill()
    stdout, stderr = driver.communicate(timeout=120)
    assert driver.returncode == 1
    last = stderr.splitlines()[-1]
    assert last.startswith("saltus: the executor was lost (")
    assert last.endswith("; what is stored is kept: start the same sweep again and it continues")
    assert "Traceback" not in stderr
    count = len(run_files(store))
    assert 4 <= count < 24
    outcome = saltus.sweep(spec, store=store)
    assert outcome.repeated == count
    assert equal(outcome.curves(), reference)


def test_a_run_that_kills_its_workers_is_named_and_the_others_end(cluster: Cluster, tmp_path: Path) -> None:
    from saltus.runs import engine
    from saltus.runs.sweep import run_plan

    deadly = Deadly(TASK, training(), 0)
    plan = Plan((*jobs(3), deadly))
    for _ in range(4):  # one for each time that the scheduler tries it
        cluster.add_worker()
    outcome = run_plan(plan, tmp_path / "runs", engine.dask(cluster.address))
    assert len(outcome.standing.stored) == 3
    ((key, failure),) = outcome.failed.items()
    assert key == plan.keys[3]
    assert failure["status"] == "killed"
    assert failure["reason"].startswith("KilledWorker: ")


def test_an_address_without_a_scheduler_is_refused(tmp_path: Path) -> None:
    done = cli("sweep", "run", EXAMPLE, "--store", tmp_path / "runs", "--dask", "tcp://127.0.0.1:1")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "saltus: a Dask scheduler must answer; received 'tcp://127.0.0.1:1'; start one, or correct"
    )
    assert done.stderr.count("\n") == 1
    both = cli("sweep", "run", EXAMPLE, "--store", tmp_path / "runs", "--dask", "tcp://127.0.0.1:1", "--workers", "2")
    assert both.stderr.startswith("saltus: --workers belongs to this machine; received 2; leave it out with --dask")
