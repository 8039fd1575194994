"""The Boolean-input kernel: gradient steps of a two-layer ReLU network whose inputs are a skill and a few bits.

An input is one skill out of ``n_skills`` (one-hot control bits) and ``n_bits`` bits packed in 64-bit words, so a hidden
pre-activation is a sum of weight rows. Bits are taken in groups whose partial sums are tabulated once a step (the "four
Russians" trick): a lookup and an addition do for all bits of a group. Samples are sorted by their key, the skill and
the first `KEY_BITS` bits, and what the key contributes is added up once for all samples that share it.

Backwards, the gradient of a table row is the sum of the errors of the samples that looked it up, where the unit was
active. Samples are put in buckets, one a row, so that this sum stays in registers; the rows are folded into weight
gradients at the end.

Hidden units are handled `BLOCK` at a time (`saltus.train.kernel.simd`), samples in chunks of `CHUNK`. The output is
summed in columns, a few in a block: all columns of one wide network, or each a part of one of the narrow networks that
are trained side by side on the same samples. `saltus.train.kernel.workspace` says which unit stands where. Everything
is single precision and runs on one thread with the GIL released. All jitted functions live in this file: numba's cache
does not notice a change in another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np

from saltus._types import Float32, Floats, Integers, UInt64
from saltus.parity.batch import WORD_BITS
from saltus.train.kernel.simd import (
    BLOCK,
    add,
    add_to_columns,
    load,
    load_columns,
    multiply,
    positive,
    spread,
    store,
    where,
)

if TYPE_CHECKING:
    from saltus.train.kernel.memory import Workspace

CHUNK = 4096
KEY_BITS = 4
KEY_ROWS = 1 << KEY_BITS
OTHER_ROWS = 2  # rows of the parameter matrix behind those of the inputs: hidden bias, output weights
GROUPS_A_PASS = 4  # groups of bits that one pass looks up

# No fastmath: every sum has one written order, so the same seed gives the same bits on any processor.
_jit = numba.njit(nogil=True, cache=True, error_model="numpy")
# Becomes part of its callers: a call would hand lanes over through memory.
_inlined = numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")


_u64 = np.uint64
_ZERO = np.float32(0)


@_jit
def _sort(keys: Any, order: Any, first: Integers) -> None:
    """Put samples in the ``order`` of their keys, equal ones as they came, and say where each key begins, ``first``."""
    first[:] = 0
    for key in keys:
        first[key] += 1
    total = 0
    for key in range(first.shape[0]):
        total, first[key] = total + first[key], total
    for sample in range(keys.shape[0]):
        key = keys[sample]
        order[first[key]] = sample
        first[key] += 1
    for key in range(first.shape[0] - 1, 0, -1):
        first[key] = first[key - 1]
    first[0] = 0


@_jit
def _sort_by_key(skills: Any, bits: UInt64, work: Workspace) -> int:
    """Put a chunk in the order of its keys; returns how many different keys occur."""
    n = skills.shape[0]
    keys, order, first = work.keys[:n], work.order[0, :n], work.key_first  # (n,), (n,), (keys + 1,)
    for s in range(n):
        keys[s] = skills[s] * KEY_ROWS + np.int64(bits[s, 0] & _u64(KEY_ROWS - 1))
    _sort(keys, order, first)
    n_runs = 0
    for key in range(first.shape[0] - 1):
        if first[key] < first[key + 1]:
            work.runs[n_runs] = key
            n_runs += 1
    for s in range(n):
        for word in range(bits.shape[1]):
            work.words[s, word] = bits[order[s], word]
        work.words[s, 0] >>= _u64(KEY_BITS)
    return n_runs


@_jit
def _sort_by_groups(n: int, work: Workspace) -> None:
    """For each group of bits, order the samples, so far in the order of their keys, by its pattern."""
    keys, pattern = work.keys[:n], _u64((1 << work.group_bits) - 1)
    groups_a_word = work.first.shape[0] // work.words.shape[1]
    for group in range(work.first.shape[0]):
        word, shift = group // groups_a_word, _u64(group % groups_a_word * work.group_bits)
        for s in range(n):
            keys[s] = (work.words[s, word] >> shift) & pattern
        _sort(keys, work.order[1 + group, :n], work.first[group])


@_jit
def _group(index: int, work: Workspace) -> tuple[int, int, int]:
    """First table row, first bit and number of bits of a group; the key's bits are group 0."""
    if index == 0:
        return 0, 0, KEY_BITS
    groups_a_word = work.first.shape[0] // work.words.shape[1]
    word, group = divmod(index - 1, groups_a_word)
    bit = word * WORD_BITS + group * work.group_bits + (KEY_BITS if word == 0 else 0)
    return KEY_ROWS + ((index - 1) << work.group_bits), bit, work.group_bits


