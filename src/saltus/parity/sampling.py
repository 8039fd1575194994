"""Sources of training samples: fresh ones without end, or a training set of a fixed size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from saltus.parity.batch import Batch, draw_bits
from saltus.parity.task import MultitaskSparseParity


class SampleSource(Protocol):
    """A source of training samples; the numbers never depend on how many are taken at a time."""

    def take(self, n_batches: int, batch_size: int) -> Batch:
        """The next ``n_batches * batch_size`` samples."""
        ...

    def state(self) -> dict[str, Any]:
        """The source's position, as JSON data; the samples that follow depend on nothing else."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`."""
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

    def state(self) -> dict[str, Any]:
        return {"skills": self._skill_rng.bit_generator.state, "bits": self._bit_rng.bit_generator.state}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._skill_rng.bit_generator.state = state["skills"]
        self._bit_rng.bit_generator.state = state["bits"]


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

    def state(self) -> dict[str, Any]:
        return {"order": self._rng.bit_generator.state, "pending": self._pending.tolist()}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._rng.bit_generator.state = state["order"]
        self._pending = np.array(state["pending"], dtype=np.int64)
