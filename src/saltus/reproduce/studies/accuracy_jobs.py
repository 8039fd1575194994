"""Runs of small PyTorch networks of which shares of right answers are measured, and no strengths.

Ours, not in the paper. With the sign of the output for the answer, measured R/S is E[sign(target) sign(output)]: the
share of right answers as (accuracy - 1/2) / (1/2), which is what reading makes of accuracies of two answers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats
from saltus.curves.spacing import geometric_steps
from saltus.parity.batch import Batch
from saltus.parity.task import MultitaskSparseParity
from saltus.read.reading import read_curves
from saltus.reproduce.studies.recipe_jobs import Range
from saltus.reproduce.studies.scheduled_jobs import stretched
from saltus.settings import describe
from saltus.theory.frequencies import PowerLaw
from saltus.train.job import Job
from saltus.train.learner import Learner, State
from saltus.train.loop import Measurements
from saltus.train.torch.network import NetworkTraining
from saltus.train.torch.objective import Loss
from saltus.train.torch.perceptron import Perceptron

if TYPE_CHECKING:
    import xarray as xr

ITEMS = 1000
"""Answers behind every accuracy."""
_EVERY = 1.08  # ratio of neighbouring measured steps
_COSINE = "cosine:warmup={w},steps={n},floor=0.1"
_WARMUP = 0.05  # share of the length
_BY_RATE, _BY_FREQUENCY, _A_BIT_MORE = -0.9, -1.2, 2.5  # steps go roughly as these powers, or grow by this factor
_MARGIN, _MOST_STEPS = 1.5, 4000


@dataclass(frozen=True)
class SignTraining(NetworkTraining):
    """Training as in `NetworkTraining` of a network whose answers, +S or -S, are measured in place of its output."""

    def learner(self, task: MultitaskSparseParity, start: np.random.SeedSequence) -> Learner:  # type: ignore[override]
        """The network at its start; it is trained as ever."""
        return _Answering(super().learner(task, start))


class _Answering:
    """A learner whose evaluations are answers: the sign of its output, in the size of the targets."""

    def __init__(self, inner: Learner) -> None:
        self._inner = inner

    @property
    def steps_taken(self) -> int:
        return self._inner.steps_taken

    @steps_taken.setter
    def steps_taken(self, steps: int) -> None:
        self._inner.steps_taken = steps

    def advance(self, batch: Batch, n_steps: int, limit: float) -> Floats:
        return self._inner.advance(batch, n_steps, limit)

    def evaluate(self, batch: Batch) -> NDArray[Any]:
        return np.asarray(np.sign(self._inner.evaluate(batch)) * np.abs(batch.targets))

    def state(self) -> State:
        return self._inner.state()

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._inner.restore(state)


@dataclass(frozen=True)
class Kind:
    """A way to train, and how long it takes.

    Attributes:
        optimizer, loss: as in `NetworkTraining`.
        learning_rate: range drawn from log-uniformly.
        first: steps to the first skill at the lowest rate with parities of two bits, roughly.
        init_std: range of the start drawn from log-uniformly; None starts as PyTorch does.
        n_layers: layers of weights, each choice as likely.
        target_scale: S.
        n_relevant: bits of a parity, each choice as likely.
    """

    optimizer: str
    loss: Loss
    _: KW_ONLY
    learning_rate: Range
    first: float
    init_std: Range | None = None
    n_layers: tuple[int, ...] = (2, 3)
    target_scale: float = 1.0
    n_relevant: tuple[int, ...] = (2,)


_SMALL: Range = (0.01, 0.04)
KINDS = (
    Kind("adamw", "logistic", learning_rate=(5e-4, 3e-3), first=260, n_relevant=(2, 3)),
    Kind("sgd", "squared", learning_rate=(0.01, 0.025), first=450, init_std=_SMALL, n_layers=(2,), target_scale=5.0),
    Kind("adam", "squared", learning_rate=(5e-4, 2e-3), first=150, init_std=_SMALL, n_layers=(2,), n_relevant=(2, 3)),
    Kind("sgd", "logistic", learning_rate=(0.2, 0.8), first=320),
    Kind("adamw", "logistic", learning_rate=(5e-4, 3e-3), first=260, init_std=_SMALL, n_layers=(2,)),
    Kind("sgd", "squared", learning_rate=(0.05, 0.1), first=350),
    Kind("adamw", "squared", learning_rate=(5e-4, 2e-3), first=150, n_relevant=(2, 3)),
    Kind("sgd", "logistic", learning_rate=(0.5, 1.5), first=150, init_std=_SMALL, n_layers=(2,)),
)


@dataclass(frozen=True)
class AccuracySettings:
    """How many runs, of the kinds in turn, and from which ranges their settings are drawn.

    Attributes:
        n_teaching, n_testing: number of runs of each part, by turns.
        kinds: ways to train, one a run, again and again.
        alpha, n_skills: ranges drawn from uniformly, ends included.
        batch_size: range drawn from log-uniformly.
        widths: choices, each as likely.
        scheduled: share of the runs whose rate follows a cosine.
    """

    n_teaching: int
    n_testing: int
    kinds: tuple[Kind, ...] = KINDS
    alpha: Range = (0.2, 0.6)
    n_skills: tuple[int, int] = (3, 6)
    batch_size: Range = (64, 300)
    widths: tuple[int, ...] = (64, 128)
    scheduled: float = 0.33


def draw_accuracy_jobs(settings: AccuracySettings, seed: int) -> list[Job]:
    """Runs with settings of their own, drawn from the ranges; the first n do not depend on how many there are."""
    return [_job(settings, run, seed) for run in range(settings.n_teaching + settings.n_testing)]


def _job(settings: AccuracySettings, run: int, seed: int) -> Job:
    kind, rng = settings.kinds[run % len(settings.kinds)], np.random.default_rng([seed, 3, run])
    fewest, most = settings.n_skills
    frequencies = PowerLaw(round(rng.uniform(*settings.alpha), 3), int(rng.integers(fewest, most + 1)))
    n_relevant = int(rng.choice(kind.n_relevant))
    task = MultitaskSparseParity(frequencies, n_relevant=n_relevant, target_scale=kind.target_scale)
    rate = float(f"{_log_uniform(kind.learning_rate, rng):.3g}")
    first, *_, last = frequencies.first()
    at_usual_rate = _MARGIN * kind.first * _A_BIT_MORE ** (n_relevant - 2) * (last / first) ** _BY_FREQUENCY
    steps = int(min(at_usual_rate * (rate / kind.learning_rate[0]) ** _BY_RATE, _MOST_STEPS) // 100 + 1) * 100
    training = SignTraining(
        steps,
        network=Perceptron(
            int(rng.choice(settings.widths)),
            n_layers=int(rng.choice(kind.n_layers)),
            init_std=None if kind.init_std is None else float(f"{_log_uniform(kind.init_std, rng):.3g}"),
        ),
        learning_rate=rate,
        batch_size=round(_log_uniform(settings.batch_size, rng)),
        optimizer=kind.optimizer,
        loss=kind.loss,
        measure_at=tuple(geometric_steps(steps, _EVERY).tolist()),
        strength_samples=ITEMS,
    )
    job = Job(task, training, seed + run)
    if rng.random() >= settings.scheduled:
        return job
    return stretched(
        job, lambda n: _COSINE.format(n=n, w=round(_WARMUP * n)), power=1.0 if kind.optimizer == "sgd" else 0.8
    )


def accuracy_curves(job: Job, seen: Measurements) -> xr.Dataset:
    """Curves of a run as reading makes them of a table of its accuracies, with their items and the training's settings.

    Args:
        job: the run.
        seen: its measurements, of which R/S is twice the accuracy less 1.
    """
    import pandas as pd

    n_skills, n_steps = seen.strength.shape
    table = pd.DataFrame(
        {
            "step": np.tile(seen.steps, n_skills),
            "skill": np.repeat(np.arange(n_skills) + 1, n_steps),
            "accuracy": 0.5 + seen.strength.ravel() / 2,
            "n": ITEMS,
            "frequency": np.repeat(job.task.frequencies.first(), n_steps),
        }
        | (
            {}
            if job.training.measured_rates is None
            else {"learning_rate": np.tile(job.training.measured_rates, n_skills)}
        )
    ).dropna()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "accuracies.csv"
        table.to_csv(path, index=False)
        curves = read_curves(path, quantity="accuracy", chance=0.5)
    return curves.assign_attrs(settings=json.dumps({"task": describe(job.task), "training": describe(job.training)}))


def _log_uniform(ends: Range, rng: np.random.Generator) -> float:
    low, high = ends
    return low * math.exp(rng.random() * math.log(high / low))