@_jit
def _build_table(rows: Float32, first: int, n_bits: int, work: Workspace) -> None:
    """Tabulate the weights of the block whose units begin at ``first``."""
    table, n_skills = work.table, work.control.shape[0]
    bias = load(rows, n_skills + n_bits, first)
    for k in range(n_skills):
        store(work.control, k, 0, add(load(rows, k, first), bias))
    for group in range(work.order.shape[0]):
        base, bit, width = _group(group, work)
        table[base] = _ZERO
        for i in range(width):
            span = 1 << i
            weights = load(rows, n_skills + bit + i, first) if bit + i < n_bits else spread(_ZERO)
            for row in range(base, base + span):
                store(table, row + span, 0, add(load(table, row, 0), weights))


@_jit
def _forward_block(b: int, out_weights: Any, n_runs: int, work: Workspace) -> None:
    """Add what a block of units contributes to the outputs."""
    # (rows, BLOCK), (CHUNK,), (CHUNK, words), (keys + 1,)
    table, active, words, first = work.table, work.active[b], work.words, work.key_first
    partial, column = work.partial, work.column[b]
    width, pattern = _u64(work.group_bits), _u64((1 << work.group_bits) - 1)
    span = _u64(1) << width
    n_passes = work.first.shape[0] // (words.shape[1] * GROUPS_A_PASS)
    for run in range(n_runs):
        key = work.runs[run]
        start = add(load(work.control, key >> KEY_BITS, 0), load(table, key & (KEY_ROWS - 1), 0))
        for s in range(first[key], first[key + 1]):
            base, h = _u64(KEY_ROWS), start
            for w in range(words.shape[1]):
                word = words[s, w]
                for _ in range(n_passes):
                    r0, word, base = base + (word & pattern), word >> width, base + span
                    r1, word, base = base + (word & pattern), word >> width, base + span
                    r2, word, base = base + (word & pattern), word >> width, base + span
                    r3, word, base = base + (word & pattern), word >> width, base + span
                    low = add(load(table, r0, 0), load(table, r1, 0))
                    h = add(h, add(low, add(load(table, r2, 0), load(table, r3, 0))))
            mask = positive(h)
            active[s] = mask
            add_to_columns(partial, s, column, where(mask, multiply(h, out_weights), spread(_ZERO)))


@_inlined
def _sum_errors(active: UInt64, order: Any, start: int, stop: int, error: Float32, column: int, alone: bool) -> Any:
    """Sum over samples ``order[start:stop]`` of their errors in the lanes that are active."""
    total = spread(_ZERO)
    for i in range(start, stop):
        s = order[i]
        e = spread(error[s, 0]) if alone else load_columns(error, s, column)
        total = where(active[s], add(total, e), total)
    return total


@_jit
def _backward_block(b: int, n_runs: int, alone: bool, work: Workspace) -> None:
    """Sum the errors where a block's units are active, by table row."""
    table, control, active, error = work.table, work.control, work.active[b], work.error
    column = work.column[b]
    control[:] = _ZERO
    table[:KEY_ROWS] = _ZERO
    for run in range(n_runs):
        key = work.runs[run]
        start, stop = work.key_first[key], work.key_first[key + 1]
        total = _sum_errors(active, work.straight, start, stop, error, column, alone)
        skill, row = key >> KEY_BITS, key & (KEY_ROWS - 1)
        store(control, skill, 0, add(load(control, skill, 0), total))
        store(table, row, 0, add(load(table, row, 0), total))
    for group in range(work.first.shape[0]):
        base, order, first = KEY_ROWS + (group << work.group_bits), work.order[1 + group], work.first[group]
        for p in range(first.shape[0] - 1):
            store(table, base + p, 0, _sum_errors(active, order, first[p], first[p + 1], error, column, alone))


@_jit
def _add_to(gradient: Float32, row: int, first: int, more: Any) -> None:
    store(gradient, row, first, add(load(gradient, row, first), more))


@_jit
def _fold_table(gradient: Float32, first: int, n_bits: int, work: Workspace) -> None:
    """Add a block's sums of errors to what will be its units' gradient, once these are multiplied by output weights."""
    table, n_skills = work.table, work.control.shape[0]
    for k in range(n_skills):
        errors = load(work.control, k, 0)
        _add_to(gradient, k, first, errors)
        _add_to(gradient, n_skills + n_bits, first, errors)
    for group in range(work.order.shape[0]):
        base, bit, width = _group(group, work)
        for i in range(width - 1, -1, -1):
            # Sum the rows that have this bit, and add each to the one that differs in this bit alone.
            span, total = 1 << i, spread(_ZERO)
            for row in range(base, base + span):
                errors = load(table, row + span, 0)
                total = add(total, errors)
                store(table, row, 0, add(load(table, row, 0), errors))
            if bit + i < n_bits:
                _add_to(gradient, n_skills + bit + i, first, total)


@_jit
def _finish_gradient(rows: Float32, gradient: Float32) -> None:
    """Multiply by the output weights, whose own gradient these sums give as well.

    A pre-activation is linear in its weights, so its sum against the errors is the weights against the sums.
    """
    out = rows.shape[0] - 1
    for r in range(out):
        for j in range(rows.shape[1]):
            gradient[out, j] += rows[r, j] * gradient[r, j]
            gradient[r, j] *= rows[out, j]


