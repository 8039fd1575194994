"""Duration of a sweep, estimated from a timed sample of its own runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from saltus.runs.driver import cost_of
from saltus.train.job import Job

_SHAPES_TIMED = 6
_SECONDS_A_SHAPE = 0.5


def estimate_seconds(jobs: Sequence[Job]) -> float:
    """Processor seconds of all runs, without storing them.

    A few kinds of run, from the cheapest to the dearest, are timed for half a second each: their start with one
    measurement, and their steps. Any other kind counts with the time per measurement, and per step and hidden unit, of
    the timed kind nearest in cost.
    """
    kinds: dict[tuple[object, ...], Job] = {}
    for job in jobs:
        kinds.setdefault(_kind(job), job)
    ordered = sorted(kinds.values(), key=lambda job: cost_of(job, 1))
    last = len(ordered) - 1
    chosen = {round(i * last / max(1, _SHAPES_TIMED - 1)) for i in range(_SHAPES_TIMED)} if last else {0}
    _time_of(replace(ordered[0].training, steps=1, measure_at=(1,)), ordered[0])  # compiles the kernel
    timed = {i: _timed(ordered[i]) for i in sorted(chosen)}
    position = {_kind(job): i for i, job in enumerate(ordered)}
    total = 0.0
    for job in jobs:
        nearest = min(timed, key=lambda i: abs(i - position[_kind(job)]))
        per_measurement, per_cost = timed[nearest]
        total += per_measurement * len(job.training.measurement_steps) + per_cost * cost_of(job)
    return total


def _kind(job: Job) -> tuple[object, ...]:
    return (job.task, replace(job.training, steps=1, measure_at=None))


def _timed(job: Job) -> tuple[float, float]:
    """Seconds of a measurement, and of a step's unit of cost."""
    measured = _time_of(replace(job.training, steps=1, measure_at=(0,)), job)
    steps = 1
    while True:
        seconds = _time_of(replace(job.training, steps=steps, measure_at=(steps,)), job) - measured
        if seconds > _SECONDS_A_SHAPE / 2 or steps >= job.training.steps:
            return measured, max(seconds, 0.0) / cost_of(job, steps)
        steps *= 2


def _time_of(training: object, job: Job) -> float:
    start = time.perf_counter()
    replace(job, training=training).run(lambda steps_taken: None)  # type: ignore[arg-type]  # noqa: ARG005
    return time.perf_counter() - start
