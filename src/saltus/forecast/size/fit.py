"""Fit the one constant of a size form: least squares over a fine grid, with errors from resampling.

The grid finds the least of all minima (networks of few nodes give strengths with several), and makes the jackknife
cheap: the sum of squares without a measurement, or without a run, is a difference of sums that are already there.
Measurements scatter most where the strength rises, so their residuals do not tell one common variance; the jackknife
and, over many runs, the bootstrap do not need one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize_scalar

from saltus._types import Floats
from saltus.forecast.base.weights import weights
from saltus.forecast.size.calibration import SizeCalibration
from saltus.forecast.size.forms import SizeForm
from saltus.forecast.size.posterior import constant_quantiles
from saltus.statistics import degrees_of_sum
from saltus.theory.frequencies import SkillFrequencies

if TYPE_CHECKING:
    import xarray as xr


_FLAT = 0.05  # distance from 0 or 1, in R/S, within which a curve does not show the form
_MOST_PARTS = 500  # at most this many jackknife blocks
_STEP = 0.005  # grid spacing, in the logarithm of the constant
_MANY_RUNS = 5  # from this many runs on, bootstrap: unlike the jackknife it tolerates several local minima
_NEARBY = 0.3  # distance in log(constant) within which a point may be on the rise
_RESAMPLES = 400  # bootstrap samples
_SLOPE_STEP = 0.02  # half-width of the slope's difference, in the logarithm, wide enough to average over kinks


@dataclass(frozen=True)
class SizeFit:
    """A fitted constant.

    Attributes:
        constant: its value.
        fit_variance: of log(constant), by leaving single measurements out.
        variance: of log(constant): by bootstrap over runs where there are many; else the larger of ``fit_variance`` and
            the one by leaving whole runs out.
        degrees: degrees of freedom of that variance.
        residual: root mean square of measured minus fitted R/S, mean over runs, on the rise.
        misfit: the part of it beyond the scatter over runs and training sets.
        n_runs: number of measured runs.
        quantiles: of the constant, at `saltus.forecast.size.posterior.LEVELS`.
    """

    constant: float
    fit_variance: float
    variance: float
    degrees: float
    residual: float
    misfit: float
    n_runs: int
    quantiles: tuple[float, ...]


def fit_size(form: SizeForm, strength: Floats, error: Floats, weigh: bool = False) -> SizeFit:
    """Fit a form's constant to the measurements of all runs together.

    Args:
        form: the form to fit, at its points.
        strength: measured R/S, NaN where it was not measured, shape ``(runs, points)``.
        error: standard errors, NaN if unknown, same shape.
        weigh: whether measurements count by their errors (`saltus.forecast.base.weights`).
    """
    run, point = np.nonzero(np.isfinite(strength))
    weight = weights(error[run, point]) ** 2 if weigh else np.ones(len(run))
    measured, run = strength[run, point], np.unique(run, return_inverse=True)[1]
    part = np.arange(len(measured)) % _MOST_PARTS

    def squares(expected: Floats) -> Floats:
        return np.asarray(weight * (expected[point] - measured) ** 2)

    low = max(math.log(form.units.min() / 2), 0.0)  # a constant is 1 at least
    high = max(math.log(2 * form.units.max()), 1.0)
    grid = np.linspace(low, high, math.ceil((high - low) / _STEP) + 1)
    expected = np.array([form.strength(math.exp(at)) for at in grid])
    sums = [(np.bincount(part, at), np.bincount(run, at)) for at in map(squares, expected)]
    of_parts, of_runs = (np.array(column) for column in zip(*sums, strict=True))
    best = int(of_runs.sum(axis=1).argmin())
    near = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(
        lambda at: squares(form.strength(math.exp(at))).sum(), bounds=near, method="bounded", options={"xatol": 1e-9}
    )
    constant = math.exp(found.x)
    within, n_runs = _jackknife(grid, of_parts), of_runs.shape[1]
    if n_runs >= _MANY_RUNS:
        variance, degrees = _bootstrap(grid, of_runs), n_runs - 1.0
        within = min(within, variance)
    else:
        between = max(_jackknife(grid, of_runs) - within, 0.0)
        variance, on_rise = within + between, _count(_slope(form, constant)[point])
        degrees = float(degrees_of_sum([within, between], [on_rise - 1, n_runs - 1])) if variance else 1.0
    residual, misfit = curve_misfit(form, constant, strength, error)
    seen, near = np.isfinite(strength).any(axis=1), np.abs(grid - found.x) <= _NEARBY
    rise = (4 * expected[near] * (1 - expected[near])).max(axis=0)
    of_measurements = np.nan_to_num(error[seen]) ** 2 + form.variance(constant)
    quantiles = constant_quantiles(grid, expected, strength[seen], of_measurements, rise)
    return SizeFit(constant, within, variance, degrees, residual, misfit, n_runs, tuple(np.exp(quantiles).tolist()))


def curve_misfit(form: SizeForm, constant: float, strength: Floats, error: Floats) -> tuple[float, float]:
    """Rms distance of the mean curve over runs from the form on the rise: in all, and beyond its own scatter."""
    n = np.isfinite(strength).sum(axis=0)
    mean, expected = np.nanmean(strength, axis=0), form.strength(constant)
    rising = np.any([(at > _FLAT) & (at < 1 - _FLAT) for at in (mean, expected)], axis=0)
    if not rising.any():
        return 0.0, 0.0
    over_runs = np.nansum((strength - mean) ** 2, axis=0) / (np.maximum(n - 1, 1) * n)
    of_one = form.variance(constant) + np.nan_to_num(error).max(axis=0) ** 2
    square = np.mean((mean - expected)[rising] ** 2)
    noise = np.mean(np.where(n > 1, over_runs, of_one)[rising])
    return math.sqrt(square), math.sqrt(max(square - noise, 0.0))


def _slope(form: SizeForm, constant: float) -> Floats:
    """dR/S over dlog(constant), shape ``(points,)``."""
    above, below = constant * math.exp(_SLOPE_STEP), max(constant * math.exp(-_SLOPE_STEP), 1.0)
    return np.asarray((form.strength(above) - form.strength(below)) / math.log(above / below))


def _jackknife(grid: Floats, parts: Floats) -> float:
    """Variance of the grid's best point, from the best ones without each part of the sum, ``(grid, parts)``."""
    total, n = parts.sum(axis=1), parts.shape[1]
    without = np.array([_lowest(grid, total - part) for part in parts.T])
    return float((n - 1) / n * np.sum((without - without.mean()) ** 2))  # 0 for one part