@_jit
def _rows(parameters: Float32, n_bits: int, work: Workspace) -> Float32:
    """Weights of all units, ``(n_rows, units)``; the output biases, one a network, follow them."""
    n_biases = work.slope.shape[0]
    return parameters[: parameters.shape[0] - n_biases].reshape(work.control.shape[0] + n_bits + OTHER_ROWS, -1)


@_jit
def _forward_chunk(rows: Float32, out_biases: Float32, n_bits: int, work: Workspace, skills: Any, bits: UInt64) -> int:
    """Outputs for up to `CHUNK` samples in the order of their keys, left in ``work.output``; returns `_sort_by_key`."""
    n = skills.shape[0]
    n_runs: int = _sort_by_key(skills, bits, work)
    work.partial[:n] = _ZERO
    for b in range(work.active.shape[0]):
        _build_table(rows, b * BLOCK, n_bits, work)
        _forward_block(b, load(rows, rows.shape[0] - 1, b * BLOCK), n_runs, work)
    for i in range(out_biases.shape[0]):
        for s in range(n):
            total = out_biases[i]
            for j in range(work.columns[i], work.columns[i + 1]):
                total += work.partial[s, j]
            work.output[i, s] = total
    return n_runs


@_jit
def _judge_chunk(work: Workspace, targets: Float32, n_batch: int) -> None:
    """Errors of the outputs in ``work.output``, spread over the columns, and their sums."""
    for i in range(work.slope.shape[0]):
        squared, slope = work.squared[i], work.slope[i]
        first, last = work.columns[i], min(work.columns[i + 1], work.error.shape[1])
        for s in range(targets.shape[0]):
            miss = work.output[i, s] - targets[work.order[0, s]]
            error = np.float32(2) * miss / np.float32(n_batch)
            squared += miss * miss
            slope += error
            for j in range(first, last):
                work.error[s, j] = error
        work.squared[i], work.slope[i] = squared, slope


@_jit
def evaluate(parameters: Float32, n_bits: int, work: Workspace, skills: Any, bits: UInt64, output: Float32) -> None:
    """Output of each network for every sample, written to ``output``, ``(networks, n)``.

    ``skills``, ``(n,)``, count from 0; ``bits``, ``(n, words)``, are packed as in `saltus.parity.batch`.
    """
    rows = _rows(parameters, n_bits, work)  # (n_rows, units)
    out_biases = parameters[rows.size :]  # (networks,)
    for start in range(0, skills.shape[0], CHUNK):
        stop = min(start + CHUNK, skills.shape[0])
        _forward_chunk(rows, out_biases, n_bits, work, skills[start:stop], bits[start:stop])
        for i in range(out_biases.shape[0]):
            for s in range(stop - start):
                output[i, start + work.order[0, s]] = work.output[i, s]


@_jit
def squared_error_gradient(
    parameters: Float32, n_bits: int, work: Workspace, skills: Any, bits: UInt64, targets: Float32
) -> float:
    """Mean squared error over the batch (no factor 1/2), the largest of the networks'.

    Each network's is left in ``work.squared``, and the gradient of their sum in ``work.gradient``.
    """
    n: int = skills.shape[0]
    rows = _rows(parameters, n_bits, work)  # (n_rows, units)
    out_biases = parameters[rows.size :]  # (networks,)
    gradient = work.gradient[: rows.size].reshape(rows.shape)  # (n_rows, units)
    gradient[:] = _ZERO
    work.squared[:] = 0.0
    work.slope[:] = 0.0
    for start in range(0, n, CHUNK):
        stop = min(start + CHUNK, n)
        n_runs = _forward_chunk(rows, out_biases, n_bits, work, skills[start:stop], bits[start:stop])
        _judge_chunk(work, targets[start:stop], n)
        _sort_by_groups(stop - start, work)
        for b in range(work.active.shape[0]):
            _backward_block(b, n_runs, out_biases.shape[0] == 1, work)
            _fold_table(gradient, b * BLOCK, n_bits, work)
    _finish_gradient(rows, gradient)
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
    parameters: Float32,
    gradient: Float32,
    moments: Float32,
    learning_rate: float,
    weight_decay: Any,
    betas: tuple[float, float],
    step: int,
) -> None:
    mean_keep, square_keep, floor = np.float32(betas[0]), np.float32(betas[1]), np.float32(1e-8)
    step_size = np.float32(learning_rate / (1 - betas[0] ** step))
    unbias = np.float32(1 / np.sqrt(1 - betas[1] ** step))
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
    learning_rates: Floats,
    momentum: float,
    weight_decay: float,
    adam: bool,
    betas: tuple[float, float],
    limit: float,
    losses: Floats,
) -> int:
    """Take one optimiser step a row of ``skills`` and ``targets``, ``(steps, batch)``, and ``bits``, with words last.

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
            _update_adam(parameters, work.gradient, moments, learning_rates[t], decay, betas, first_step + t + 1)
        else:
            _update_sgd(parameters, work.gradient, moments[0], np.float32(learning_rates[t]), keep, decay)
    return n_steps
