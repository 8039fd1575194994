"""Error beside time: the search of saltus.lawfit against plain BFGS over all parameters, from the same starts.

    python benchmarks/lawfit.py
    python benchmarks/lawfit.py chinchilla.csv 'Model Size' 'Training FLOP' loss 5

Both minimise the sum of Huber's function (delta 1e-3) over log residuals of E + A/N^a + B/D^b from 25 starts: exponents
on a grid, coefficients from linear least squares. BFGS moves (log E, log A, a, log B, b) with analytic gradients, as is
customary, on log N and log D as they come; once with the mean in the place of the sum. Error is the objective above
the lowest that any found, relative; reached means within 1e-6. Without a table, the points are synthetic.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize
from scipy.special import huber, logsumexp

from kept import add_json_option, keep
from saltus._types import Floats
from saltus.lawfit.fit import fit_points, search
from saltus.lawfit.forms import FORMS
from saltus.lawfit.newton import minimise
from saltus.lawfit.objective import Objective
from saltus.lawfit.points import Points, checked_points

DELTA = 1e-3
FORM = FORMS["two-resource"]


def synthetic() -> Points:
    """240 points about the law that Chinchilla's points have, with heavy-tailed noise."""
    rng = np.random.default_rng(0)
    n, d = np.exp(rng.uniform(np.log([[5e7], [1e9]]), np.log([[1.6e10], [3e11]]), (2, 240)))
    loss = (1.8 + 480 * n**-0.35 + 2100 * d**-0.37) * np.exp(0.004 * rng.standard_t(3, 240))
    return checked_points(np.column_stack([n, d]), loss, None, 2)


def measured(path: Path, n_column: str, flop_column: str, loss_column: str, n_dropped: int) -> Points:
    from saltus.read.columns import read_columns

    table = read_columns(path, [n_column, flop_column], [loss_column]).table.sort_values(loss_column)
    table = table.iloc[: len(table) - n_dropped]
    n = table[n_column].to_numpy()
    return checked_points(np.column_stack([n, table[flop_column] / (6 * n)]), table[loss_column], None, 2)


def plain_bfgs(points: Points, starts: Floats, divisor: int = 1) -> tuple[Floats, int]:
    """Objective that BFGS reaches from each start, dividing it by ``divisor``; and how often it says "success"."""
    log_x, log_loss = np.log(points.x), np.log(points.loss)
    one = np.ones(len(log_x))

    def value_and_gradient(c: Floats) -> tuple[float, Floats]:
        terms = np.stack([c[0] * one, c[1] - c[2] * log_x[:, 0], c[3] - c[4] * log_x[:, 1]])
        total = logsumexp(terms, axis=0)
        share, residual = np.exp(terms - total), log_loss - total
        slope = -np.clip(residual, -DELTA, DELTA)
        columns = (share[0], share[1], -share[1] * log_x[:, 0], share[2], -share[2] * log_x[:, 1])
        value = float(huber(DELTA, residual).sum())
        return value / divisor, np.array([slope @ column for column in columns]) / divisor

    found = [optimize.minimize(value_and_gradient, start, jac=True, method="BFGS") for start in starts]
    return divisor * np.array([outcome.fun for outcome in found]), sum(outcome.success for outcome in found)


def natural_starts(points: Points) -> Floats:
    """The same starts as the search has, in (log E, log A, a, log B, b)."""
    scale = points.scale
    theta = FORM.starts(*points.scaled(scale))
    natural = FORM.natural(theta, scale)
    natural[:, [0, 1, 3]] = np.log(natural[:, [0, 1, 3]])
    return natural


def row(name: str, values: Floats, seconds: float, best: float, reference: float) -> dict[str, Any]:
    """One row of the table, printed too: excess over the lowest objective, starts that reach it, speed."""
    excess = values / best - 1
    reached = int(np.sum(excess < 1e-6))
    print(
        f"{name:<44} {np.min(excess):>9.1e} {np.median(excess):>9.1e} {reached:>4} of {values.size}"
        f" {1e3 * seconds:>9.0f} {1e3 * seconds / max(reached, 1):>9.1f} {reference / seconds:>7.2f} x"
    )
    return {
        "name": name,
        "least_excess": float(np.min(excess)),
        "median_excess": float(np.median(excess)),
        "reached": reached,
        "starts": values.size,
        "milliseconds": 1e3 * seconds,
        "ratio": reference / seconds,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description="saltus.lawfit against plain BFGS")
    arguments.add_argument("table", nargs="*", help="CSV file, its columns of N, FLOP and loss, highest losses to drop")
    add_json_option(arguments)
    chosen = arguments.parse_args()
    table = chosen.table
    points = measured(Path(table[0]), table[1], table[2], table[3], int(table[4])) if table else synthetic()
    z, y = points.scaled(points.scale)
    objective = Objective(FORM, z, y, np.ones((1, y.size)), DELTA)
    search(objective)  # warm up

    start = time.perf_counter()
    ours = search(objective)
    own_time = time.perf_counter() - start
    start = time.perf_counter()
    without = minimise(objective, FORM.starts(z, y), FORM.bounds(y), tolerance=1e-13)
    without_time = time.perf_counter() - start
    start = time.perf_counter()
    plain, n_success = plain_bfgs(points, natural_starts(points))
    plain_time = time.perf_counter() - start

    start = time.perf_counter()
    averaged, n_averaged = plain_bfgs(points, natural_starts(points), divisor=y.size)
    averaged_time = time.perf_counter() - start

    best = float(min(ours.value.min(), without.value.min(), plain.min()))
    print(f"{y.size} points; lowest objective {best:.12g}")
    print(f"{'':<44} {'least':>9} {'median':>9} {'reached':>10} {'ms':>9} {'ms each':>9} {'speed':>9}")
    rows = [
        row("Newton, Huber's delta in stages (saltus)", ours.value, own_time, best, plain_time),
        row("Newton at the final delta", without.value, without_time, best, plain_time),
        row(f"plain BFGS ({n_success} say success)", plain, plain_time, best, plain_time),
        row(f"plain BFGS on the mean ({n_averaged} say success)", averaged, averaged_time, best, plain_time),
    ]
    start = time.perf_counter()
    fit_points(points, FORM, DELTA, n_bootstrap=1000)
    fit_time = time.perf_counter() - start
    print(f"fit with 1000 resamples: {fit_time:.2f} s")
    keep(chosen.json, {"points": y.size, "rows": rows, "fit_with_1000_resamples_seconds": fit_time})


if __name__ == "__main__":
    main()
