"""The task as PyTorch datasets, which make whole batches at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from saltus._types import Integers
from saltus.errors import require_whole
from saltus.parity.batch import Batch
from saltus.parity.task import MultitaskSparseParity
from saltus.parity.torch_module import inputs_of, require_torch

require_torch()

import torch  # noqa: E402
from torch.utils.data import Dataset, IterableDataset, get_worker_info  # noqa: E402

Pair = tuple[torch.Tensor, torch.Tensor]  # inputs (n, n_skills + n_bits), targets (n,)


class ParityStream(IterableDataset[Pair]):
    """Fresh samples without end, in batches: ``DataLoader(ParityStream(task, 500), batch_size=None)``.

    Every batch has random numbers of its own, made of the seed, the pass and the batch's place in it. Workers share the
    places out, so that no two workers and no two passes see the same samples, and any number of workers gives the same
    batches in the same order. A loader with workers draws the number of its pass from its ``generator``: seed that (or
    call ``torch.manual_seed``) to repeat a run.

    Args:
        task: the task.
        batch_size: samples in a batch.
        seed: the seed of all batches; give each process of a distributed run its own.

    Yields:
        Inputs ``(batch_size, n_skills + n_bits)`` in {0, 1} and targets ``(batch_size,)``, +S or -S, single precision.

    Raises:
        InputError: if PyTorch is not installed, or ``batch_size`` or ``seed`` is no whole number in its range.
    """

    def __init__(self, task: MultitaskSparseParity, batch_size: int, seed: int = 0) -> None:
        self._task = task
        self._batch_size = require_whole("batch_size", batch_size, 1, "give the number of samples a batch")
        self._seed = require_whole("seed", seed, 0, "give a whole number")
        self._passes = 0

    def __iter__(self) -> Iterator[Pair]:
        worker = get_worker_info()
        # A loader draws one seed a pass for all its workers, who add their number; workers that persist count passes.
        name = (0, 0, self._passes) if worker is None else (1, worker.seed - worker.id, self._passes)
        self._passes += 1
        first, stride = (0, 1) if worker is None else (worker.id, worker.num_workers)
        return self._batches(name, first, stride)

    def _batches(self, name: tuple[int, ...], place: int, stride: int) -> Iterator[Pair]:
        while True:
            rng = np.random.default_rng([self._seed, *name, place])
            yield _tensors(self._task.sample(self._batch_size, rng))
            place += stride


class ParityDataset(Dataset[Pair]):
    """A training set of fixed size; an index may be a number, a slice or many numbers, which give a batch at once.

    ``DataLoader(data, batch_size=None, sampler=BatchSampler(RandomSampler(data), 500, drop_last=False))`` makes batches
    whole; ``DataLoader(data, batch_size=500)`` gives the same samples row by row. The samples are kept packed, 20
    bytes each.

    Args:
        task: the task.
        n_data: number of samples.
        seed: decides the samples.

    Raises:
        InputError: if PyTorch is not installed, or ``n_data`` or ``seed`` is no whole number in its range.
    """

    def __init__(self, task: MultitaskSparseParity, n_data: int, seed: int = 0) -> None:
        rng = np.random.default_rng(require_whole("seed", seed, 0, "give a whole number"))
        self._data = task.sample(require_whole("n_data", n_data, 1, "give the number of samples"), rng)

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int | slice | Sequence[int] | Integers | torch.Tensor) -> Pair:
        rows = index if isinstance(index, slice) else np.atleast_1d(np.asarray(index, dtype=np.int64))
        inputs, targets = _tensors(self._data[rows])
        return (inputs[0], targets[0]) if isinstance(index, int) else (inputs, targets)


def _tensors(batch: Batch) -> Pair:
    return inputs_of(batch, torch.device("cpu"), torch.float32), torch.from_numpy(batch.targets)
