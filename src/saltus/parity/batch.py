"""Samples of the task, packed: one 64-bit word for the bits of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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


def draw_bits(n: int, n_bits: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    """``n`` uniform bit strings, packed; every one of the ``2**n_bits`` patterns is equally likely."""
    words = rng.integers(0, 2**64 - 1, size=n, dtype=np.uint64, endpoint=True)
    return words >> np.uint64(64 - n_bits)
