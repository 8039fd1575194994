"""The Boolean-input kernel: gradient steps of a two-layer ReLU network whose inputs are a skill and a few bits.

An input is one skill out of ``n_skills`` (one-hot control bits) and ``n_bits`` bits packed in one 64-bit word, so a
hidden pre-activation is a sum of weight rows. Bits are taken in groups of four; the 16 partial sums of each group are
tabulated once a step (the "four Russians" trick), so that 32 bits cost 8 additions a unit instead of 32
multiply-adds. The gradient runs backwards through tables of the same shape: each sample adds its error to one row a
group, and the rows are gathered into weight gradients at the end.

Hidden units are handled in blocks of `BLOCK` and samples in chunks of `CHUNK`, which keeps tables and activity masks
in the fast caches. The output is summed in columns, `LANES` of them in a block: all columns of one wide network, or
each a part of one of the narrow networks that are trained side by side on the same samples. `saltus.train.workspace`
says which unit stands where. Everything is single precision and runs on one thread with the GIL released. All jitted
functions live in this file: numba's cache does not notice a change in another one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

BLOCK = 128
CHUNK = 256
LANES = 16
TABLE_ROWS = 64  # rows of the four groups, 16 bits, that one pass handles

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
    """Scratch memory of one run, made by `saltus.train.workspace`; it holds nothing between two calls."""

    tables: Float32  # (blocks, groups * 16, BLOCK) partial sums of weight rows, one row a bit pattern
    control: Float32  # (blocks, n_skills, BLOCK) control weights plus bias
    table_gradient: Float32  # like tables: sum of errors over samples with that pattern and an active unit
    control_gradient: Float32  # like control
    active: NDArray[np.uint8]  # (blocks, CHUNK, BLOCK) 1 where a unit's pre-activation is positive
    lane: Float32  # (BLOCK,) one sample's pre-activations or errors
    group: NDArray[np.int64]  # (blocks,) the group of LANES columns that a block adds to
    columns: NDArray[np.int64]  # (networks + 1,) network i owns columns[i] up to columns[i + 1]
    partial: Float32  # (CHUNK, groups, LANES) sums over hidden units, one a column
    output: Float32  # (networks, CHUNK)
    error: Float32  # like partial: derivative of the loss by the output of the column's network
    squared: NDArray[np.float64]  # (networks,) squared errors, summed
    slope: NDArray[np.float64]  # (networks,) derivative of the loss by the output bias
    gradient: Float32  # like the parameters


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
    group: int,
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
        for _ in range(1, table.shape[0] // TABLE_ROWS):
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
            partial[s, group, j] += low + high


@_jit
def _backward_block(
    table: Float32,
    control: Float32,
    skills: NDArray[np.int64],
    bits: UInt64,
    error: Float32,
    group: int,
    alone: bool,
    active: NDArray[np.uint8],
    lane: Float32,
) -> None:
    for s in range(skills.shape[0]):
        word, skill = bits[s], skills[s]
        if alone:
            e = error[s, group, 0]
            for j in range(BLOCK):
                lane[j] = e if active[s, j] else _ZERO
        else:
            for j in range(LANES):
                e = error[s, group, j]
                lane[j] = lane[j + 16] = lane[j + 32] = lane[j + 48] = e
                lane[j + 64] = lane[j + 80] = lane[j + 96] = lane[j + 112] = e
            for j in range(BLOCK):
                lane[j] = lane[j] if active[s, j] else _ZERO
        for j in range(BLOCK):
            control[skill, j] += lane[j]
        base = _u64(0)
        for _ in range(table.shape[0] // TABLE_ROWS):
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
def _rows(parameters: Float32, n_bits: int, work: Workspace) -> Float32:
    """Weights of all units, ``(n_rows, units)``; the output biases, one a network, follow them."""
    n_biases = work.slope.shape[0]
    return parameters[: parameters.shape[0] - n_biases].reshape(work.control.shape[1] + n_bits + 2, -1)


@_jit
def _forward_chunk(rows: Float32, out_biases: Float32, n_bits: int, work: Workspace, skills: Any, bits: UInt64) -> None:
    """Outputs for up to `CHUNK` samples, left in ``work.output``."""
    out_weights = rows[work.control.shape[1] + n_bits + 1]
    n = skills.shape[0]
    work.partial[:n] = _ZERO
    for b in range(work.tables.shape[0]):
        _forward_block(
            work.tables[b],
            work.control[b],
            out_weights[b * BLOCK : (b + 1) * BLOCK],
            skills,
            bits,
            work.partial,
            work.group[b],
            work.active[b],
            work.lane,
        )
    columns = work.partial.reshape(CHUNK, -1)
    for i in range(out_biases.shape[0]):
        for s in range(n):
            total = out_biases[i]
            for j in range(work.columns[i], work.columns[i + 1]):
                total += columns[s, j]
            work.output[i, s] = total


@_jit
def _judge_chunk(work: Workspace, targets: Float32, n_batch: int) -> None:
    """Errors of the outputs in ``work.output``, spread over the columns, and their sums."""
    columns = work.error.reshape(CHUNK, -1)
    for i in range(work.slope.shape[0]):
        squared, slope = work.squared[i], work.slope[i]
        for s in range(targets.shape[0]):
            miss = work.output[i, s] - targets[s]
            error = np.float32(2) * miss / np.float32(n_batch)
            squared += miss * miss
            slope += error
            for j in range(work.columns[i], work.columns[i + 1]):
                columns[s, j] = error
        work.squared[i], work.slope[i] = squared, slope


@_jit
def evaluate(parameters: Float32, n_bits: int, work: Workspace, skills: Any, bits: UInt64, output: Float32) -> None:
    """Output of each network for every sample, written to ``output``, ``(networks, n)``; ``skills`` count from 0."""
    rows = _rows(parameters, n_bits, work)
    out_biases = parameters[rows.size :]
    _build_tables(rows, n_bits, work)
    for start in range(0, skills.shape[0], CHUNK):
        stop = min(start + CHUNK, skills.shape[0])
        _forward_chunk(rows, out_biases, n_bits, work, skills[start:stop], bits[start:stop])
        output[:, start:stop] = work.output[:, : stop - start]


@_jit
def squared_error_gradient(
    parameters: Float32, n_bits: int, work: Workspace, skills: Any, bits: UInt64, targets: Float32
) -> float:
    """Mean squared error over the batch (no factor 1/2), the largest of the networks'.

    Each network's is left in ``work.squared``, and the gradient of their sum in ``work.gradient``.
    """
    n: int = skills.shape[0]
    rows = _rows(parameters, n_bits, work)
    out_biases = parameters[rows.size :]
    _build_tables(rows, n_bits, work)
    work.table_gradient[:] = _ZERO
    work.control_gradient[:] = _ZERO
    work.squared[:] = 0.0
    work.slope[:] = 0.0
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        chunk_skills, chunk_bits = skills[start:stop], bits[start:stop]
        _forward_chunk(rows, out_biases, n_bits, work, chunk_skills, chunk_bits)
        _judge_chunk(work, targets[start:stop], n)
        for b in range(work.tables.shape[0]):
            _backward_block(
                work.table_gradient[b],
                work.control_gradient[b],
                chunk_skills,
                chunk_bits,
                work.error,
                work.group[b],
                out_biases.shape[0] == 1,
                work.active[b],
                work.lane,
            )
    _gather_gradient(rows, n_bits, work, work.gradient[: rows.size].reshape(rows.shape))
    work.gradient[rows.size :] = work.slope
    work.squared[:] = work.squared / n
    largest: float = work.squared.max()
    return largest


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
    learning_rates: NDArray[np.float64],
    momentum: float,
    weight_decay: float,
    adam: bool,
    limit: float,
    losses: NDArray[np.float64],
) -> int:
    """Take one optimiser step a row of ``skills``, ``bits`` and ``targets``, each of shape ``(steps, batch)``.

    ``parameters`` and ``moments`` (2, parameters) change in place; ``losses`` gets each batch's mean squared error
    before its step, the largest of the networks'. Stops before a step whose loss is not below ``limit`` (or is NaN) and
    returns the steps taken.
    """
    keep, decay = np.float32(momentum), np.float32(weight_decay)
    n_steps: int = skills.shape[0]
    for t in range(n_steps):
        losses[t] = squared_error_gradient(parameters, n_bits, work, skills[t], bits[t], targets[t])
        if not losses[t] < limit:
            return t
        if adam:
            _update_adam(parameters, work.gradient, moments, learning_rates[t], decay, first_step + t + 1)
        else:
            _update_sgd(parameters, work.gradient, moments[0], np.float32(learning_rates[t]), keep, decay)
    return n_steps
