"""The driver: hands legs to an engine, stores their results, and keeps everything when it is stopped."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import nullcontext
from dataclasses import dataclass, field

import numpy as np

from saltus.errors import StoppedError
from saltus.runs.engine import LOST, Engine
from saltus.runs.leg import Leg, prepare, run_leg, run_leg_elsewhere, single_threaded
from saltus.store.record import arrays_of
from saltus.store.store import Store
from saltus.train.configuration import NUMBERS_VERSION
from saltus.train.job import Job
from saltus.train.learner import State

CHECKPOINT_SECONDS = 20.0  # length of a leg by default


@dataclass
class Tally:
    """Progress of the runs at hand.

    Attributes:
        planned: number of runs.
        before: number of runs that were stored or had failed when the driver started.
        stored, failed: number of runs stored, and failed, since then.
        running: number of runs under way.
        cost: work of all runs that were not done before, in samples times hidden units.
        done: the part of ``cost`` that is done.
    """

    planned: int
    before: int
    stored: int = 0
    failed: int = 0
    running: int = 0
    cost: float = 0.0
    done: float = 0.0


def cost_of(job: Job, steps: int | None = None) -> float:
    """Work of a run, or of so many of its steps, in samples times hidden units."""
    training = job.training
    return float(training.steps if steps is None else steps) * training.batch_size * sum(training.widths)


@dataclass
class Driver:
    """Brings runs into a store.

    Args:
        store: takes the runs.
        engine: works on them.
        tally: kept up to date.
        follow: called with the tally after each change.
        progress: on threads of this process, called with a run's name and its steps taken, from its thread.
        checkpoint_seconds: length of a leg, in seconds.
    """

    store: Store
    engine: Engine
    tally: Tally
    follow: Callable[[Tally], None] | None = None
    progress: Callable[[str, int], None] | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    _runs: Mapping[str, Job] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _under_way: dict[Future[Leg], str] = field(default_factory=dict)
    _steps: dict[str, int] = field(default_factory=dict)

    def bring(self, runs: Mapping[str, Job]) -> None:
        """Work until every run is stored or has failed.

        Raises:
            StoppedError: if the store or the engine is lost; runs under way keep their checkpoints.
            KeyboardInterrupt: likewise, if the user interrupts.
        """
        self._runs = runs
        self.tally.cost = sum(map(cost_of, runs.values()))
        waiting = deque(runs)
        with single_threaded() if self.engine.here else nullcontext():
            try:
                if self.engine.here and waiting:
                    prepare()
                while waiting or self._under_way:
                    while waiting and len(self._under_way) < self.engine.capacity():
                        key = waiting.popleft()
                        self._submit(key, self._checkpoint(key))
                    self._tell()
                    ended, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
                    for future in ended:
                        self._settle(self._under_way.pop(future), future)
                self._tell()
            except BaseException:
                self._pause()
                raise

    def _tell(self) -> None:
        self.tally.running = len(self._under_way)
        if self.follow is not None:
            self.follow(self.tally)

    def _submit(self, key: str, state: State | None) -> None:
        job, seconds = self._runs[key], self.checkpoint_seconds
        if self.engine.here:
            future = self.engine.executor.submit(run_leg, job, state, seconds, NUMBERS_VERSION, self._pauser(key))
        else:
            future = self.engine.executor.submit(run_leg_elsewhere, job, state, seconds, NUMBERS_VERSION)
        self._under_way[future] = key

    def _pauser(self, key: str) -> Callable[[int], bool]:
        def pause(steps_taken: int) -> bool:
            if self.progress is not None:
                self.progress(key, steps_taken)
            return self._stop.is_set()

        return pause

    def _settle(self, key: str, future: Future[Leg]) -> None:
        """Store the result of a leg, and submit the next leg of its run if there is one."""
        try:
            leg = future.result()
        except LOST as error:
            why = f"{type(error).__name__}: {error}".rstrip(": ")
            raise StoppedError(
                f"the executor was lost ({why}); what is stored is kept: start the same sweep again and it continues"
            ) from error
        except Exception as error:  # the executor gave up this run, for example because it kills every worker
            self._fail(key, "killed", f"{type(error).__name__}: {error}")
            return
        if leg.state is not None:
            self._keep_checkpoint(key, leg)
            self._submit(key, leg.state)
        elif leg.measurements is not None:
            self._keep_run(key, leg)
        else:
            self._fail(key, "raised", leg.failure or "no reason was given")

    def _keep_run(self, key: str, leg: Leg) -> None:
        assert leg.measurements is not None
        arrays, status, message = arrays_of(self._runs[key], leg.measurements, leg.version)
        if status == "diverged":
            self._fail(key, status, message or status)
        self.store.write_arrays(key, ".npz", arrays)
        if status != "diverged":
            self._count_whole(key)
            self.tally.stored += 1
            self.store.remove(key, ".failed.json")
        self.store.remove(key, ".checkpoint.npz")

    def _fail(self, key: str, status: str, reason: str) -> None:
        self.store.write_failure(key, {"status": status, "reason": reason})
        self._count_whole(key)
        self.tally.failed += 1

    def _count_whole(self, key: str) -> None:
        """Count a run that has ended, perhaps before its last step, as done."""
        steps = self._runs[key].training.steps
        self._count_steps(key, steps)
        if self.progress is not None:
            self.progress(key, steps)

    def _count_steps(self, key: str, steps: int) -> None:
        self.tally.done += cost_of(self._runs[key], steps - self._steps.get(key, 0))
        self._steps[key] = steps

    def _checkpoint(self, key: str) -> State | None:
        state = self.store.read_arrays(key, ".checkpoint.npz")
        return state if state is not None and str(state.pop("run", "")) == key else None

    def _keep_checkpoint(self, key: str, leg: Leg) -> None:
        assert leg.state is not None
        self.store.write_arrays(key, ".checkpoint.npz", {"run": np.array(key), **leg.state})
        self._count_steps(key, leg.steps_taken)

    def _pause(self) -> None:
        """Stop and checkpoint running legs; results that a remote executor has not returned are dropped."""
        started = {future: key for future, key in self._under_way.items() if not future.cancel()}
        self._stop.set()
        if not self.engine.here:
            return
        wait(started)
        for future, key in started.items():
            if future.cancelled() or future.exception() is not None:
                continue
            leg = future.result()
            try:
                if leg.state is not None:
                    self._keep_checkpoint(key, leg)
                elif leg.measurements is not None:
                    self._keep_run(key, leg)
            except StoppedError:  # the disk that is full: the run starts from its last checkpoint
                return
