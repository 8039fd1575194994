"""The Boolean-input kernel: gradient steps of a two-layer ReLU network whose inputs are a skill and a few bits.

An input is one skill out of ``n_skills`` (one-hot control bits) and ``n_bits`` bits packed in one 64-bit word, so a
hidden pre-activation is a sum of weight rows. Bits are taken in groups of four; the 16 partial sums of each group are
tabulated once a step (the "four Russians" trick), so that 32 bits cost 8 additions a unit instead of 32
multiply-adds. The gradient runs backwards through tables of the same shape: each sample adds its error to one row a
group, and the rows are gathered into weight gradients at the end.

Hidden units are handled in blocks of `BLOCK` and samples in chunks of `CHUNK`, which keeps tables and activity masks
in the fast caches. Everything is single precision and runs on one thread with the GIL released. All jitted functions
live in this file: numba's cache does not notice a change in another one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

BLOCK = 128
CHUNK = 256
LANES = 16
_ROWS = 64  # table rows of the four groups, 16 bits, that one pass handles

# No fastmath: every sum has one written order, so the same seed gives the same bits on any processor.
_jit = numba.njit(nogil=True, cache=True, error_model="numpy")

Float32 = NDArray[np.float32]
UInt64 = NDArray[np.uint64]

_u64 = np.uint64
_LOW = _u64(15)
_SHIFT_1, _SHIFT_2, _SHIFT_3, _SHIFT_4 = _u64(4), _u64(8), _u64(12), _u64(16)
_ROW_1, _ROW_2, _ROW_3, _ROW_4 = _u64(16), _u64(32), _u64(48), _u64(64)
_ZERO = np.float32(0)


class Workspace(NamedTuple):
    """Scratch memory of one run, made by `make_workspace`; it holds nothing between two calls."""

    tables: Float32  # (blocks, groups * 16, BLOCK) partial sums of weight rows, one row a bit pattern
    control: Float32  # (blocks, n_skills, BLOCK) control weights plus bias
    table_gradient: Float32  # like tables: sum of errors over samples with that pattern and an active unit
    control_gradient: Float32  # like control
    active: NDArray[np.uint8]  # (blocks, CHUNK, BLOCK) 1 where a unit's pre-activation is positive
    lane: Float32  # (BLOCK,) one sample's pre-activations or errors
    partial: Float32  # (CHUNK, LANES) the output's sum over hidden units, in LANES parts
    output: Float32  # (CHUNK,)
    error: Float32  # (CHUNK,) derivative of the loss by the output
    gradient: Float32  # like the parameters


def padded_width(width: int) -> int:
    """Hidden units as stored: the next multiple of `BLOCK`. Padding units start at zero and stay there."""
    return -(-width // BLOCK) * BLOCK


def n_rows(n_skills: int, n_bits: int) -> int:
    """Rows of the parameter matrix: control weights, bit weights, hidden bias, output weights."""
    return n_skills + n_bits + 2


def aligned_zeros(shape: tuple[int, ...], dtype: Any = np.float32) -> NDArray[Any]:
    """Zeros that start on a cache line: rows that straddle two lines would halve the kernel's speed."""
    n_bytes = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(n_bytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    aligned: NDArray[Any] = raw[start : start + n_bytes].view(dtype).reshape(shape)
    return aligned


def make_workspace(n_skills: int, n_bits: int, width: int) -> Workspace:
    """Scratch memory for networks of this shape; about 3 kB a hidden unit at 32 bits."""
    blocks = padded_width(width) // BLOCK
    table_rows = -(-n_bits // 16) * _ROWS
    return Workspace(
        tables=aligned_zeros((blocks, table_rows, BLOCK)),
        control=aligned_zeros((blocks, n_skills, BLOCK)),
        table_gradient=aligned_zeros((blocks, table_rows, BLOCK)),
        control_gradient=aligned_zeros((blocks, n_skills, BLOCK)),
        active=aligned_zeros((blocks, CHUNK, BLOCK), np.uint8),
        lane=aligned_zeros((BLOCK,)),
        partial=aligned_zeros((CHUNK, LANES)),
        output=aligned_zeros((CHUNK,)),
        error=aligned_zeros((CHUNK,)),
        gradient=aligned_zeros((n_rows(n_skills, n_bits) * padded_width(width) + 1,)),
    )


@_jit
def _build_tables(rows: Float32, n_bits: int, work: Workspace) -> None:
    n_skills = work.control.shape[1]
    bias = rows[n_skills + n_bits]
    for b in range(work.tables.shape[0]):
        first = b * BLOCK
        table = work.tables[b]
        for k in range(n_skills):
            for j in range(BLOCK):
                work.control[b, k, j] = rows[k, first + j] + bias[first + j]
        for base in range(0, table.shape[0], 16):
            table[base] = _ZERO
            for i in range(4):
                bit = base // 4 + i
                span = 1 << i
                for p in range(base, base + span):
                    if bit < n_bits:
                        for j in range(BLOCK):
                            table[p + span, j] = table[p, j] + rows[n_skills + bit, first + j]
                    else:
                        table[p + span] = table[p]


@_jit
def _forward_block(
    table: Float32,
    control: Float32,
    out_weights: Float32,
    skills: NDArray[np.int64],
    bits: UInt64,
    partial: Float32,
    active: NDArray[np.uint8],
    lane: Float32,
) -> None:
    for s in range(skills.shape[0]):
        word, skill = bits[s], skills[s]
        r0, r1 = word & _LOW, ((word >> _SHIFT_1) & _LOW) + _ROW_1
        r2, r3 = ((word >> _SHIFT_2) & _LOW) + _ROW_2, ((word >> _SHIFT_3) & _LOW) + _ROW_3
        for j in range(BLOCK):
            lane[j] = control[skill, j] + ((table[r0, j] + table[r1, j]) + (table[r2, j] + table[r3, j]))
        base = _u64(0)
        for _ in range(1, table.shape[0] // _ROWS):
            word = word >> _SHIFT_4
            base += _ROW_4
            r0, r1 = base + (word & _LOW), base + ((word >> _SHIFT_1) & _LOW) + _ROW_1
            r2, r3 = base + ((word >> _SHIFT_2) & _LOW) + _ROW_2, base + ((word >> _SHIFT_3) & _LOW) + _ROW_3
            for j in range(BLOCK):
                lane[j] += (table[r0, j] + table[r1, j]) + (table[r2, j] + table[r3, j])
        for j in range(BLOCK):
            h = lane[j]
            active[s, j] = h > _ZERO
            lane[j] = (h if h > _ZERO else _ZERO) * out_weights[j]
        for j in range(LANES):
            low = (lane[j] + lane[j + 16]) + (lane[j + 32] + lane[j + 48])
            high = (lane[j + 64] + lane[j + 80]) + (lane[j + 96] + lane[j + 112])
            partial[s, j] += low + high


@_jit
def _backward_block(
    table: Float32,
    control: Float32,
    skills: NDArray[np.int64],
    bits: UInt64,
    error: Float32,
    active: NDArray[np.uint8],
    lane: Float32,
) -> None:
    for s in range(skills.shape[0]):
        word, skill, e = bits[s], skills[s], error[s]
        for j in range(BLOCK):
            lane[j] = e if active[s, j] else _ZERO
        for j in range(BLOCK):
            control[skill, j] += lane[j]
        base = _u64(0)
        for _ in range(table.shape[0] // _ROWS):
            r0, r1 = base + (word & _LOW), base + ((word >> _SHIFT_1) & _LOW) + _ROW_1
            r2, r3 = base + ((word >> _SHIFT_2) & _LOW) + _ROW_2, base + ((word >> _SHIFT_3) & _LOW) + _ROW_3
            for j in range(BLOCK):
                e_j = lane[j]
                table[r0, j] += e_j
                table[r1, j] += e_j
                table[r2, j] += e_j
                table[r3, j] += e_j
            word = word >> _SHIFT_4
            base += _ROW_4


@_jit
def _gather_gradient(rows: Float32, n_bits: int, work: Workspace, gradient: Float32) -> None:
    """Turn table sums into gradients of the parameter rows; `gradient` has the shape of `rows`."""
    n_skills = work.control.shape[1]
    bias, out = n_skills + n_bits, n_skills + n_bits + 1
    gradient[:] = _ZERO
    for b in range(work.tables.shape[0]):
        first = b * BLOCK
        for k in range(n_skills):
            for j in range(BLOCK):
                gradient[k, first + j] = work.control_gradient[b, k, j]
                gradient[bias, first + j] += work.control_gradient[b, k, j]
        for bit in range(n_bits):
            base, step = (bit // 4) * 16, 1 << (bit % 4)
            for p in range(16):
                if p & step:
                    for j in range(BLOCK):
                        gradient[n_skills + bit, first + j] += work.table_gradient[b, base + p, j]
    # A pre-activation is linear in its weights, so its sum against the errors is the weights against these sums.
    for r in range(out):
        for j in range(rows.shape[1]):
            gradient[out, j] += rows[r, j] * gradient[r, j]
            gradient[r, j] *= rows[out, j]


@_jit
def _forward_chunk(rows: Float32, out_bias: Any, n_bits: int, work: Workspace, skills: Any, bits: UInt64) -> Float32:
    out_weights = rows[work.control.shape[1] + n_bits + 1]
    n = skills.shape[0]
    work.partial[:n] = _ZERO
    for b in range(work.tables.shape[0]):
        block_weights = out_weights[b * BLOCK : (b + 1) * BLOCK]
        _forward_block(
            work.tables[b], work.control[b], block_weights, skills, bits, work.partial, work.active[b], work.lane
        )
    for s in range(n):
        total = out_bias
        for j in range(LANES):
            total += work.partial[s, j]
        work.output[s] = total
    return work.output[:n]


@_jit
def evaluate(parameters: Float32, n_bits: int, work: Workspace, skills: Any, bits: UInt64, output: Float32) -> None:
    """Network output for every sample, written to ``output`` of shape ``(n,)``; ``skills`` count from 0."""
    rows = parameters[:-1].reshape(work.control.shape[1] + n_bits + 2, -1)
    _build_tables(rows, n_bits, work)
    for start in range(0, skills.shape[0], CHUNK):
        stop = min(start + CHUNK, skills.shape[0])
        output[start:stop] = _forward_chunk(rows, parameters[-1], n_bits, work, skills[start:stop], bits[start:stop])


@_jit
def squared_error_gradient(
    parameters: Float32, n_bits: int, work: Workspace, skills: Any, bits: UInt64, targets: Float32
) -> float:
    """Mean squared error over the batch (no factor 1/2); its gradient is left in ``work.gradient``."""
    n: int = skills.shape[0]
    rows = parameters[:-1].reshape(work.control.shape[1] + n_bits + 2, -1)
    _build_tables(rows, n_bits, work)
    work.table_gradient[:] = _ZERO
    work.control_gradient[:] = _ZERO
    squared: float = 0.0
    slope: float = 0.0
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        chunk_skills, chunk_bits = skills[start:stop], bits[start:stop]
        output = _forward_chunk(rows, parameters[-1], n_bits, work, chunk_skills, chunk_bits)
        for s in range(stop - start):
            miss = output[s] - targets[start + s]
            squared += miss * miss
            work.error[s] = np.float32(2) * miss / np.float32(n)
            slope += work.error[s]
        error = work.error[: stop - start]
        for b in range(work.tables.shape[0]):
            _backward_block(
                work.table_gradient[b],
                work.control_gradient[b],
                chunk_skills,
                chunk_bits,
                error,
                work.active[b],
                work.lane,
            )
    _gather_gradient(rows, n_bits, work, work.gradient[:-1].reshape(rows.shape))
    work.gradient[-1] = slope
    return squared / n


@_jit
def _update_sgd(
    parameters: Float32, gradient: Float32, velocity: Float32, learning_rate: Any, momentum: Any, weight_decay: Any
) -> None:
    for i in range(parameters.shape[0]):
        velocity[i] = momentum * velocity[i] + (gradient[i] + weight_decay * parameters[i])
        parameters[i] -= learning_rate * velocity[i]


@_jit
def _update_adam(
    parameters: Float32, gradient: Float32, moments: Float32, learning_rate: float, weight_decay: Any, step: int
) -> None:
    mean_keep, square_keep, floor = np.float32(0.9), np.float32(0.999), np.float32(1e-8)
    step_size = np.float32(learning_rate / (1 - 0.9**step))
    unbias = np.float32(1 / np.sqrt(1 - 0.999**step))
    one = np.float32(1)
    for i in range(parameters.shape[0]):
        g = gradient[i] + weight_decay * parameters[i]
        moments[0, i] = mean_keep * moments[0, i] + (one - mean_keep) * g
        moments[1, i] = square_keep * moments[1, i] + (one - square_keep) * g * g
        parameters[i] -= step_size * moments[0, i] / (np.sqrt(moments[1, i]) * unbias + floor)


@_jit
def train_steps(
    parameters: Float32,
    moments: Float32,
    first_step: int,
    n_bits: int,
    work: Workspace,
    skills: Any,
    bits: UInt64,
    targets: Float32,
    learning_rate: float,
    momentum: float,
    weight_decay: float,
    adam: bool,
    limit: float,
    losses: NDArray[np.float64],
) -> int:
    """Take one optimiser step a row of ``skills``, ``bits`` and ``targets``, each of shape ``(steps, batch)``.

    ``parameters`` and ``moments`` (2, parameters) change in place; ``losses`` gets each batch's mean squared error
    before its step. Stops before a step whose loss is not below ``limit`` (or is NaN) and returns the steps taken.
    """
    rate, keep, decay = np.float32(learning_rate), np.float32(momentum), np.float32(weight_decay)
    n_steps: int = skills.shape[0]
    for t in range(n_steps):
        losses[t] = squared_error_gradient(parameters, n_bits, work, skills[t], bits[t], targets[t])
        if not losses[t] < limit:
            return t
        if adam:
            _update_adam(parameters, work.gradient, moments, learning_rate, decay, first_step + t + 1)
        else:
            _update_sgd(parameters, work.gradient, moments[0], rate, keep, decay)
    return n_steps
