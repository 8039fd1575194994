"""The training kernel against a plain double-precision network."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saltus.parity.batch import draw_bits
from saltus.train.kernel import kernel as kernel
from saltus.train.kernel import workspace

BETAS = (0.9, 0.999)


@dataclass(frozen=True)
class Case:
    """A network and a batch; its values are multiples of 1/64, so pre-activations are exact in both precisions.

    Rounding then never decides whether a unit is active, and what is left to compare is the arithmetic itself.
    """

    n_skills: int
    n_bits: int
    width: int
    parameters: np.ndarray
    skills: np.ndarray
    bits: np.ndarray
    targets: np.ndarray

    @property
    def inputs(self) -> np.ndarray:
        """Rows of one-hot skill, bits and a one for the bias."""
        rows = np.zeros((len(self.skills), self.n_skills + self.n_bits + 1))
        rows[np.arange(len(self.skills)), self.skills] = 1
        octets = self.bits.astype("<u8").view(np.uint8)
        rows[:, self.n_skills : -1] = np.unpackbits(octets, axis=1, count=self.n_bits, bitorder="little")
        rows[:, -1] = 1
        return rows

    def rows(self, flat: np.ndarray) -> np.ndarray:
        return flat[:-1].reshape(self.n_skills + self.n_bits + 2, -1)[:, : self.width].astype(float)


def make_case(n_skills: int, n_bits: int, width: int, n: int, seed: int) -> Case:
    rng = np.random.default_rng(seed)
    shape = (workspace.n_rows(n_skills, n_bits), workspace.padded_width(width))
    parameters = workspace.aligned_zeros((shape[0] * shape[1] + 1,))
    parameters[:-1].reshape(shape)[:, :width] = rng.integers(-64, 65, (shape[0], width)) / 64
    parameters[-1] = rng.integers(-64, 65) / 64
    bits = draw_bits(n, n_bits, rng)
    targets = rng.choice([-5, 5], n).astype(np.float32)
    return Case(n_skills, n_bits, width, parameters, rng.integers(0, n_skills, n), bits, targets)


cases = st.builds(
    make_case,
    n_skills=st.one_of(st.integers(1, 9), st.just(150)),
    n_bits=st.one_of(st.integers(1, 64), st.sampled_from([65, 100, 128, 129])),
    width=st.one_of(st.integers(1, 20), st.sampled_from([63, 64, 65, 300])),
    n=st.one_of(st.integers(1, 40), st.sampled_from([600, 4096, 4097])),
    seed=st.integers(0, 2**32),
)


def reference(case: Case, parameters: np.ndarray) -> tuple[np.ndarray, float, np.ndarray, float]:
    """Output, mean squared error and its gradient by rows and output bias, in double precision."""
    rows = case.rows(parameters)
    hidden = case.inputs @ rows[:-1]
    active = np.maximum(hidden, 0)
    output = active @ rows[-1] + float(parameters[-1])
    slope = 2 * (output - case.targets) / len(output)
    gradient = np.empty_like(rows)
    gradient[:-1] = case.inputs.T @ ((slope[:, None] * (hidden > 0)) * rows[-1])
    gradient[-1] = active.T @ slope
    return output, float(np.mean((output - case.targets) ** 2)), gradient, float(slope.sum())


def gradient_scale(case: Case, parameters: np.ndarray) -> float:
    """What rounding is relative to: the gradient's size if none of its terms cancelled."""
    rows = np.abs(case.rows(parameters))
    hidden = case.inputs @ rows[:-1]
    slope = 2 * (hidden @ rows[-1] + abs(float(parameters[-1])) + 5) / len(hidden)
    largest = np.linalg.norm(case.inputs.T @ (slope[:, None] * rows[-1])) + np.linalg.norm(hidden.T @ slope)
    return float(largest)


@given(case=cases)
@settings(max_examples=60, deadline=None)
def test_output_loss_and_gradient_match_double_precision(case: Case) -> None:
    work = workspace.make_workspace(case.n_skills, case.n_bits, case.width)
    output = np.empty((1, len(case.skills)), np.float32)
    kernel.evaluate(case.parameters, case.n_bits, work, case.skills, case.bits, output)
    loss = kernel.squared_error_gradient(case.parameters, case.n_bits, work, case.skills, case.bits, case.targets)
    expected_output, expected_loss, gradient, slope = reference(case, case.parameters)
    rows = np.abs(case.rows(case.parameters))
    size = (case.inputs @ rows[:-1]) @ rows[-1] + 1
    # A sum of a few hundred single-precision terms in a tree keeps a relative error of about 1e-6 of their sizes.
    assert np.all(np.abs(output[0] - expected_output) <= 2e-6 * size)
    assert loss == pytest.approx(expected_loss, rel=1e-4)
    tolerance = 2e-6 * gradient_scale(case, case.parameters)
    assert np.linalg.norm(case.rows(work.gradient) - gradient) <= tolerance
    assert abs(float(work.gradient[-1]) - slope) <= 1e-5 * (np.abs(output).max() + 5)