def _bootstrap(grid: Floats, runs: Floats) -> float:
    """Variance of the grid's best point over runs drawn anew with replacement, from their sums, ``(grid, runs)``."""
    n = runs.shape[1]
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=_RESAMPLES)
    return float(n / (n - 1) * np.var([_lowest(grid, total) for total in (runs @ drawn.T).T], ddof=1))


def _lowest(grid: Floats, values: Floats) -> float:
    """Minimum of the parabola through the lowest point and its neighbours."""
    i = int(np.clip(values.argmin(), 1, len(grid) - 2))
    before, at, after = values[i - 1 : i + 2]
    bend = before - 2 * at + after
    shift = 0.5 * (before - after) / bend if bend > 0 else 0.0
    return float(grid[i] + np.clip(shift, -1, 1) * (grid[1] - grid[0]))


def _count(slope: Floats) -> float:
    """Effective number of measurements, weighted by squared slope: points on a plateau count for nothing."""
    squares = slope**2
    return float(squares.sum() ** 2 / np.sum(squares**2)) if squares.any() else 1.0


def points_of(
    kind: type[SizeCalibration],
    curves: xr.Dataset,
    skills: Sequence[int],
    frequencies: SkillFrequencies,
    unit: float = 1,
) -> tuple[SizeForm, Floats, Floats]:
    """Form of some skills at all their sizes, with the measured strengths and their errors, ``(runs, points)``.

    ``unit`` is that of the sizes, in samples or nodes.
    """
    chosen = curves.sel(skill=list(skills))
    chosen = chosen.isel({kind.resource: chosen[kind.resource].to_numpy() > 0})
    sizes = np.round(chosen[kind.resource].to_numpy().astype(float) * unit)
    skill = np.repeat(np.array(skills), len(sizes))
    strength, error = (
        chosen[name].to_numpy().reshape(chosen.sizes["run"], -1) for name in ("strength", "strength_error")
    )
    measured = np.isfinite(strength).any(axis=0)
    form = kind.form(np.tile(sizes, len(skills))[measured], skill[measured], frequencies)
    return form, strength[:, measured], error[:, measured]
