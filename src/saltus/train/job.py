"""Runs: one network from its seed to its measurements, and many of them side by side, one a thread."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saltus._types import Integers
from saltus.curves.schema import CURVES, curves_from
from saltus.errors import InputError, TrainingWarning, require_whole, warn_user
from saltus.parity.sampling import FixedSamples, FreshSamples, SampleSource
from saltus.parity.task import MultitaskSparseParity
from saltus.settings import describe
from saltus.train.configuration import Training, run_streams
from saltus.train.convergence import Settling
from saltus.train.diagnosis import diagnose
from saltus.train.loop import Course, Measurements, Progress, Status

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Job:
    """One run: a task, a way to train and a seed decide every number of it."""

    task: MultitaskSparseParity
    training: Training
    seed: int

    def course(self) -> Course:
        """The run at its start."""
        start, samples, measurements = run_streams(self.seed, self.task, self.training)
        source: SampleSource
        settling = None
        if self.training.n_data is None:
            source = FreshSamples(self.task, samples)
        else:
            source = self.training_set()
            if self.training.until_loss is not None:
                settling = Settling(self.training.until_loss, source.data)
        return Course(
            self.training.learner(self.task, start),
            self.task,
            source,
            np.random.default_rng(measurements),
            batch_size=self.training.batch_size,
            measurement_steps=self.training.measurement_steps,
            strength_samples=self.training.strength_samples,
            side_by_side=self.training.side_by_side,
            settling=settling,
            samples_at_a_time=self.training.samples_at_a_time,
        )

    def training_set(self) -> FixedSamples:
        """The training set, before the first of its samples is taken.

        Raises:
            InputError: if the run has fresh samples instead.
        """
        if self.training.n_data is None:
            raise InputError("only a run with n_data has a training set", None, "give n_data")
        return FixedSamples(self.task, self.training.n_data, run_streams(self.seed, self.task, self.training)[1])

    def n_observed(self) -> Integers:
        """d_k, how often each skill occurs in the training set, ``(n_skills,)``."""
        skills = self.training_set().data.skills
        return np.bincount(skills, minlength=self.task.n_skills + 1)[1:]

    def run(self, progress: Callable[[int], None]) -> Measurements:
        """The whole run, calling ``progress(steps_taken)`` along the way."""
        course = self.course()
        course.advance(progress)
        return course.measurements


def run_jobs(jobs: Sequence[Job], workers: int | None = None, progress: Progress | None = None) -> list[Measurements]:
    """Run all jobs on ``workers`` threads (as many as processors by default); results in the order of ``jobs``.

    An error or Ctrl-C stops the other runs within a fraction of a second.
    """
    count = available_processors() if workers is None else require_whole("workers", workers, 1, "give 1 or more")
    stop = threading.Event()

    def guarded(index: int) -> Measurements:
        def report(steps_taken: int) -> None:
            if stop.is_set():
                raise InterruptedError("another run failed or the user interrupted")
            if progress is not None:
                progress(index, steps_taken)

        measurements = jobs[index].run(report)
        report(jobs[index].training.steps)  # also where it ended before
        return measurements

    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(guarded, index) for index in range(len(jobs))]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [future.result() for future in futures]


def collect(jobs: Sequence[Job], results: Sequence[Measurements]) -> xr.Dataset:
    """Curves of runs that differ in their seed alone; a run that went wrong is named in a `TrainingWarning`.

    Networks trained side by side count as runs of their own, with their ``seed`` and ``width`` as coordinates.
    """
    task, training = jobs[0].task, jobs[0].training
    seeds = [job.seed for job in jobs]
    n_networks = math.prod(training.side_by_side)
    values: dict[str, Any] = {name: np.stack([getattr(seen, name) for seen in results]) for name in CURVES}
    curves = curves_from(
        at=training.measurement_steps,
        **{name: each.reshape(-1, *each.shape[-2:]) for name, each in values.items()},
        frequencies=task.frequencies.first(),
        runs=range(len(seeds) * n_networks) if training.side_by_side else seeds,
        status=[ending for ending in endings(jobs, results) for _ in range(n_networks)],
        target_scale=task.target_scale,
        flow_learning_rate=training.flow_learning_rate,
        learning_rate=training.measured_rates,
        settings={"task": describe(task), "training": describe(training)},
    )
    if not training.side_by_side:
        return curves
    own = {"seed": np.repeat(seeds, n_networks), "width": np.tile(training.widths, len(seeds))}
    return curves.assign_coords({name: ("run", labels) for name, labels in own.items()})


def endings(jobs: Sequence[Job], results: Sequence[Measurements]) -> list[Status]:
    """Status of each run; one that went wrong is named in a `TrainingWarning`."""
    verdicts = [diagnose(job.task, job.training, job.seed, seen) for job, seen in zip(jobs, results, strict=True)]
    for _, message in verdicts:
        if message is not None:
            warn_user(message, TrainingWarning)
    return [status for status, _ in verdicts]


def available_processors() -> int:
    """Processors this process may use, which on a shared machine can be fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