@given(
    widths=st.lists(st.one_of(st.integers(1, 20), st.sampled_from([127, 130])), min_size=2, max_size=40).map(tuple),
    n=st.sampled_from([1, 40, 4097]),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=30, deadline=None)
def test_each_network_side_by_side_matches_double_precision(widths: tuple[int, ...], n: int, seed: int) -> None:
    shared = make_case(3, 11, 1, n, seed)
    cases = [
        replace(make_case(3, 11, width, 1, seed + i), skills=shared.skills, bits=shared.bits, targets=shared.targets)
        for i, width in enumerate(widths)
    ]
    parameters = workspace.aligned_zeros((workspace.n_parameters(3, 11, *widths),))
    lanes = workspace.unit_lanes(*widths)
    assert len(np.unique(np.concatenate(lanes))) == sum(widths)

    def rows(flat: np.ndarray) -> np.ndarray:
        return flat[: -len(widths)].reshape(workspace.n_rows(3, 11), -1)

    for i, case in enumerate(cases):
        rows(parameters)[:, lanes[i]] = case.rows(case.parameters)
        parameters[i - len(widths)] = case.parameters[-1]
    work, output = workspace.make_workspace(3, 11, *widths), np.empty((len(widths), n), np.float32)
    kernel.evaluate(parameters, 11, work, shared.skills, shared.bits, output)
    largest = kernel.squared_error_gradient(parameters, 11, work, shared.skills, shared.bits, shared.targets)
    losses = []
    for i, case in enumerate(cases):
        expected, loss, gradient, slope = reference(case, case.parameters)
        # Sums of at most 130 terms; tolerances as for one network.
        assert np.all(np.abs(output[i] - expected) <= 2e-6 * (np.abs(expected).max() + case.width * 15))
        assert work.squared[i] == pytest.approx(loss, rel=1e-4)
        tolerance = 2e-6 * gradient_scale(case, case.parameters)
        assert np.linalg.norm(rows(work.gradient)[:, lanes[i]] - gradient) <= tolerance
        assert abs(float(work.gradient[i - len(widths)]) - slope) <= 1e-5 * (np.abs(expected).max() + 5)
        losses.append(work.squared[i])
    assert largest == max(losses)
    unused = np.setdiff1d(np.arange(rows(parameters).shape[1]), np.concatenate(lanes))
    assert np.all(rows(work.gradient)[:, unused] == 0)


def test_relative_gradient_error_at_the_papers_size() -> None:
    case = make_case(5, 32, 1000, 4000, seed=0)
    work = workspace.make_workspace(5, 32, 1000)
    kernel.squared_error_gradient(case.parameters, 32, work, case.skills, case.bits, case.targets)
    _, _, gradient, _ = reference(case, case.parameters)
    error = np.linalg.norm(case.rows(work.gradient) - gradient) / np.linalg.norm(gradient)
    assert error < 2e-6  # single precision rounds to 6e-8; 4000 samples add up


BYTES_OF_A_GRADIENT = """
import sys, numpy as np
from saltus.parity.batch import draw_bits
from saltus.train.kernel import kernel, workspace
rng = np.random.default_rng(0)
parameters = rng.normal(size=workspace.n_parameters(5, 32, 128)).astype(np.float32)
skills, bits = rng.integers(0, 5, 500), rng.integers(0, 2**32, (500, 1), dtype=np.uint64)
targets, work = rng.choice(np.float32([-5, 5]), 500), workspace.make_workspace(5, 32, 128)
kernel.squared_error_gradient(parameters, 32, work, skills, bits, targets)
sys.stdout.buffer.write(work.gradient.tobytes())
"""


