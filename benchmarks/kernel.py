"""Training kernel: time and error of one gradient step, beside NumPy and (if installed) PyTorch.

Every row is one shape. ``ms`` is wall time per run-step with one run a thread on all threads: the time in which the
machine finishes one step of one run. The baselines take the same step, plain SGD on the plain squared error, on a dense
float32 input matrix, and are given all threads; "loader" is the same PyTorch step with its batches from a DataLoader
over a TensorDataset, as in the paper's own scripts. ``error`` is the gradient's, relative to a float64 reference.

``limit`` is the share of what this machine can do: the additions that the kernel's way of summing cannot do without,
over those that a loop makes in the same time which only adds numbers in registers.

Below the table: forty networks of width 10 side by side, with Adam, beside the same forty as one batched PyTorch
model, in model-steps a second; and of a run at the paper's size (30,000 steps), the share of its time that measuring
strengths takes, and the memory that one more run needs.

    python benchmarks/kernel.py --repeats 5
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numba
import numpy as np

from kept import add_json_option, keep
from saltus.parity.batch import Batch, draw_bits
from saltus.parity.strength import measure
from saltus.parity.task import MultitaskSparseParity
from saltus.theory.frequencies import PowerLaw
from saltus.train.job import Job, available_processors
from saltus.train.kernel import kernel as kernel
from saltus.train.kernel import simd as lanes
from saltus.train.kernel import workspace
from saltus.train.kernel.training import MLPTraining


@dataclass(frozen=True)
class Shape:
    n_skills: int
    n_bits: int
    width: int
    batch: int


SHAPES = (
    Shape(5, 32, 1000, 4000),
    Shape(5, 32, 1000, 1000),
    Shape(1, 32, 1000, 4000),
    Shape(5, 64, 1000, 4000),
    Shape(100, 50, 200, 4000),
    Shape(5, 32, 128, 4000),
)
SMALL = Shape(5, 32, 10, 4000)
N_SMALL = 40
RATE = 1e-5  # small enough that no network changes much while it is timed
BETAS = (0.9, 0.999)  # those of Adam, by default


def repeated(values: Any, times: int) -> Any:
    """The same batch for several steps."""
    return np.stack([values] * times)


class Problem:
    """One random network and batch, in the kernel's form and as dense matrices."""

    def __init__(self, shape: Shape, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.shape = shape
        size = (workspace.n_rows(shape.n_skills, shape.n_bits), workspace.padded_width(shape.width))
        self.parameters = workspace.aligned_zeros((size[0] * size[1] + 1,))
        self.rows = self.parameters[:-1].reshape(size)[:, : shape.width]
        # Multiples of 1/1024 make pre-activations exact: no unit is on in one precision and off in the other.
        self.rows[:] = rng.integers(-256, 257, self.rows.shape) / 1024
        self.skills = rng.integers(0, shape.n_skills, shape.batch)
        self.bits = draw_bits(shape.batch, shape.n_bits, rng)
        self.targets = rng.choice([-5.0, 5.0], shape.batch).astype(np.float32)
        self.inputs = Batch(self.skills + 1, self.bits, self.targets, shape.n_skills, shape.n_bits).inputs

    def kernel_step(self, steps: int) -> Callable[[], object]:
        """A call that takes ``steps`` steps with the kernel."""
        work = workspace.make_workspace(self.shape.n_skills, self.shape.n_bits, self.shape.width)
        moments = np.zeros((2, self.parameters.size), np.float32)
        skills, bits, targets = (repeated(values, steps) for values in (self.skills, self.bits, self.targets))
        losses, rates = np.zeros(steps), np.full(steps, RATE)
        n_bits = self.shape.n_bits
        parameters = self.parameters.copy()
        return lambda: kernel.train_steps(
            parameters, moments, 0, n_bits, work, skills, bits, targets, rates, 0.0, 0.0, False, BETAS, np.inf, losses
        )

    def dense_gradient(self, dtype: Any) -> tuple[Any, ...]:
        """Gradient of weights, bias, output weights and output bias by matrix products."""
        x: Any = self.inputs.astype(dtype, copy=False)
        rows: Any = self.rows.astype(dtype, copy=False)
        hidden = x @ rows[:-2] + rows[-2]
        active = np.maximum(hidden, 0)
        slope = (2 / len(x)) * (active @ rows[-1] + self.parameters[-1] - self.targets)
        back = np.where(hidden > 0, slope[:, None].astype(dtype) * rows[-1], 0)
        return x.T @ back, back.sum(0), active.T @ slope, slope.sum()

    def numpy_step(self) -> None:
        weights, bias, out, _ = self.dense_gradient(np.float32)
        self.rows[:-2] -= np.float32(RATE) * weights
        self.rows[-2] -= np.float32(RATE) * bias
        self.rows[-1] -= (RATE * out).astype(np.float32)

    def gradient_error(self) -> float:
        """Relative distance of the kernel's gradient from double precision."""
        shape = self.shape
        work = workspace.make_workspace(shape.n_skills, shape.n_bits, shape.width)
        kernel.squared_error_gradient(self.parameters, shape.n_bits, work, self.skills, self.bits, self.targets)
        ours = work.gradient[:-1].reshape(len(self.rows), -1)[:, : shape.width]
        weights, bias, out, _ = self.dense_gradient(np.float64)
        exact = np.vstack([weights, bias, out])
        return float(np.linalg.norm(ours - exact) / np.linalg.norm(exact))

    def torch_step(self) -> Callable[[], object]:
        """An eager PyTorch step on the same data."""
        import torch

        width, nn = self.shape.width, torch.nn
        net = nn.Sequential(nn.Linear(self.inputs.shape[1], width), nn.ReLU(), nn.Linear(width, 1))
        optimizer = torch.optim.SGD(net.parameters(), lr=RATE)
        inputs, targets = torch.from_numpy(self.inputs), torch.from_numpy(self.targets)[:, None]

        def step() -> None:
            optimizer.zero_grad()
            torch.autograd.backward(nn.functional.mse_loss(net(inputs), targets))
            optimizer.step()

        return step

    def loader_step(self) -> Callable[[], object]:
        """An eager PyTorch step on a batch that a DataLoader puts together row by row."""
        import torch
        from torch.utils.data import DataLoader, TensorDataset

        rows = torch.from_numpy(np.tile(self.inputs, (4, 1)))
        data = TensorDataset(rows, torch.from_numpy(np.tile(self.targets, 4))[:, None])
        loader = DataLoader(data, batch_size=self.shape.batch, shuffle=True)
        width, nn = self.shape.width, torch.nn
        net = nn.Sequential(nn.Linear(rows.shape[1], width), nn.ReLU(), nn.Linear(width, 1))
        optimizer = torch.optim.SGD(net.parameters(), lr=RATE)

        def four_steps() -> None:
            for inputs, targets in loader:
                optimizer.zero_grad()
                torch.autograd.backward(nn.functional.mse_loss(net(inputs), targets))
                optimizer.step()

        return four_steps


def milliseconds(call: Callable[[], object], calls: int, repeats: int) -> float:
    """Best wall time of ``calls`` calls, per call."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        best = min(best, (time.perf_counter() - start) / calls)
    return best * 1e3


def time_kernel(shape: Shape, threads: int, repeats: int) -> float:
    """Milliseconds per run-step with one run on each thread."""
    steps = max(4, int(4e6 / shape.batch / shape.width * 20))
    calls = [Problem(shape, seed).kernel_step(steps) for seed in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda call: call(), calls))  # compile and warm up
        return milliseconds(lambda: list(pool.map(lambda call: call(), calls)), 1, repeats) / steps / threads


def side_by_side(steps: int, seed: int) -> Callable[[], object]:
    """A call that takes ``steps`` Adam steps of `N_SMALL` networks side by side with the kernel."""
    widths = (SMALL.width,) * N_SMALL
    problem, rng = Problem(SMALL, seed), np.random.default_rng(seed)
    size = workspace.n_parameters(SMALL.n_skills, SMALL.n_bits, *widths)
    parameters, moments = workspace.aligned_zeros((size,)), workspace.aligned_zeros((2, size))
    rows = parameters[: -len(widths)].reshape(workspace.n_rows(SMALL.n_skills, SMALL.n_bits), -1)
    for units in workspace.unit_lanes(*widths):
        rows[:, units] = rng.normal(0, 0.1, (len(rows), len(units)))
    work = workspace.make_workspace(SMALL.n_skills, SMALL.n_bits, *widths)
    skills, bits, targets = (repeated(values, steps) for values in (problem.skills, problem.bits, problem.targets))
    rates, losses = np.full(steps, RATE), np.zeros(steps)
    return lambda: kernel.train_steps(
        parameters, moments, 0, SMALL.n_bits, work, skills, bits, targets, rates, 0.0, 0.0, True, BETAS, np.inf, losses
    )


def batched_torch_step() -> Callable[[], object]:
    """An eager PyTorch Adam step of the same networks as one model with a leading axis."""
    import torch

    problem, n_inputs = Problem(SMALL, 0), SMALL.n_skills + SMALL.n_bits
    shapes = ((N_SMALL, n_inputs, SMALL.width), (N_SMALL, 1, SMALL.width), (N_SMALL, SMALL.width, 1), (N_SMALL, 1, 1))
    weights, bias, out, out_bias = parameters = [torch.randn(shape).mul_(0.1).requires_grad_() for shape in shapes]
    optimizer = torch.optim.Adam(parameters, lr=RATE)
    inputs, targets = torch.from_numpy(problem.inputs), torch.from_numpy(problem.targets)[:, None]

    def step() -> None:
        optimizer.zero_grad()
        outputs = torch.relu(inputs @ weights + bias) @ out + out_bias
        torch.autograd.backward(((outputs - targets) ** 2).mean(dim=(1, 2)).sum())
        optimizer.step()

    return step


@numba.njit(nogil=True)
def _add_in_registers(matrix: Any, repeats: int) -> None:
    total, more = lanes.load(matrix, 0, 0), lanes.load(matrix, 1, 0)
    for _ in range(repeats):
        total = lanes.add(total, more)
    lanes.store(matrix, 0, 0, total)


def additions_a_second(threads: int) -> float:
    """Single-precision additions that all threads together make a second, in registers."""
    matrices = [np.zeros((2, lanes.BLOCK), np.float32) for _ in range(threads)]
    repeats = 5_000_000
    with ThreadPoolExecutor(threads) as pool:

        def all_threads() -> None:
            list(pool.map(lambda matrix: _add_in_registers(matrix, repeats), matrices))

        all_threads()
        return threads * repeats * lanes.BLOCK / milliseconds(all_threads, 1, 3) * 1e3


def additions(n_skills: int, n_bits: int, batch: int, *widths: int) -> float:
    """Additions of a step for each unit and sample: its groups of bits, its key, and the output; or its error."""
    work = workspace.make_workspace(n_skills, n_bits, *widths)
    forward = backward = len(work.first) + 1
    return batch * workspace.padded_width(*widths) * (forward + backward)


def measuring_share() -> float:
    """Time of all measurements of a run of the paper's over that of all its steps."""
    task = MultitaskSparseParity(PowerLaw(0.6, 5))
    training = MLPTraining(30_000, learning_rate=0.02, init_std=0.01)
    rng = np.random.default_rng(0)
    network, batch = training.learner(task, np.random.SeedSequence(0)), task.sample(20 * training.batch_size, rng)
    step = milliseconds(lambda: network.advance(batch, 20, np.inf), 1, 3) / 20
    look = milliseconds(lambda: measure(network.evaluate, task, n_samples=training.strength_samples, rng=rng), 5, 3)
    return look * len(training.measurement_steps) / (step * training.steps)


def memory_of_a_run() -> float:
    """Megabytes by which this process grows when a second run of the paper's size is under way beside a first."""
    task = MultitaskSparseParity(PowerLaw(0.6, 5))
    training = MLPTraining(30, learning_rate=0.02, init_std=0.01, n_data=35_000)
    peaks, courses = [], []
    for seed in range(2):
        courses.append(Job(task, training, seed).course())
        courses[-1].advance(lambda _: None)
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return peaks[1] - peaks[0]


def wide_row(shape: Shape, threads: int, repeats: int, most_additions: float, with_torch: bool) -> dict[str, float]:
    """One shape's numbers; times in milliseconds."""
    problem = Problem(shape, 0)
    error = problem.gradient_error()
    ours = time_kernel(shape, threads, repeats)
    needed = additions(shape.n_skills, shape.n_bits, shape.batch, shape.width)
    limit = needed / (ours / 1e3) / most_additions
    dense = milliseconds(problem.numpy_step, 10, repeats)
    row = {**asdict(shape), "kernel_ms": ours, "error": error, "share_of_limit": limit, "numpy_ms": dense}
    if with_torch:
        row["torch_ms"] = milliseconds(problem.torch_step(), 10, repeats)
        row["loader_ms"] = milliseconds(problem.loader_step(), 1, repeats) / 4
    return row


def line_of(row: dict[str, float]) -> str:
    """The numbers of one shape, and how many times as long the others take."""
    ours = row["kernel_ms"]
    line = f"{row['n_skills']:6} {row['n_bits']:4} {row['width']:5} {row['batch']:5} | "
    line += f"{ours:9.3f} {row['error']:7.0e} {row['share_of_limit']:5.0%}"
    for name, width in (("numpy_ms", 9), ("torch_ms", 10), ("loader_ms", 9)):
        if name in row:
            line += f" | {row[name]:{width}.2f} {row[name] / ours:5.1f}x"
    return line


def narrow_row(threads: int, repeats: int, most_additions: float, with_torch: bool) -> dict[str, float]:
    """Networks side by side, in model-steps a second."""
    steps, widths = 50, (SMALL.width,) * N_SMALL
    with ThreadPoolExecutor(threads) as pool:
        calls = [side_by_side(steps, seed) for seed in range(threads)]
        list(pool.map(lambda call: call(), calls))
        spent = milliseconds(lambda: list(pool.map(lambda call: call(), calls)), 1, repeats)
    ours = threads * steps * N_SMALL / spent * 1e3
    limit = ours * additions(SMALL.n_skills, SMALL.n_bits, SMALL.batch, *widths) / N_SMALL / most_additions
    row = {"networks": N_SMALL, "width": SMALL.width, "batch": SMALL.batch, "kernel": ours, "share_of_limit": limit}
    if with_torch:
        row["torch"] = N_SMALL / milliseconds(batched_torch_step(), 10, repeats) * 1e3
    return row


def narrow_line(row: dict[str, float]) -> str:
    line = f"{row['networks']} networks of width {row['width']}, batch {row['batch']}, Adam: "
    line += f"kernel {row['kernel']:,.0f} model-steps a second, {row['share_of_limit']:.0%} of the limit"
    if "torch" in row:
        line += f"; batched PyTorch {row['torch']:,.0f}, ratio {row['kernel'] / row['torch']:.1f}x"
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="timings of each; the best counts (default 5)")
    add_json_option(parser)
    chosen = parser.parse_args()
    repeats = chosen.repeats
    memory = memory_of_a_run()  # first, while nothing else has raised the peak
    threads = available_processors()
    with_torch = importlib.util.find_spec("torch") is not None
    most_additions = additions_a_second(threads)
    print(f"{threads} threads; NumPy {np.__version__}; PyTorch {'timed' if with_torch else 'not installed'}")
    print("skills bits width batch | kernel ms   error limit |  NumPy ms  ratio | PyTorch ms  ratio | loader ms  ratio")
    wide = []
    for shape in SHAPES:
        wide.append(wide_row(shape, threads, repeats, most_additions, with_torch))
        print(line_of(wide[-1]), flush=True)
    narrow = narrow_row(threads, repeats, most_additions, with_torch)
    share = measuring_share()
    print(narrow_line(narrow))
    print(f"measuring strengths takes {share:.1%} of a run; one more run needs {memory:.0f} MB")
    numbers = {"threads": threads, "steps": wide, "side_by_side": narrow}
    keep(chosen.json, {**numbers, "measuring_share": share, "memory_of_a_run_mb": memory})


if __name__ == "__main__":
    main()
