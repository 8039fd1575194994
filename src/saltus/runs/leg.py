"""A leg of a run: the piece of work that an executor gets. It knows of no store, no path and no other run.

The driver hands over the state in which the last leg ended and gets the next state back, so that the loss of a worker
costs at most one leg, on a thread as on a cluster.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

from threadpoolctl import ThreadpoolController

from saltus._version import __version__
from saltus.parity.task import MultitaskSparseParity
from saltus.theory.frequencies import PowerLaw
from saltus.train.configuration import NUMBERS_VERSION
from saltus.train.job import Job
from saltus.train.kernel.training import MLPTraining
from saltus.train.learner import State
from saltus.train.loop import Course, Measurements

Pause = Callable[[int], bool]  # given the steps taken so far, from the thread that takes them


@dataclass(frozen=True)
class Leg:
    """The end of a leg: exactly one of state, measurements and failure.

    Attributes:
        state: start of the next leg.
        measurements: the finished run's measurements.
        failure: the error that the run raised, as text.
        steps_taken: the run's steps so far.
        version: the version of saltus on the worker.
    """

    state: State | None
    measurements: Measurements | None
    failure: str | None
    steps_taken: int
    version: str


def run_leg(job: Job, state: State | None, seconds: float, numbers_version: int, pause: Pause | None = None) -> Leg:
    """Continue a run from ``state`` (None: its start) for about ``seconds``, or until ``pause`` says so."""
    until = time.monotonic() + seconds  # no change of the clock moves it
    steps_taken = 0

    def stop(steps: int) -> bool:
        nonlocal steps_taken
        steps_taken = steps
        return (pause is not None and pause(steps)) or time.monotonic() > until

    try:
        if numbers_version != NUMBERS_VERSION:
            ours = f"this worker's saltus {__version__}"
            raise RuntimeError(f"{ours} gives other numbers than the driver's: install the same version on both")
        course = _continued(job, state)
        course.advance(stop)
    except Exception as error:
        return Leg(None, None, f"{type(error).__name__}: {error}", steps_taken, __version__)
    if course.finished:
        return Leg(None, course.measurements, None, steps_taken, __version__)
    return Leg(course.state(), None, None, steps_taken, __version__)


def run_leg_elsewhere(job: Job, state: State | None, seconds: float, numbers_version: int) -> Leg:
    """As `run_leg`, in another process, whose BLAS it limits to one thread."""
    with single_threaded():
        return run_leg(job, state, seconds, numbers_version)


@contextmanager
def single_threaded() -> Iterator[None]:
    """Limit BLAS, and this thread's OpenMP, to one thread: runs side by side are faster than threads within a run."""
    with _libraries().limit(limits=1):
        yield


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def prepare() -> None:
    """Compile or load the kernel in the main thread, since Ctrl-C interrupts only that one."""
    task = MultitaskSparseParity(PowerLaw(1.0, 1), n_bits=1, n_relevant=1)
    tiny = MLPTraining(1, learning_rate=1.0, init_std=1.0, width=1, batch_size=1, strength_samples=4)
    Job(task, tiny, seed=0).run(lambda steps_taken: None)  # noqa: ARG005


def _continued(job: Job, state: State | None) -> Course:
    course = job.course()
    if state is None:
        return course
    try:
        course.restore(state)
    except (KeyError, TypeError, ValueError):  # left by another version: the start is always right
        return job.course()
    return course
