"""The training of one run: take samples, update, measure; pause, keep its state, go on to the same bits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats, Integers
from saltus.parity.sampling import SampleSource
from saltus.parity.strength import measure
from saltus.parity.task import MultitaskSparseParity
from saltus.train.configuration import Training
from saltus.train.convergence import Settling
from saltus.train.learner import Learner, State

Progress = Callable[[int, int], None]  # called with the job's index and its steps taken, from any thread
Status = Literal["finished", "stalled", "diverged"]

# Gradient flow never exceeds its initial loss and batch noise is a factor of a few: 1000 times the start counts as
# diverged.
_LOST = 1e3
_MEASURED = ("strength", "strength_error", "skill_loss")
_STANDING = ("n_measured", "limit", "peak", "peak_step", "diverged_at", "converged_at")


@dataclass(frozen=True)
class Measurements:
    """The measurements of one run, at each measured step. After it diverged or converged the entries are NaN.

    Attributes:
        steps: the measured steps, ``(n_steps,)``.
        strength, strength_error: R/S and its standard error, ``(n_skills, n_steps)``; for networks trained side by
            side, ``(networks, n_skills, n_steps)``, here and below.
        skill_loss: half the mean squared error of each skill, ``(n_skills, n_steps)``.
        peak_loss, peak_step: the largest training loss (half the batch's mean squared error) and its step.
        diverged_at: the step whose batch loss was out of bounds, or None.
        converged_at: the step at which the run ended because it had converged (`saltus.train.convergence`), or None.
    """

    steps: Integers
    strength: Floats
    strength_error: Floats
    skill_loss: Floats
    peak_loss: float
    peak_step: int
    diverged_at: int | None
    converged_at: int | None = None

    @property
    def n_made(self) -> int:
        """The number of measurements before the run ended or was paused."""
        return int(np.isfinite(self.strength).all(axis=tuple(range(self.strength.ndim - 1))).sum())

    def last(self) -> Floats:
        """R/S at the last measurement, ``(n_skills,)`` or ``(networks, n_skills)``."""
        return self.strength[..., self.n_made - 1]


class Course:
    """One run under way: it advances until told to pause, and its state continues it to the same bits.

    Args:
        learner: the network in training.
        task: the task whose skills are measured.
        source: the samples of the updates.
        measure_rng: the generator that draws the samples of the measurements.
        batch_size: samples an update.
        measurement_steps: steps at which to measure, ascending; the last one ends the run.
        strength_samples: function evaluations a skill and measurement.
        side_by_side: shape in front of the measurements if the learner is several networks.
        settling: the rule by which the run may end early, if there is one.
        samples_at_a_time: samples between two calls of ``pause``; no number depends on it.
    """

    def __init__(
        self,
        learner: Learner,
        task: MultitaskSparseParity,
        source: SampleSource,
        measure_rng: np.random.Generator,
        *,
        batch_size: int,
        measurement_steps: Integers,
        strength_samples: int,
        side_by_side: tuple[int, ...] = (),
        settling: Settling | None = None,
        samples_at_a_time: int = Training.samples_at_a_time,
    ) -> None:
        self._learner, self._task, self._source, self._measure_rng = learner, task, source, measure_rng
        self._batch_size, self._steps, self._strength_samples = batch_size, measurement_steps, strength_samples
        self._settling, self._samples_at_a_time = settling, samples_at_a_time
        shape = (*side_by_side, task.n_skills, len(measurement_steps))
        self._measured = {name: np.full(shape, np.nan) for name in _MEASURED}
        self._n_measured = 0
        self._limit, self._peak, self._peak_step = np.inf, 0.0, 0
        self._diverged_at: int | None = None
        self._converged_at: int | None = None

    @property
    def finished(self) -> bool:
        """Whether the last measurement is made, or the run diverged or converged."""
        ended = self._diverged_at is not None or self._converged_at is not None
        return ended or self._n_measured == len(self._steps)

    @property
    def measurements(self) -> Measurements:
        """The measurements so far."""
        return Measurements(
            self._steps,
            **self._measured,
            peak_loss=self._peak / 2,
            peak_step=self._peak_step,
            diverged_at=self._diverged_at,
            converged_at=self._converged_at,
        )

    def advance(self, pause: Callable[[int], bool | None]) -> None:
        """Go on to the end, or until ``pause(steps_taken)``, called after each stretch of steps, returns True."""
        while not self.finished:
            if self._learner.steps_taken == self._steps[self._n_measured]:
                self._measure()
            else:
                self._take_steps()
                if pause(self._learner.steps_taken):
                    return

    def state(self) -> State:
        """All that the rest of the run depends on: parameters, generators, and the measurements so far."""
        scalars = {name: getattr(self, f"_{name}") for name in _STANDING} | {
            "source": self._source.state(),
            "measure_rng": self._measure_rng.bit_generator.state,
        }
        learner = {f"learner.{name}": value for name, value in self._learner.state().items()}
        return {"scalars": np.array(json.dumps(scalars)), **self._measured, **learner}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go back to a `state` of the same run.

        Raises:
            KeyError, TypeError, ValueError: if it is the state of something else.
        """
        scalars = json.loads(str(state["scalars"]))
        for name in _STANDING:
            setattr(self, f"_{name}", scalars[name])
        self._source.restore(scalars["source"])
        self._measure_rng.bit_generator.state = scalars["measure_rng"]
        for name, values in self._measured.items():
            values[:] = state[name]
        start = len("learner.")
        self._learner.restore({name[start:]: value for name, value in state.items() if name.startswith("learner.")})

    def _take_steps(self) -> None:
        learner = self._learner
        first, until = learner.steps_taken, int(self._steps[self._n_measured])
        n_steps = min(until - first, max(1, self._samples_at_a_time // self._batch_size))
        # (taken,), or (taken + 1,) after divergence: mean squared errors, twice the loss
        squared_errors = learner.advance(self._source.take(n_steps, self._batch_size), n_steps, self._limit)
        self._diverged_at = learner.steps_taken if len(squared_errors) > learner.steps_taken - first else None
        if first == 0:
            self._limit = _LOST * max(self._task.target_scale**2, float(squared_errors[0]))
        highest = int(np.argmax(squared_errors))
        if squared_errors[highest] > self._peak:
            self._peak, self._peak_step = float(squared_errors[highest]), first + highest

    def _measure(self) -> None:
        seen = measure(self._learner.evaluate, self._task, n_samples=self._strength_samples, rng=self._measure_rng)
        for name, values in zip(_MEASURED, (seen.relative, seen.relative_error, seen.skill_loss), strict=True):
            self._measured[name][..., self._n_measured] = values  # (n_skills,) or (networks, n_skills)
        self._n_measured += 1
        if self._settling is not None:
            # (n_measured,), then (..., n_skills, n_measured)
            steps, *curves = (values[..., : self._n_measured] for values in (self._steps, *self._measured.values()))
            if self._settling.reached(self._learner.evaluate, steps, curves[0], curves[1]):
                self._converged_at = int(steps[-1])
