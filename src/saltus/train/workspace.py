"""Where each hidden unit stands in the kernel's arrays, and the scratch memory of a run.

Units stand in blocks of `BLOCK` lanes, and a block sums its output in `LANES` columns: lane ``j`` adds to column
``j % LANES``. One network uses all columns of all blocks as one. Narrow networks side by side have columns of their
own, as many as they need for `UNITS_A_COLUMN` units each, so that 128 lanes hold sixteen networks of width 8.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from saltus.train.kernel import BLOCK, CHUNK, LANES, TABLE_ROWS, Workspace

UNITS_A_COLUMN = BLOCK // LANES


def padded_width(*widths: int) -> int:
    """Lanes that networks of these widths take: a multiple of `BLOCK`. Lanes without a unit are and stay zero."""
    if len(widths) == 1:
        return -(-widths[0] // BLOCK) * BLOCK
    n_columns = int(_columns(widths)[-1])
    return -(-n_columns // LANES) * BLOCK


def unit_lanes(*widths: int) -> list[NDArray[np.int64]]:
    """Lane of each unit of each network."""
    if len(widths) == 1:
        return [np.arange(widths[0])]
    columns = _columns(widths)
    lanes = []
    for width, first in zip(widths, columns, strict=False):
        unit = np.arange(width)
        column = first + unit // UNITS_A_COLUMN
        lanes.append(column // LANES * BLOCK + unit % UNITS_A_COLUMN * LANES + column % LANES)
    return lanes


def n_rows(n_skills: int, n_bits: int) -> int:
    """Rows of the parameter matrix: control weights, bit weights, hidden bias, output weights."""
    return n_skills + n_bits + 2


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
    """Scratch memory for one network of this width, or several side by side; about 3 kB a lane at 32 bits."""
    blocks = padded_width(*widths) // BLOCK
    table_rows = -(-n_bits // 16) * TABLE_ROWS
    alone = len(widths) == 1
    columns = np.array([0, LANES]) if alone else _columns(widths)
    groups = 1 if alone else blocks
    return Workspace(
        tables=aligned_zeros((blocks, table_rows, BLOCK)),
        control=aligned_zeros((blocks, n_skills, BLOCK)),
        table_gradient=aligned_zeros((blocks, table_rows, BLOCK)),
        control_gradient=aligned_zeros((blocks, n_skills, BLOCK)),
        active=aligned_zeros((blocks, CHUNK, BLOCK), np.uint8),
        lane=aligned_zeros((BLOCK,)),
        group=np.arange(blocks) % groups,
        columns=columns,
        partial=aligned_zeros((CHUNK, groups, LANES)),
        output=aligned_zeros((len(widths), CHUNK)),
        error=aligned_zeros((CHUNK, groups, LANES)),
        squared=np.zeros(len(widths)),
        slope=np.zeros(len(widths)),
        gradient=aligned_zeros((n_parameters(n_skills, n_bits, *widths),)),
    )


def _columns(widths: tuple[int, ...]) -> NDArray[np.int64]:
    """First column of each network side by side, and behind them the number of columns in use."""
    return np.concatenate([[0], np.cumsum([-(-width // UNITS_A_COLUMN) for width in widths])])
