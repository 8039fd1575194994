"""Settings of a training run, as plain frozen data that checks itself: one definition for Python, files and shell."""

from __future__ import annotations

import hashlib
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field, fields
from itertools import pairwise
from typing import ClassVar

import numpy as np

from saltus._types import Floats, Integers
from saltus.curves.spacing import geometric_steps
from saltus.errors import InputError, require_not_negative, require_positive, require_whole
from saltus.parity.task import MultitaskSparseParity
from saltus.settings import LATER, describe
from saltus.theory.schedules import read_schedule
from saltus.train.learner import Learner

# Raise it whenever the same configuration gives other numbers: runs stored before then count as other runs.
NUMBERS_VERSION = 2

_WHOLE = {
    "steps": "give the number of parameter updates, e.g. 24000",
    "batch_size": "give the number of samples an update, e.g. 4000",
    "halve_every": "give a number of steps, or leave it out for a constant rate",
    "n_data": "give the size of the training set, or leave it out",
    "strength_samples": "give the function evaluations a skill, e.g. 2000",
}
_POSITIVE = {
    "learning_rate": "give a step size, e.g. 0.02",
    "until_loss": "give the loss on the training set at which a run may end, e.g. 0.01, or leave it out",
}
# Metadata of settings that are left out of the seed of a run's random streams: always, for those that say how long and
# how closely a run is watched, or where it is computed; or while None, for one that came after the first streams.
NOT_IN_STREAMS = {"in_streams": "never"}
_IN_STREAMS_IF_GIVEN = {"in_streams": "if given"}


@dataclass(frozen=True)
class Training(ABC):
    """The settings that all ways to train share; the kinds are `MLPTraining` and `NetworkTraining`.

    Args:
        steps: number of parameter updates.
        learning_rate: rate of the plain squared error; it counts double in the theory (docs/conventions.md).
        batch_size: samples in an update.
        optimizer: its name; each kind knows its own.
        momentum: SGD's momentum, 0 or more and below 1.
        weight_decay: added to the gradient times the parameter, as in PyTorch.
        betas: shares of its two moments that Adam and its kin keep at each update; None for 0.9 and 0.999.
        n_data: size of the training set; None draws fresh samples for every batch.
        halve_every: steps after which the learning rate is halved, again and again; None keeps it.
        schedule: share of the learning rate by update, as text such as "cosine:warmup=500,floor=0.1"
            (`saltus.theory.schedules`); None keeps the rate. Its length is ``steps`` unless it names another.
        until_loss: with ``n_data``, ends the run at the first measurement at which the loss on the training set is
            below this and the strengths stand still (`saltus.train.convergence`); None goes on to the last step.
        measure_at: steps at which skill strengths are measured; by default a grid of 2 % steps (`geometric_steps`).
        strength_samples: function evaluations for each skill at each measurement.

    Raises:
        InputError: if a value is outside its range.
    """

    steps: int = field(metadata=NOT_IN_STREAMS)
    _: KW_ONLY
    learning_rate: float
    batch_size: int = 4000
    optimizer: str = "sgd"
    momentum: float = 0.0
    weight_decay: float = 0.0
    betas: tuple[float, float] | None = field(default=None, metadata=LATER)
    n_data: int | None = None
    halve_every: int | None = field(default=None, metadata=_IN_STREAMS_IF_GIVEN)
    schedule: str | None = field(default=None, metadata=LATER | NOT_IN_STREAMS)
    until_loss: float | None = field(default=None, metadata=NOT_IN_STREAMS)
    measure_at: tuple[int, ...] | None = field(default=None, metadata=NOT_IN_STREAMS)
    strength_samples: int = field(default=2000, metadata=NOT_IN_STREAMS)

    # Samples between two moments at which a run can be paused; no number depends on it.
    samples_at_a_time: ClassVar[int] = 65_536

    def __post_init__(self) -> None:
        # Equal settings are equal data, and so give equal random numbers, whether 5, 5.0 or a NumPy number was given.
        for name, advice in _WHOLE.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, require_whole(name, getattr(self, name), 1, advice))
        for name, advice in _POSITIVE.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, require_positive(name, getattr(self, name), advice))
        if not 0 <= self.momentum < 1:
            raise InputError("momentum must be at least 0 and below 1", self.momentum, "use 0 for plain SGD")
        if not (math.isfinite(self.weight_decay) and self.weight_decay >= 0):
            raise InputError("weight_decay must be at least 0", self.weight_decay, "use 0 for none")
        object.__setattr__(self, "momentum", float(self.momentum))
        object.__setattr__(self, "weight_decay", float(self.weight_decay))
        if self.betas is not None:
            object.__setattr__(self, "betas", _checked_betas(self.betas))
        if self.schedule is not None:
            object.__setattr__(self, "schedule", str(read_schedule(self.schedule, self.steps)))
        if self.until_loss is not None and self.n_data is None:
            raise InputError("until_loss belongs to a training set", self.until_loss, "give n_data, or leave it out")
        if self.measure_at is not None:
            object.__setattr__(self, "measure_at", _checked_steps(self.measure_at, self.steps))

    @abstractmethod
    def learner(self, task: MultitaskSparseParity, start: np.random.SeedSequence) -> Learner:
        """A network at its start, ready to be trained; ``start`` alone decides its weights.

        Raises:
            InputError: if it cannot be trained here.
        """

    @property
    def measurement_steps(self) -> Integers:
        """Steps at which strengths are measured, ascending."""
        if self.measure_at is None:
            return geometric_steps(self.steps)
        return np.array(self.measure_at, dtype=np.int64)

    # Facts about the network that the loop, the diagnosis and a sweep's estimates need of any training; a kind that has
    # no answer keeps these.

    @property
    def widths(self) -> tuple[int, ...]:
        """Hidden units of each network: sweeps weigh the time of a sample by them; 1 where they say little."""
        return (1,)

    @property
    def side_by_side(self) -> tuple[int, ...]:
        """Shape that networks side by side add in front of a run's measurements: their number, or nothing for one."""
        return ()

    @property
    def gaussian_start(self) -> float:
        """Standard deviation of every parameter of the paper's two-layer network at the start; NaN for any other."""
        return math.nan

    def learning_rates(self, first_step: int, n_steps: int) -> Floats:
        """The learning rate of each step."""
        return rates_at(first_step + np.arange(n_steps), self.learning_rate, self.halve_every, self.schedule)

    @property
    def measured_rates(self) -> Floats | None:
        """The learning rate of the step after each measurement; None for a constant rate."""
        if self.schedule is None and self.halve_every is None:
            return None
        return rates_at(self.measurement_steps, self.learning_rate, self.halve_every, self.schedule)

    @property
    def flow_learning_rate(self) -> float:
        """eta for the theory: twice the SGD rate, stretched by momentum; NaN without one rate of a gradient flow."""
        return math.nan if self.schedule is not None else 2 * self.learning_rate / (1 - self.momentum)


