"""Samples of the task, packed: the bits of each in 64-bit words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saltus._types import Float32, Integers, UInt64

WORD_BITS = 64


@dataclass(frozen=True)
class Batch:
    """Samples of the task, with the bits of each packed into 64-bit words.

    Attributes:
        skills: shape ``(n,)``, counted from 1.
        bits: shape ``(n, words)``, bit ``i % 64`` of word ``i // 64`` is bit ``i`` of the string; unused bits are 0.
        targets: shape ``(n,)``, +S or -S.
        n_skills, n_bits: the task's, for unpacking.
    """

    skills: Integers
    bits: UInt64
    targets: Float32
    n_skills: int
    n_bits: int

    def __len__(self) -> int:
        return len(self.skills)

    def __getitem__(self, rows: Integers | slice) -> Batch:
        return Batch(self.skills[rows], self.bits[rows], self.targets[rows], self.n_skills, self.n_bits)

    @property
    def inputs(self) -> Float32:
        """Network inputs in {0, 1}, shape ``(n, n_skills + n_bits)``: one-hot skill, then the bits."""
        rows = np.zeros((len(self), self.n_skills + self.n_bits), np.float32)
        rows[np.arange(len(self)), self.skills - 1] = 1
        position = np.arange(self.n_bits, dtype=np.uint64)
        rows[:, self.n_skills :] = (self.bits[:, position // WORD_BITS] >> position % WORD_BITS) & np.uint64(1)
        return rows


def n_words(n_bits: int) -> int:
    """Words that hold so many bits."""
    return -(-n_bits // WORD_BITS)


def pack(positions: Integers, values: UInt64, n_bits: int) -> UInt64:
    """Strings of ``n_bits`` with ``values``, 0 or 1, at ``positions``, both ``(..., m)``, and 0 elsewhere, packed."""
    word, place = np.divmod(positions.astype(np.uint64), np.uint64(WORD_BITS))
    bits = values << place
    here = word[..., None, :] == np.arange(n_words(n_bits), dtype=np.uint64)[:, None]
    packed: UInt64 = np.bitwise_or.reduce(np.where(here, bits[..., None, :], np.uint64(0)), axis=-1)
    return packed


def draw_bits(n: int, n_bits: int, rng: np.random.Generator) -> UInt64:
    """``n`` uniform bit strings, packed, ``(n, words)``; each of the ``2**n_bits`` patterns is equally likely."""
    words = rng.integers(0, 2**WORD_BITS - 1, size=(n, n_words(n_bits)), dtype=np.uint64, endpoint=True)
    words[:, -1] >>= np.uint64(-n_bits % WORD_BITS)
    return words
