"""The training loop of one run: take samples, update, measure, and say how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from saltus.parity.batch import Batch
from saltus.parity.sampling import SampleSource
from saltus.parity.strength import measure
from saltus.parity.task import MultitaskSparseParity

Status = Literal["finished", "stalled", "diverged"]

# A flow never climbs above its start, and batch noise stays within a factor of a few: a thousandfold loss is lost.
_LOST = 1e3
_SAMPLES_AT_A_TIME = 65_536


class Learner(Protocol):
    """What the loop trains: anything that can be updated on a batch and evaluated on one."""

    steps_taken: int

    def advance(self, batch: Batch, n_steps: int, limit: float) -> NDArray[np.float64]: ...

    def evaluate(self, batch: Batch) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Measurements:
    """What one run showed, at each measured step. After a divergence the entries are NaN.

    Attributes:
        steps: shape ``(n_steps,)``.
        strength, strength_error: R/S and its standard error, ``(n_skills, n_steps)``.
        skill_loss: half the mean squared error of each skill, ``(n_skills, n_steps)``.
        peak_loss, peak_step: the largest training loss (half the batch's mean squared error) and its step.
        diverged_at: the step whose batch loss was out of bounds, or None.
    """

    steps: NDArray[np.int64]
    strength: NDArray[np.float64]
    strength_error: NDArray[np.float64]
    skill_loss: NDArray[np.float64]
    peak_loss: float
    peak_step: int
    diverged_at: int | None


def train(
    learner: Learner,
    task: MultitaskSparseParity,
    source: SampleSource,
    measure_rng: np.random.Generator,
    *,
    batch_size: int,
    measurement_steps: NDArray[np.int64],
    strength_samples: int,
    progress: Callable[[int], None],
) -> Measurements:
    """Train ``learner`` up to the last measurement step, calling ``progress(steps_taken)`` after each stretch."""
    shape = (task.n_skills, len(measurement_steps))
    strength, error, skill_loss = np.full(shape, np.nan), np.full(shape, np.nan), np.full(shape, np.nan)
    limit, peak, peak_step = np.inf, 0.0, 0
    diverged_at = None
    for i, target_step in enumerate(measurement_steps):
        while learner.steps_taken < target_step and diverged_at is None:
            first = learner.steps_taken
            n_steps = min(int(target_step) - first, max(1, _SAMPLES_AT_A_TIME // batch_size))
            squared_errors = learner.advance(source.take(n_steps, batch_size), n_steps, limit)
            diverged_at = learner.steps_taken if len(squared_errors) > learner.steps_taken - first else None
            if first == 0:
                limit = _LOST * max(task.target_scale**2, float(squared_errors[0]))
            highest = int(np.argmax(squared_errors))
            if squared_errors[highest] > peak:
                peak, peak_step = float(squared_errors[highest]), first + highest
            progress(learner.steps_taken)
        if diverged_at is not None:
            break
        seen = measure(learner.evaluate, task, n_samples=strength_samples, rng=measure_rng)
        strength[:, i], error[:, i], skill_loss[:, i] = seen.relative, seen.relative_error, seen.skill_loss
    return Measurements(measurement_steps, strength, error, skill_loss, peak / 2, peak_step, diverged_at)
