"""How often 90 % intervals hold the truth on drawn curves and losses; makes the tables of docs/results/coverage.

    python benchmarks/intervals.py docs/results/coverage
    python benchmarks/intervals.py /tmp/coverage --only sizes --repeats 20

Each table takes minutes of one core. A share of 300 intervals is known to 1.7 %, of 200 to 2.1 %, of 100 to 3 %.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats
from scipy.optimize import curve_fit
from scipy.special import expit, logit

from saltus import Frequencies, InputError, calibrate, calibrate_time, fit_frequencies, fit_law
from saltus._types import Floats, Integers
from saltus.curves.crossings import crossing_times
from saltus.curves.schema import curves_from
from saltus.forecast.time.departure import PAPER, Departure, DepartureLaw
from saltus.lawfit.fit import search
from saltus.lawfit.forms import FORMS
from saltus.lawfit.newton import minimise
from saltus.lawfit.objective import Objective
from saltus.lawfit.points import checked_points

Amounts = Integers
Row = dict[str, Any]

RATE, LOGIT = 0.02, -9.0  # of the drawn logistics, at frequency 1
NORMAL = stats.norm.ppf(0.95)


def curves_of(
    strength: Floats, amounts: Amounts, frequencies: Floats, *, noise: float = math.nan, resource: str
) -> xr.Dataset:
    """Curves from strengths over (run, skill, amount)."""
    error = np.full_like(strength, noise)
    return curves_from(strength, amounts, over=resource, strength_error=error, frequencies=frequencies)


def few_measurements(repeats: int) -> list[Row]:
    """Time of one skill from a single curve, of few measurements or of ones whose errors go together."""
    kinds = ((6, 0.61, 0.05, 0.0), (8, 0.61, 0.02, 0.0), (8, 0.95, 0.03, 0.0), (40, 0.61, 0.02, 0.0),
             (40, 0.61, 0.02, 0.7), (60, 0.95, 0.02, 0.6), (150, 0.999, 0.02, 0.9))  # fmt: skip
    rng = np.random.default_rng(11)
    rows = []
    for n, until, noise, rho in kinds:
        steps = np.linspace(0.15 * -LOGIT / RATE, (logit(until) - LOGIT) / RATE, n).astype(int)
        plain, used = [], []
        for _ in range(repeats):
            strength = expit(LOGIT + RATE * steps) + noise * _neighbours(rng, n, rho)
            try:
                used.append(_used_intervals(steps, strength))
            except InputError:  # no rise through 0.5 is seen: no interval is given
                continue
            plain.append(_plain_intervals(steps, strength))
        rows.append(
            {"measurements": n, "until R/S": until, "noise": noise, "ρ": rho, "curves": len(used)}
            | {"covariance as it comes": _both(plain), "as used": _both(used)}
        )
    return rows


THRESHOLDS = np.array([0.5, 0.95])
TRUE_TIMES = (logit(THRESHOLDS) - LOGIT) / RATE


def _neighbours(rng: np.random.Generator, n: int, rho: float) -> Floats:
    """Standard normal numbers, of which neighbours have the correlation rho."""
    kicks = rng.standard_normal(n)
    for i in range(1, n):
        kicks[i] = rho * kicks[i - 1] + math.sqrt(1 - rho**2) * kicks[i]
    return kicks


def _used_intervals(steps: Amounts, strength: Floats) -> list[bool]:
    calibration = calibrate_time(curves_of(strength[None, None], steps, np.ones(1), resource="step"))
    hits = []
    for threshold, truth in zip(THRESHOLDS, TRUE_TIMES, strict=True):
        forecast = calibration.forecast(Frequencies([1.0]), threshold=threshold, departure=PAPER)
        low, high = forecast.interval[0]
        hits.append(bool(low <= truth <= high))
    return hits


def _plain_intervals(steps: Amounts, strength: Floats) -> list[bool]:
    """Least squares of SciPy with its covariance, a normal law, and the delta method."""

    def curve(at: Floats, log_rate: float, log_half: float) -> Floats:
        return np.asarray(expit(np.exp(log_rate) * (at - np.exp(log_half))))

    (log_rate, log_half), covariance = curve_fit(curve, steps, strength, p0=np.log([RATE, -LOGIT / RATE]))
    half, beyond = math.exp(log_half), logit(THRESHOLDS) / math.exp(log_rate)
    slopes = np.stack([-beyond, np.full(2, half)], axis=1)
    reach = NORMAL * np.sqrt(np.einsum("ti,ij,tj->t", slopes, covariance, slopes))
    return [bool(hit) for hit in np.abs(half + beyond - TRUE_TIMES) <= reach]


def _both(hits: list[list[bool]]) -> str:
    return ", ".join(f"{share:.0%}" for share in np.mean(hits, axis=0))


SHOTS, NODES = 400.0, 4.0
SIZES = np.array([100, 200, 300, 400, 500, 600, 700, 1000, 1400, 2000, 2800, 4000])
WIDTHS = np.arange(1, 17)


def sizes(repeats: int) -> list[Row]:
    """D_c and N_c from strengths over drawn training sets, and from noisy ramps."""
    three, one = power_law(0.6, 3), np.ones(1)
    every = [1, 2, 3]
    kinds: list[tuple[str, Callable[[np.random.Generator], xr.Dataset], list[int], float]] = [
        ("D_c = 400, 1 run", lambda rng: of_data(rng, 1, three), [1], SHOTS),
        ("D_c = 400, 1 run", lambda rng: of_data(rng, 1, three), every, SHOTS),
        ("D_c = 400, 5 runs", lambda rng: of_data(rng, 5, three), [1], SHOTS),
        ("D_c = 400, 5 runs", lambda rng: of_data(rng, 5, three), every, SHOTS),
        ("D_c differs by 10%, 10 runs", lambda rng: of_data(rng, 10, three, 0.1), [1], SHOTS),
        ("D_c differs by 10%, 10 runs", lambda rng: of_data(rng, 10, three, 0.1), every, SHOTS),
        ("D_c differs by 10%, 10 runs, n_s = 1", lambda rng: of_data(rng, 10, one, 0.1), [1], SHOTS),
        ("N_c = 4, 10 runs", lambda rng: of_width(rng, 10), [1], NODES),
        ("N_c = 4, 50 runs", lambda rng: of_width(rng, 50), [1], NODES),
    ]
    rows = []
    for name, draw, on_skill, truth in kinds:
        rng = np.random.default_rng(4)
        fits: list[Any] = [calibrate(draw(rng), on_skill=on_skill) for _ in range(repeats)]
        error = np.array([math.log(fit.constant / truth) for fit in fits])
        reach = np.array([stats.t.ppf(0.95, fit.degrees) * math.sqrt(fit.variance) for fit in fits])
        rows.append(
            {"drawn": name, "calibrated on skill": ", ".join(map(str, on_skill))}
            | {"in the interval": f"{np.mean(np.abs(error) <= reach):.1%}", "mean error": f"{error.mean():+.1%}"}
            | {"standard deviation": f"{error.std(ddof=1):.1%}"}
        )
    return rows


def of_data(rng: np.random.Generator, n_runs: int, mix: Floats, run_spread: float = 0.0) -> xr.Dataset:
    """Every run and size has a training set of its own; if wanted every run a D_c of its own. Noise 0.02."""
    observed = np.stack([rng.multinomial(size, mix, size=n_runs) for size in SIZES], axis=-1)
    shots = SHOTS * np.exp(run_spread * rng.standard_normal((n_runs, 1, 1)))
    strength = 1 - np.sqrt(1 - np.minimum(observed / shots, 1))
    noisy = strength + 0.02 * rng.standard_normal(strength.shape)
    return curves_of(noisy, SIZES, mix, noise=0.02, resource="data")


def of_width(rng: np.random.Generator, n_runs: int) -> xr.Dataset:
    """Ramps of N_c nodes for three skills, one after the other, with noise 0.3 on the rise."""
    ramp = np.clip((WIDTHS - NODES * np.arange(3)[:, None]) / NODES, 0, 1)
    rising = (ramp > 0) & (ramp < 1)
    strength = ramp + 0.3 * rising * rng.standard_normal((n_runs, *ramp.shape))
    return curves_of(strength, WIDTHS, np.full(3, 1 / 3), noise=0.0, resource="parameters")


def power_law(alpha: float, n_skills: int) -> Floats:
    weights = np.arange(1, n_skills + 1) ** -(alpha + 1.0)
    return np.asarray(weights / weights.sum())


LAW = Departure(tuple(DepartureLaw(at, exponent=0.07, spread=0.03) for at in (0.05, 0.5, 0.95)), 2.0, 24)


def unknown_frequencies(repeats: int) -> list[Row]:
    """Skills that are to come, on runs of six skills whose frequencies are fitted; skills are late as `LAW` says."""
    rng = np.random.default_rng(3)
    hits: list[bool] = []
    errors: list[float] = []
    for _ in range(repeats):
        mix = power_law(rng.uniform(0.3, 0.9), 6)
        curves = of_time(rng, mix)
        until = 1.6 * float(crossing_times(curves)[0, 1])
        known = curves.sel(step=curves["step"] <= until)
        fit = fit_frequencies(known, departure=LAW)
        forecast = calibrate_time(known, fit.frequencies).forecast(
            fit.frequencies, measured=curves, until=until, departure=LAW, frequency_error=fit.log10_error
        )
        assert forecast.measured is not None
        to_come = np.flatnonzero(forecast.measured.mean > until)
        hits += [bool(forecast.hit[k]) for k in to_come]
        errors += [abs(float(forecast.log10_ratio[k])) for k in to_come]
    share, error = f"{np.mean(hits):.1%}", f"{np.median(errors):.3f}"
    return [{"runs": repeats, "skills": len(hits), "in the interval": share, "median error, dex": error}]


def of_time(rng: np.random.Generator, mix: Floats) -> xr.Dataset:
    """One run of logistics with noise 0.005; each skill but the first is late by `LAW`, with an error of its own."""
    steps = np.unique(np.geomspace(10, 40_000, 120).astype(int))
    decades = np.log10(mix[0] / mix)
    late = 10 ** (0.07 * decades + 0.03 * rng.standard_normal(len(mix)) * (decades > 0))
    strength = expit(LOGIT + RATE * (mix / late)[:, None] * steps)
    noisy = strength + 0.005 * rng.standard_normal(strength.shape)
    return curves_of(noisy[None], steps, np.full(len(mix), np.nan), noise=0.005, resource="step")


RESAMPLES = 400


def laws(repeats: int) -> list[Row]:
    """Parameters of laws fitted to losses with 2 % of normal noise."""
    truths = {
        "power": {"A": 30.0, "b": 0.3},
        "power-offset": {"E": 1.5, "A": 30.0, "b": 0.3},
        "two-resource": {"E": 1.8, "A": 480.0, "a": 0.35, "B": 2100.0, "b": 0.37},
    }
    kinds = (("power", 12), ("power", 40), ("power-offset", 12), ("power-offset", 40), ("two-resource", 49))
    rows = []
    for form, n in kinds:
        sets = repeats // 2 if form == "two-resource" else repeats
        row: Row = {"form, points": f"{form}, {n}", "sets": sets}
        for name, delta in (("least squares", math.inf), ("Huber, δ = 10⁻³", 1e-3)):
            hits = [_law_hits(form, n, truths[form], delta, seed) for seed in range(sets)]
            shares = zip(truths[form], np.mean(hits, axis=0), strict=True)
            row[name] = ", ".join(f"{parameter} {share:.0%}" for parameter, share in shares)
        rows.append(row)
    return rows


def _law_hits(form: str, n: int, truth: dict[str, float], delta: float, seed: int) -> list[bool]:
    if form == "two-resource":
        x = _grid(math.isqrt(n))
        law = truth["E"] + truth["A"] * x[:, 0] ** -truth["a"] + truth["B"] * x[:, 1] ** -truth["b"]
    else:
        x = np.geomspace(1e3, 1e9, n)
        law = truth.get("E", 0.0) + truth["A"] * x ** -truth["b"]
    loss = law * np.exp(0.02 * np.random.default_rng(seed).standard_normal(n))
    fit = fit_law(x, loss, form, delta=delta, n_bootstrap=RESAMPLES, level=0.9, seed=seed)
    return [fit.intervals[name][0] <= value <= fit.intervals[name][1] for name, value in truth.items()]


def _grid(side: int) -> Floats:
    """Every pair of ``side`` model sizes and ``side`` amounts of data, which range over three decades each."""
    n, d = np.meshgrid(np.geomspace(3e6, 3e9, side), np.geomspace(3e8, 3e11, side))
    return np.column_stack([n.ravel(), d.ravel()])


def starts(repeats: int) -> list[Row]:
    """How many starts of the two-resource search reach the lowest minimum, with Huber's delta in stages and without."""
    reached = {"in stages": 0, "at its value from the start": 0}
    missed = dict.fromkeys(reached, 0)
    n_starts = 0
    for number in range(repeats):
        rng, noise = np.random.default_rng(number), (0.003, 0.03, 0.2)[number % 3]
        n, d = np.exp(rng.uniform(np.log([[5e7], [1e9]]), np.log([[1.6e10], [3e11]]), (2, 60)))
        loss = (1.8 + 480 * n**-0.35 + 2100 * d**-0.37) * np.exp(noise * rng.standard_t(3, 60))
        points, form = checked_points(np.column_stack([n, d]), loss, None, 2), FORMS["two-resource"]
        z, y = points.scaled(points.scale)
        objective = Objective(form, z, y, np.ones((1, y.size)), 1e-3)
        found = (search(objective).value, minimise(objective, form.starts(z, y), form.bounds(y), tolerance=1e-13).value)
        best = min(values.min() for values in found)
        n_starts += found[0].size
        for name, values in zip(reached, found, strict=True):
            there = int(np.sum(values < best * (1 + 1e-6)))
            reached[name] += there
            missed[name] += there == 0
    return [{"δ": name, "sets": repeats, "starts": n_starts, "at the lowest minimum": reached[name],
             "sets missed by all": missed[name]} for name in reached]  # fmt: skip


TABLES: dict[str, tuple[Callable[[int], list[Row]], int]] = {
    "few": (few_measurements, 300),
    "sizes": (sizes, 200),
    "frequencies": (unknown_frequencies, 120),
    "laws": (laws, 200),
    "starts": (starts, 36),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="coverage of intervals on drawn data, as CSV files")
    parser.add_argument("out", type=Path, help="folder of the tables")
    parser.add_argument("--only", choices=TABLES, action="append", help="one of the tables; all by default")
    parser.add_argument("--repeats", type=int, help="drawn sets for each row, in place of the kept tables' number")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    for name in chosen.only or TABLES:
        make, repeats = TABLES[name]
        start = time.process_time()
        rows = make(chosen.repeats or repeats)
        with (chosen.out / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, rows[0], lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        print(f"{name}: {time.process_time() - start:.0f} s")


if __name__ == "__main__":
    main()
