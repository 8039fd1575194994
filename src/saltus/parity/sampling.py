"""Samples of the task: packed batches, fresh ones without end, and training sets of a fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from saltus.parity.task import MultitaskSparseParity


@dataclass(frozen=True)
class Batch:
    """Samples of the task, with the bits of each packed into one 64-bit word.

    Attributes:
        skills: shape ``(n,)``, counted from 1.
        bits: shape ``(n,)``, bit ``i`` of the word is bit ``i`` of the string.
        targets: shape ``(n,)``, +S or -S.
        n_skills, n_bits: the task's, for unpacking.
    """

    skills: NDArray[np.int64]
    bits: NDArray[np.uint64]
    targets: NDArray[np.float32]
    n_skills: int
    n_bits: int

    def __len__(self) -> int:
        return len(self.skills)

    def __getitem__(self, rows: NDArray[np.int64] | slice) -> Batch:
        return Batch(self.skills[rows], self.bits[rows], self.targets[rows], self.n_skills, self.n_bits)

    @property
    def inputs(self) -> NDArray[np.float32]:
        """Network inputs in {0, 1}, shape ``(n, n_skills + n_bits)``: one-hot skill, then the bits."""
        rows = np.zeros((len(self), self.n_skills + self.n_bits), np.float32)
        rows[np.arange(len(self)), self.skills - 1] = 1
        rows[:, self.n_skills :] = (self.bits[:, None] >> np.arange(self.n_bits, dtype=np.uint64)) & np.uint64(1)
        return rows


class SampleSource(Protocol):
    """Where a training loop gets its samples; the numbers never depend on how many are asked for at a time."""

    def take(self, n_batches: int, batch_size: int) -> Batch:
        """The next ``n_batches * batch_size`` samples."""
        ...


class FreshSamples:
    """Independent samples without end (the paper's unlimited data)."""

    def __init__(self, task: MultitaskSparseParity, seed: np.random.SeedSequence) -> None:
        self._task = task
        # One stream each for skills and bits: interleaved draws would depend on how many are taken at a time.
        self._skill_rng, self._bit_rng = (np.random.default_rng(child) for child in seed.spawn(2))

    def take(self, n_batches: int, batch_size: int) -> Batch:
        n = n_batches * batch_size
        skills = self._task.frequencies.sample(n, self._skill_rng)
        return self._task.batch(skills, draw_bits(n, self._task.n_bits, self._bit_rng))


class FixedSamples:
    """A training set of ``n_data`` samples, shuffled anew for every pass; batches may span two passes.

    Attributes:
        data: the training set.
    """

    def __init__(self, task: MultitaskSparseParity, n_data: int, seed: np.random.SeedSequence) -> None:
        data_seed, order_seed = seed.spawn(2)
        self.data = task.sample(n_data, np.random.default_rng(data_seed))
        self._rng = np.random.default_rng(order_seed)
        self._pending = np.empty(0, np.int64)

    def take(self, n_batches: int, batch_size: int) -> Batch:
        n = n_batches * batch_size
        passes = -(-max(n - len(self._pending), 0) // len(self.data))
        order = np.concatenate([self._pending, *(self._rng.permutation(len(self.data)) for _ in range(passes))])
        self._pending = order[n:]
        return self.data[order[:n]]


def draw_bits(n: int, n_bits: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    """``n`` uniform bit strings, packed; every one of the ``2**n_bits`` patterns is equally likely."""
    words = rng.integers(0, 2**64 - 1, size=n, dtype=np.uint64, endpoint=True)
    return words >> np.uint64(64 - n_bits)