@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="names a processor of the x86 family")
def test_the_same_bits_on_a_processor_with_narrow_vectors(tmp_path: Path) -> None:
    narrow = {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": "+sse4.2"}
    gradients: list[bytes] = []
    for cpu in ({}, narrow):
        environment = {**os.environ, **cpu, "NUMBA_CACHE_DIR": str(tmp_path / f"cache-{len(gradients)}")}
        run = [sys.executable, "-c", BYTES_OF_A_GRADIENT]
        gradients.append(subprocess.run(run, env=environment, check=True, capture_output=True, timeout=300).stdout)
    assert len(gradients[0]) == 4 * workspace.n_parameters(5, 32, 128)
    assert gradients[0] == gradients[1]


def reference_steps(
    case: Case, n_steps: int, adam: bool, rate: float, momentum: float, decay: float, betas: tuple[float, float]
) -> np.ndarray:
    """Parameters after a few updates on the same batch, by the textbook update rules in double precision."""
    flat = np.append(case.rows(case.parameters).ravel(), float(case.parameters[-1]))
    first, second = np.zeros_like(flat), np.zeros_like(flat)
    for t in range(1, n_steps + 1):
        padded = np.zeros(case.parameters.size)
        padded[:-1].reshape(case.n_skills + case.n_bits + 2, -1)[:, : case.width] = flat[:-1].reshape(-1, case.width)
        padded[-1] = flat[-1]
        _, _, gradient, slope = reference(case, padded)
        g = np.append(gradient.ravel(), slope) + decay * flat
        if adam:
            first = betas[0] * first + (1 - betas[0]) * g
            second = betas[1] * second + (1 - betas[1]) * g**2
            flat = flat - rate * (first / (1 - betas[0] ** t)) / (np.sqrt(second / (1 - betas[1] ** t)) + 1e-8)
        else:
            first = momentum * first + g
            flat = flat - rate * first
    return flat


@pytest.mark.parametrize(
    ("adam", "rate", "momentum", "decay", "betas"),
    [
        (False, 1e-3, 0.0, 0.0, BETAS),
        (False, 1e-3, 0.9, 0.1, BETAS),
        (True, 1e-3, 0.0, 0.0, BETAS),
        (True, 1e-3, 0.0, 0.05, BETAS),
        (True, 1e-3, 0.0, 0.05, (0.7, 0.95)),
    ],
)
def test_updates_follow_the_textbook(
    adam: bool, rate: float, momentum: float, decay: float, betas: tuple[float, float]
) -> None:
    case = make_case(3, 10, 20, 64, seed=3)
    n_steps = 5
    expected = reference_steps(case, n_steps, adam, rate, momentum, decay, betas)
    parameters, moments = case.parameters.copy(), np.zeros((2, case.parameters.size), np.float32)
    skills, bits, targets = (np.stack([x] * n_steps) for x in (case.skills, case.bits, case.targets))
    work, losses = workspace.make_workspace(3, 10, 20), np.zeros(n_steps)
    # In two calls: the optimiser's state and Adam's step count must carry over.
    for first, last in ((0, 2), (2, 5)):
        part = slice(first, last)
        taken = kernel.train_steps(
            parameters, moments, first, 10, work, skills[part], bits[part], targets[part],
            np.full(last - first, rate), momentum, decay, adam, betas, np.inf, losses[part],
        )  # fmt: skip
        assert taken == last - first
    moved = np.append(case.rows(parameters).ravel(), float(parameters[-1]))
    # Single precision on parameters of order one, a few updates: 1e-7 each; Adam divides by small square roots.
    np.testing.assert_allclose(moved, expected, atol=2e-5 if adam else 2e-6)
    padding = parameters[:-1].reshape(15, -1)[:, 20:]
    assert np.all(padding == 0)


def test_training_stops_before_a_step_beyond_the_limit() -> None:
    case = make_case(2, 8, 16, 32, seed=4)
    parameters, moments = case.parameters.copy(), np.zeros((2, case.parameters.size), np.float32)
    skills, bits, targets = (np.stack([x] * 4) for x in (case.skills, case.bits, case.targets))
    targets[2] = np.inf
    losses = np.zeros(4)
    work = workspace.make_workspace(2, 8, 16)
    for limit in (1e6, np.inf):
        taken = kernel.train_steps(
            parameters,
            moments,
            0,
            8,
            work,
            skills,
            bits,
            targets,
            np.full(4, 1e-4),
            0.0,
            0.0,
            False,
            BETAS,
            limit,
            losses,
        )
        assert taken == 2
        assert not losses[2] < limit
        assert np.all(np.isfinite(parameters))