def rates_at(steps: Integers, peak: float, halve_every: int | None, schedule: str | None) -> Floats:
    """Learning rates of these steps, from 0; arguments as in `Training`, the schedule with all its numbers."""
    halvings = 0 * steps if halve_every is None else steps // halve_every
    shares = 1.0 if schedule is None else read_schedule(schedule).share(steps)
    return np.asarray(peak * 0.5**halvings * shares)


def run_streams(seed: int, task: MultitaskSparseParity, training: Training) -> list[np.random.SeedSequence]:
    """Independent random streams of one run: starting weights, samples, measurements.

    They depend on the user's seed and on the settings that shape the run, not on its length or its measurements: a
    longer or more closely watched run repeats the shorter one's numbers.
    """
    shaping = describe(training, for_name=True)
    for entry in fields(training):
        role = entry.metadata.get("in_streams")
        if role == "never" or (role == "if given" and getattr(training, entry.name) is None):
            shaping.pop(entry.name, None)
    text = json.dumps([describe(task, for_name=True), shaping], sort_keys=True)
    words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
    return np.random.SeedSequence([seed, *words.tolist()]).spawn(3)


def _checked_betas(betas: tuple[float, float]) -> tuple[float, float]:
    advice = "give both shares, e.g. (0.9, 0.95), or leave it out"
    if not isinstance(betas, Sequence) or len(betas) != 2:
        raise InputError("betas must be two numbers", betas, advice)
    first, second = (require_not_negative("every one of betas", beta, advice) for beta in betas)
    if max(first, second) >= 1:
        raise InputError("every one of betas must be below 1", betas, advice)
    return first, second


def _checked_steps(measure_at: tuple[int, ...], steps: int) -> tuple[int, ...]:
    advice = f"give ascending whole steps from 0 to {steps}"
    if len(measure_at) == 0:
        raise InputError("measure_at must name at least one step", measure_at, advice)
    whole = tuple(require_whole("every step in measure_at", step, 0, advice) for step in measure_at)
    if whole[-1] > steps or any(later <= earlier for earlier, later in pairwise(whole)):
        raise InputError("measure_at must ascend and end by the last step", measure_at, advice)
    return whole
