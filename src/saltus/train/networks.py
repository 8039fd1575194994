"""Train networks on the task in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Literal

from saltus.errors import InputError, require_seeds
from saltus.parity.task import MultitaskSparseParity
from saltus.train.configuration import Training
from saltus.train.job import Job, collect, run_jobs
from saltus.train.kernel.training import MLPTraining, Optimizer
from saltus.train.loop import Progress
from saltus.train.torch.network import NetworkTraining
from saltus.train.torch.perceptron import Perceptron
from saltus.train.torch.transformer import Transformer

if TYPE_CHECKING:
    import xarray as xr


Backend = Literal["kernel", "torch"]


def train_mlp(
    task: MultitaskSparseParity,
    *,
    steps: int,
    learning_rate: float,
    init_std: float,
    width: int | tuple[int, ...] = 1000,
    batch_size: int = 4000,
    optimizer: Optimizer = "sgd",
    momentum: float = 0.0,
    weight_decay: float = 0.0,
    n_data: int | None = None,
    schedule: str | None = None,
    seeds: int | Sequence[int] = 1,
    measure_at: Sequence[int] | None = None,
    strength_samples: int = 2000,
    backend: Backend = "kernel",
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Train two-layer ReLU networks on the task and measure every skill along the way.

    The same seed gives bit-identical curves whatever ``workers`` is, and whenever they are measured.

    Args:
        task: the task.
        steps: number of parameter updates.
        learning_rate: rate of the plain squared error; it counts double in the theory (docs/conventions.md).
        init_std: standard deviation of every parameter at the start.
        width: hidden units; several widths train as many networks side by side, on the same samples.
        batch_size: samples in an update.
        optimizer: "sgd" or "adam".
        momentum: SGD's momentum, 0 or more and below 1.
        weight_decay: added to the gradient times the parameter.
        n_data: size of the training set; None draws fresh samples for every batch.
        schedule: share of the learning rate by update, e.g. "cosine:warmup=500,floor=0.1"
            (`saltus.theory.schedules` lists the kinds); None keeps the rate.
        measure_at: steps at which skill strengths are measured; by default at most 2 % apart.
        strength_samples: function evaluations for each skill at each measurement.
        backend: "kernel", or "torch", which draws other numbers from the same seed; `train_network` has more of it.
        seeds: the number of runs (seeds 0, 1, ...), or the seeds themselves.
        workers: threads, one run each; as many as processors by default.
        progress: called with the run's position and the steps it has taken, from any thread.

    Returns:
        Curves (`saltus.curves`), one run a seed; of networks side by side, one a network, counted through, with
        coordinates ``seed`` and ``width``.

    Raises:
        InputError: if a setting is outside its range.

    Warns:
        TrainingWarning: if a run diverged or stalled; measurements made before are kept.
    """
    training = MLPTraining(
        steps,
        learning_rate=learning_rate,
        init_std=init_std,
        width=width,
        batch_size=batch_size,
        optimizer=optimizer,
        momentum=momentum,
        weight_decay=weight_decay,
        n_data=n_data,
        schedule=schedule,
        measure_at=None if measure_at is None else tuple(measure_at),
        strength_samples=strength_samples,
    )
    if backend not in ("kernel", "torch"):
        raise InputError("backend must be 'kernel' or 'torch'", backend, "choose one of them")
    return _train(task, in_torch(training) if backend == "torch" else training, seeds, workers, progress)


def train_network(
    task: MultitaskSparseParity,
    training: NetworkTraining,
    *,
    seeds: int | Sequence[int] = 1,
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Train networks of any architecture with PyTorch on the task and measure every skill along the way.

    On a processor the same seed gives bit-identical curves whatever ``workers`` is, and whenever they are measured.

    Args:
        task: the task.
        training: architecture, optimiser, loss, device and the rest.
        seeds: the number of runs (seeds 0, 1, ...), or the seeds themselves.
        workers: threads, one run each; as many as processors by default.
        progress: called with the run's position and the steps it has taken, from any thread.

    Returns:
        Curves (`saltus.curves`), one run a seed.

    Raises:
        InputError: if a setting is outside its range, or the device is not there.

    Warns:
        TrainingWarning: if a run diverged or stalled; measurements made before are kept.
    """
    return _train(task, training, seeds, workers, progress)


def _train(
    task: MultitaskSparseParity,
    training: Training,
    seeds: int | Sequence[int],
    workers: int | None,
    progress: Progress | None,
) -> xr.Dataset:
    jobs = [Job(task, training, seed) for seed in require_seeds(seeds)]
    return collect(jobs, run_jobs(jobs, workers, progress))


def in_torch(training: MLPTraining) -> NetworkTraining:
    """The same training by PyTorch.

    Raises:
        InputError: for several networks side by side, or if PyTorch is not installed.
    """
    if not isinstance(training.width, int):
        raise InputError("networks side by side belong to the kernel", training.width, "give one width")
    shared = {entry.name: getattr(training, entry.name) for entry in fields(Training)}
    return NetworkTraining(**shared, network=Perceptron(training.width, init_std=training.init_std))


def train_transformer(
    task: MultitaskSparseParity,
    *,
    steps: int,
    learning_rate: float,
    embedding: int = 512,
    heads: int = 4,
    expansion: int = 4,
    batch_size: int = 5000,
    optimizer: str = "sgd",
    momentum: float = 0.9,
    weight_decay: float = 1e-5,
    seeds: int | Sequence[int] = 1,
    measure_at: Sequence[int] | None = None,
    strength_samples: int = 2000,
    device: str = "cpu",
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Train transformers on the task and measure every skill along the way; the defaults are the paper's (App. K.2).

    The paper's learning rate, 5e-5, belongs to its size: smaller networks need, and tolerate, a larger one.

    Args:
        task: the task.
        steps: number of parameter updates.
        learning_rate: rate of the plain squared error.
        embedding, heads, expansion: as in `Transformer`.
        batch_size: fresh samples in an update.
        optimizer: any of ``torch.optim`` by name.
        momentum, weight_decay: its options, 0 where it has none.
        seeds: the number of runs (seeds 0, 1, ...), or the seeds themselves.
        measure_at: steps at which skill strengths are measured; by default at most 2 % apart.
        strength_samples: function evaluations for each skill at each measurement.
        device: PyTorch's name of it: "cpu", "cuda".
        workers: threads, one run each; as many as processors by default.
        progress: called with the run's position and the steps it has taken, from any thread.

    Returns:
        Curves (`saltus.curves`), one run a seed.

    Raises:
        InputError: if a setting is outside its range, or PyTorch is not installed.

    Warns:
        TrainingWarning: if a run diverged; measurements made before are kept.
    """
    training = NetworkTraining(
        steps,
        network=Transformer(embedding, heads=heads, expansion=expansion),
        learning_rate=learning_rate,
        batch_size=batch_size,
        optimizer=optimizer,
        momentum=momentum,
        weight_decay=weight_decay,
        measure_at=None if measure_at is None else tuple(measure_at),
        strength_samples=strength_samples,
        device=device,
    )
    return train_network(task, training, seeds=seeds, workers=workers, progress=progress)
