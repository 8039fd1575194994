"""The transformer experiment of Fig. 4 and 12: its presets, its runs, and when its skills emerge.

``paper`` has the printed settings (``Nam et al. 2024, App. K.2``, Fig. 4) and is meant for a GPU: the authors report 48
to 72 GPU-hours a run. ``fast`` and ``quick`` are smaller instances for two processors: docs/architectures.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saltus._version import __version__
from saltus.curves.spacing import geometric_steps
from saltus.parity.task import MultitaskSparseParity
from saltus.reproduce.shared.options import RunOptions
from saltus.reproduce.shared.runs import train_all
from saltus.settings import describe
from saltus.theory.frequencies import PowerLaw
from saltus.train.job import Job, collect
from saltus.train.torch.network import NetworkTraining
from saltus.train.torch.transformer import Transformer

if TYPE_CHECKING:
    import xarray as xr

LAST_BIT_UNREAD = 4  # seed of such tasks
LAST_BIT_OF_SKILL_2 = 2  # seed of such a task: 4 skills of 2 bits, 8 bits
THRESHOLD = 0.05  # R/S at which the paper says that a skill has emerged


@dataclass(frozen=True)
class Settings:
    """Transformers trained by SGD with momentum on fresh samples.

    Attributes:
        network: its size.
        steps, batch_size, learning_rate: of each run.
        n_seeds: runs.
        n_skills, n_bits, n_relevant, target_scale, alpha, task_seed: of the task. The network has the last bit without
            attention, and learns a skill that reads it ahead of its turn. With `LAST_BIT_UNREAD` no skill does, nor in
            the task of the paper's size; with `LAST_BIT_OF_SKILL_2`, all of whose bits are read, the second does.
        measure_every: steps between measurements; None measures at steps 1 % apart.
        device: as PyTorch calls it.
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
        """How each run is trained.

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
        """The runs; ``seed`` is that of the first."""
        return [Job(self.task, self.training, seed + i) for i in range(self.n_seeds)]


PRESETS = {
    "quick": Settings(
        Transformer(32), 20_000, 256, 0.008, n_seeds=4, n_skills=3, n_bits=7, n_relevant=2, task_seed=LAST_BIT_UNREAD
    ),
    "fast": Settings(
        Transformer(32), 60_000, 256, 0.008, n_seeds=6, n_skills=4, n_bits=8, n_relevant=2,
        task_seed=LAST_BIT_OF_SKILL_2,
    ),
    "paper": Settings(
        Transformer(512), 200_000, 5000, 5e-5, n_seeds=5, n_skills=5, n_bits=32,
        measure_every=100, strength_samples=20_000, device="cuda",
    ),
}  # fmt: skip


def transformer_curves(settings: Settings, options: RunOptions) -> xr.Dataset:
    """The runs' curves; those that the store has are not trained again, so that Fig. 4 and 12 share theirs."""
    jobs = settings.jobs(options.seed)
    return collect(jobs, train_all(jobs, options))


def note(settings: Settings, options: RunOptions) -> str:
    """The settings, for the line below a figure."""
    used = settings.training
    return (
        f"saltus {__version__}: α = {settings.alpha:g}, n_s = {settings.n_skills}, n_b = {settings.n_bits}, "
        f"S = {settings.target_scale:g}, embedding {settings.network.embedding}, {settings.network.heads} heads, "
        f"SGD {used.learning_rate:g}, momentum {used.momentum:g}, batch {used.batch_size}, "
        f"seeds {options.seed}–{options.seed + settings.n_seeds - 1}"
    )


def about(settings: Settings, options: RunOptions) -> dict[str, Any]:
    """What every summary of these runs says of them."""
    return {
        "settings": {"task": describe(settings.task), "training": describe(settings.training)},
        "seeds": [options.seed + i for i in range(settings.n_seeds)],
        "version": __version__,
    }
