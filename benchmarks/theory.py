"""Error beside time: the theory's sums against the plain loop and against mpmath, in one run.

    python benchmarks/theory.py

Every row times both sides in this process and gives their ratio per value; a slow reference computes only some of the
values, which are then the ones compared.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from scipy.stats import binom

from kept import add_json_option, keep
from saltus._types import Floats
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.polylog import onset_integral


def seconds_per_value(call: Callable[[], Floats], repeats: int) -> tuple[Floats, float]:
    """The values, and the shortest of a few runs divided by their number."""
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        values = call()
        durations.append(time.perf_counter() - start)
    return values, min(durations) / values.size


def row(name: str, ours: Callable[[], Floats], reference: Callable[[], Floats], every: int = 1) -> dict[str, Any]:
    """One row of the table, printed too; the reference computes the first of every ``every`` values."""
    values, fast = seconds_per_value(ours, 3)
    expected, slow = seconds_per_value(reference, 1)
    error = float(np.max(np.abs(values[::every] / expected - 1)))
    print(f"{name:<64} {values.size:>6} {error:>9.1e} {1e6 * fast:>10.2f} {slow / fast:>9.0f} x")
    return {"name": name, "values": values.size, "error": error, "microseconds": 1e6 * fast, "ratio": slow / fast}


def model(n_skills: float, alpha: float = 0.6) -> Multilinear:
    return Multilinear(PowerLaw(alpha, n_skills), initial_strength=0.01)


def plain_loop(n_skills: int, times: Floats) -> Floats:
    """Eq. 12 as one writes it: for every time, for every skill (the inner loop in NumPy, to its advantage)."""
    p = np.arange(1, n_skills + 1) ** -1.6
    p /= p.sum()
    return np.array([0.5 * np.sum(p / (1 + np.exp(np.minimum(2 * p * t, 350)) / 99) ** 2) for t in times])


def zeta_series(times: Floats) -> Floats:
    """Infinitely many skills in 30 digits: 300 terms, and a Taylor series with Hurwitz zeta tails."""
    head, s = 300, mpmath.mpf(0.6) + 1
    with mpmath.workdps(30):
        z = mpmath.zeta(s)
        c = (1 - mpmath.mpf(0.01)) / mpmath.mpf(0.01)
        coefficients = mpmath.taylor(lambda u: (1 + mpmath.exp(u) / c) ** -2, 0, 16)
        tails = [mpmath.zeta(s * (i + 1), head + 1) for i in range(17)]
        losses = []
        for t in times:
            x = 2 * mpmath.mpf(float(t)) / z
            total = mpmath.fsum(k**-s / (1 + mpmath.exp(x * k**-s) / c) ** 2 for k in range(1, head + 1))
            total += mpmath.fsum(a * x**i * tail for i, (a, tail) in enumerate(zip(coefficients, tails, strict=True)))
            losses.append(float(total / (2 * z)))
    return np.array(losses)


def every_count(n_skills: int, data: int, times: Floats) -> Floats:
    """The expectation over datasets as a sum over every count of every skill, in NumPy and SciPy."""
    d, p = np.arange(data + 1), model(n_skills).frequencies.first()
    losses = []
    for t in times:
        missing = (1 + np.exp(np.minimum(2 * t * d / data, 350)) / 99) ** -2
        losses.append(0.5 * sum(q * (binom.pmf(d, data, q) @ missing) for q in p))
    return np.array(losses)


def polylogarithms(alphas: Floats) -> Floats:
    with mpmath.workdps(20):
        c = mpmath.mpf(99)
        return np.array(
            [
                float(mpmath.re(mpmath.gamma(s) * (mpmath.polylog(s - 1, -c) - mpmath.polylog(s, -c))))
                for s in (mpmath.mpf(float(a)) / (mpmath.mpf(float(a)) + 1) for a in alphas)
            ]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="error beside time of the theory's sums")
    add_json_option(parser)
    chosen = parser.parse_args()
    print(f"{'':<64} {'values':>6} {'error':>9} {'us each':>10} {'faster by':>11}")
    many, few, data_times = np.logspace(0, 6, 10_000), np.logspace(-1, 3, 8), np.array([1.0, 30.0, 1e3, 1e5])
    alphas = np.linspace(0.05, 5, 20)
    rows = [
        row(
            "loss, 1e5 skills, unlimited data: plain loop",
            lambda: np.asarray(model(10**5).loss(time=many)),
            lambda: plain_loop(10**5, many[::50]),
            every=50,
        ),
        row(
            "loss, infinitely many skills: mpmath",
            lambda: np.asarray(model(math.inf).loss(time=few)),
            lambda: zeta_series(few),
        ),
        row(
            "loss, 200 skills, 30,000 samples: every count",
            lambda: np.asarray(model(200).loss(time=data_times, data=30_000)),
            lambda: every_count(200, 30_000, data_times),
        ),
        row(
            "integral of the time prefactor: mpmath polylogarithms",
            lambda: np.array([onset_integral(float(a), math.log(99)) for a in alphas]),
            lambda: polylogarithms(alphas),
        ),
    ]
    for data in (10**5, 10**9):
        _, cost = seconds_per_value(lambda d=data: np.asarray(model(math.inf).loss(time=data_times, data=d)), 3)  # type: ignore[misc]
        name = f"loss, infinitely many skills, {data:g} samples"
        print(f"{name}: {1e3 * cost:.1f} ms each")
        rows.append({"name": name, "values": data_times.size, "microseconds": 1e6 * cost})
    keep(chosen.json, {"rows": rows})


if __name__ == "__main__":
    main()
