"""The place of each hidden unit in the kernel's arrays, and the scratch memory of a run.

Units stand in blocks of `BLOCK` lanes, and a block sums its output in `COLUMNS` columns: lane ``j`` adds to column
``j % COLUMNS``. One network uses all columns of all blocks as one. Narrow networks side by side have columns of their
own, as many as they need for `UNITS_A_COLUMN` units each, so that 64 lanes hold sixteen networks of width 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus._types import Integers
from saltus.parity.batch import WORD_BITS, n_words
from saltus.train.kernel.kernel import CHUNK, GROUPS_A_PASS, KEY_BITS, KEY_ROWS, OTHER_ROWS
from saltus.train.kernel.memory import Workspace
from saltus.train.kernel.simd import BLOCK, COLUMNS

UNITS_A_COLUMN = BLOCK // COLUMNS
MOST_GROUP_BITS = 8  # bits of a group: larger tables would leave the second-level cache


def padded_width(*widths: int) -> int:
    """Lanes that networks of these widths take: a multiple of `BLOCK`. Lanes without a unit are and stay zero."""
    if len(widths) == 1:
        return -(-widths[0] // BLOCK) * BLOCK
    n_columns = int(_columns(widths)[-1])
    return -(-n_columns // COLUMNS) * BLOCK


def unit_lanes(*widths: int) -> list[Integers]:
    """Lane of each unit of each network."""
    if len(widths) == 1:
        return [np.arange(widths[0])]
    columns = _columns(widths)
    lanes = []
    for width, first in zip(widths, columns, strict=False):
        unit = np.arange(width)
        column = first + unit // UNITS_A_COLUMN
        lanes.append(column // COLUMNS * BLOCK + unit % UNITS_A_COLUMN * COLUMNS + column % COLUMNS)
    return lanes


def n_rows(n_skills: int, n_bits: int) -> int:
    """Rows of the parameter matrix: control weights, bit weights, hidden bias, output weights."""
    return n_skills + n_bits + OTHER_ROWS


def n_parameters(n_skills: int, n_bits: int, *widths: int) -> int:
    """Length of the kernel's parameter vector: `n_rows` rows over the lanes, then one output bias a network."""
    return n_rows(n_skills, n_bits) * padded_width(*widths) + len(widths)


def aligned_zeros(shape: tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
    """Zeros that start on a cache line: rows that straddle two lines would halve the kernel's speed."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(n_bytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    aligned: NDArray[Any] = raw[start : start + n_bytes].view(dtype).reshape(shape)
    return aligned


def make_workspace(n_skills: int, n_bits: int, *widths: int) -> Workspace:
    """Scratch memory for one network of this width, or several side by side."""
    blocks = padded_width(*widths) // BLOCK
    n_groups, group_bits = _groups(n_bits)
    table_rows = KEY_ROWS + (n_groups << group_bits)
    alone = len(widths) == 1
    columns = np.array([0, COLUMNS]) if alone else _columns(widths)
    n_columns = COLUMNS if alone else blocks * COLUMNS
    return Workspace(
        group_bits=group_bits,
        table=aligned_zeros((table_rows, BLOCK)),
        control=aligned_zeros((n_skills, BLOCK)),
        words=np.zeros((CHUNK, n_words(n_bits)), np.uint64),
        keys=np.zeros(CHUNK, np.uint32),
        runs=np.zeros(CHUNK, np.uint32),
        order=np.zeros((1 + n_groups, CHUNK), np.uint32),
        straight=np.arange(CHUNK, dtype=np.uint32),
        key_first=np.zeros(n_skills * KEY_ROWS + 1, np.int64),
        first=np.zeros((n_groups, (1 << group_bits) + 1), np.int64),
        active=aligned_zeros((blocks, CHUNK), np.uint64),
        column=np.arange(blocks) * COLUMNS % n_columns,
        columns=columns,
        partial=aligned_zeros((CHUNK, n_columns)),
        output=aligned_zeros((len(widths), CHUNK)),
        error=aligned_zeros((CHUNK, 1 if alone else n_columns)),
        squared=np.zeros(len(widths)),
        slope=np.zeros(len(widths)),
        gradient=aligned_zeros((n_parameters(n_skills, n_bits, *widths),)),
    )


def _groups(n_bits: int) -> tuple[int, int]:
    """Number of groups that share the bits behind the key, equally many for each word, and bits of each group."""
    words = n_words(n_bits)
    longest = WORD_BITS if words > 1 else max(n_bits - KEY_BITS, 1)
    groups_a_word = -(-longest // (GROUPS_A_PASS * MOST_GROUP_BITS)) * GROUPS_A_PASS
    return words * groups_a_word, -(-longest // groups_a_word)


def _columns(widths: tuple[int, ...]) -> Integers:
    """First column of each network side by side, and behind them the number of columns in use."""
    return np.concatenate([[0], np.cumsum([-(-width // UNITS_A_COLUMN) for width in widths])])
