"""Scratch memory of the kernel: its arrays, their shapes and what each holds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from saltus._types import Float32, Floats, Integers, UInt64


class Workspace(NamedTuple):
    """Scratch memory of one run, made by `make_workspace`; it holds nothing between two calls.

    A table has `KEY_ROWS` rows for the bits of the key, then ``1 << group_bits`` rows for each group of bits.
    """

    group_bits: int  # bits of a group
    table: Float32  # (rows, BLOCK) of one block: sums of weights by bit pattern, then sums of errors of the same form
    control: Float32  # (n_skills, BLOCK) likewise: control weights plus bias, then sums of errors
    words: UInt64  # (CHUNK, words) bits of the samples in the order of their keys, less those of the key
    keys: NDArray[np.uint32]  # (CHUNK,) what to sort by
    runs: NDArray[np.uint32]  # (CHUNK,) the keys that occur
    order: NDArray[np.uint32]  # (1 + groups, CHUNK) samples as they came by key, then those by each group's pattern
    straight: NDArray[np.uint32]  # (CHUNK,) 0, 1, 2, ...
    key_first: Integers  # (n_skills * KEY_ROWS + 1,) where each key begins in the order of the keys
    first: Integers  # (groups, patterns + 1) where each pattern begins in the order of that group
    active: UInt64  # (blocks, CHUNK) masks of the units whose pre-activation is positive
    column: Integers  # (blocks,) the first of the COLUMNS columns that a block adds to
    columns: Integers  # (networks + 1,) network i owns columns[i] up to columns[i + 1]
    partial: Float32  # (CHUNK, columns) sums over hidden units
    output: Float32  # (networks, CHUNK)
    error: Float32  # (CHUNK, columns), or (CHUNK, 1) for one network: derivative of the loss by its output
    squared: Floats  # (networks,) squared errors, summed
    slope: Floats  # (networks,) derivative of the loss by the output bias
    gradient: Float32  # like the parameters
