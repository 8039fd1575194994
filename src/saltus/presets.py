"""Named configurations of task and training: those of the paper, and smaller ones that learn the same in minutes.

``paper`` has the printed settings (``Nam et al. 2024``): the two-layer network's of Fig. 1a, and the transformer's of
Fig. 4 and App. K.2, for which the authors report 48 to 72 GPU-hours a run. ``quick`` and ``fast`` are meant for two
processors; docs/architectures.md says how the transformers among them were found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from saltus.curves.spacing import geometric_steps
from saltus.parity.task import MultitaskSparseParity
from saltus.theory.frequencies import PowerLaw
from saltus.train.configuration import Training
from saltus.train.job import Job
from saltus.train.kernel.training import MLPTraining
from saltus.train.torch.network import NetworkTraining
from saltus.train.torch.transformer import Transformer

LAST_BIT_UNREAD = 4  # seed of tasks in which no skill reads the last bit
LAST_BIT_OF_SKILL_2 = 2  # seed of a task, 4 skills of 2 bits and 8 bits, in which skill 2 reads the last bit


class Preset(Protocol):
    """A task, and the training of networks on it."""

    @property
    def task(self) -> MultitaskSparseParity: ...

    @property
    def training(self) -> Training: ...


@dataclass(frozen=True)
class MLPPreset:
    """Two-layer networks, trained by SGD on fresh samples."""

    task: MultitaskSparseParity
    training: MLPTraining


@dataclass(frozen=True)
class TransformerPreset:
    """Transformers trained by SGD with momentum on fresh samples.

    Attributes:
        network: the transformer, with its size.
        steps, batch_size, learning_rate: settings of each run.
        n_seeds: number of runs.
        n_skills, n_bits, n_relevant, target_scale, alpha, task_seed: settings of the task. The network sees the last
            bit without attention, and learns a skill that reads it ahead of its turn. With `LAST_BIT_UNREAD` no skill
            reads it, nor in the task of the paper's size; with `LAST_BIT_OF_SKILL_2`, skill 2 does, since all bits are
            read.
        measure_every: steps between measurements; None measures at steps 1 % apart.
        device: PyTorch's name of it.
    """

    network: Transformer
    steps: int
    batch_size: int
    learning_rate: float
    n_seeds: int
    n_skills: int
    n_bits: int
    n_relevant: int = 3
    target_scale: float = 1.0
    alpha: float = 0.9
    task_seed: int = 0
    momentum: float = 0.9
    weight_decay: float = 1e-5
    measure_every: int | None = None
    strength_samples: int = 512
    device: str = "cpu"

    @property
    def task(self) -> MultitaskSparseParity:
        frequencies = PowerLaw(self.alpha, self.n_skills)
        return MultitaskSparseParity(frequencies, self.n_bits, self.n_relevant, self.target_scale, self.task_seed)

    @property
    def training(self) -> NetworkTraining:
        """Settings of each run's training.

        Raises:
            InputError: if PyTorch is not installed.
        """
        every = self.measure_every
        at = geometric_steps(self.steps, 1.01).tolist() if every is None else range(0, self.steps + 1, every)
        return NetworkTraining(
            self.steps,
            network=self.network,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            measure_at=tuple(at),
            strength_samples=self.strength_samples,
            device=self.device,
        )

    def jobs(self, seed: int) -> list[Job]:
        """The runs; their seeds count up from ``seed``."""
        return [Job(self.task, self.training, seed + i) for i in range(self.n_seeds)]


def _mlp(steps: int, batch_size: int, measure_at: tuple[int, ...] | None = None) -> MLPPreset:
    training = MLPTraining(steps, learning_rate=0.02, init_std=0.01, batch_size=batch_size, measure_at=measure_at)
    return MLPPreset(MultitaskSparseParity(PowerLaw(0.6, 5)), training)


MLPS = {"quick": _mlp(24_000, 1000), "paper": _mlp(30_000, 4000, tuple(range(0, 30_001, 50)))}

TRANSFORMERS = {
    "quick": TransformerPreset(
        Transformer(32), 20_000, 256, 0.008, n_seeds=4, n_skills=3, n_bits=7, n_relevant=2, task_seed=LAST_BIT_UNREAD
    ),
    "fast": TransformerPreset(
        Transformer(32), 60_000, 256, 0.008, n_seeds=6, n_skills=4, n_bits=8, n_relevant=2,
        task_seed=LAST_BIT_OF_SKILL_2,
    ),
    "paper": TransformerPreset(
        Transformer(512), 200_000, 5000, 5e-5, n_seeds=5, n_skills=5, n_bits=32,
        measure_every=100, strength_samples=20_000, device="cuda",
    ),
}  # fmt: skip

# By kind of network, then by name.
PRESETS: Mapping[str, Mapping[str, Preset]] = {"mlp": MLPS, "transformer": TRANSFORMERS}
