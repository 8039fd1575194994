"""A skill's own growth, seen before it has emerged, sharpens the forecast of when it will.

Its logit grows along the calibrated curve, so strengths on the way up, measured with their standard errors, date the
skill. The curve is unknown below the lowest threshold of the departure (networks start slower than a logistic), and
noise hides it: such measurements only say that the skill has not come so far yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logsumexp

from saltus._types import Floats
from saltus.forecast.time.departure import Departure

if TYPE_CHECKING:
    import xarray as xr

_LEAST_ERROR = 1e-4  # least error of a strength, in R/S, where neither noise nor misfit shows
_SIGMAS = 6.0  # half-width of the grid of times, in standard deviations of the prior
_GRID = 801  # number of its points
_MEDIAN_OF_SQUARED_NORMAL = 0.4549364  # median of chi-squared with one degree of freedom
_VISIBLE = 3.0  # least visible strength, in standard errors


def sharpen(
    log_time: float,
    sd: float,
    *,
    steps: Floats,
    strength: Floats,
    error: Floats,
    shape: tuple[Floats, Floats],
    lowest: float,
    shape_sd: float,
) -> tuple[float, float]:
    """Mean and standard deviation of log10(half-strength time) once a skill's own early strengths are known.

    The curve of this skill is the expected one, shifted by an error that is common to all its points, of standard
    deviation ``shape_sd``; however many points there are, they do not average it away.

    Args:
        log_time: mean of the forecast without them, log10 of a step.
        sd: its standard deviation, in decades.
        steps: steps of the measurements, ascending, greater than 0, shape ``(n,)``.
        strength: measured R/S, shape ``(n,)``.
        error: standard error of each, noise floor and misfit included, greater than 0, shape ``(n,)``.
        shape: the expected curve: log10(time / half-strength time), ascending, and R/S at these times.
        lowest: R/S below which its course is not known.
        shape_sd: standard deviation of that error, in decades.
    """
    log_steps = np.log10(steps)
    first, not_before = onset(log_steps, strength, error, shape, lowest)
    # The grid reaches beyond the last measurement: a skill may be later than expected.
    latest = max(log_time, not_before, log_steps[-1])
    grid = np.linspace(log_time - _SIGMAS * sd, latest + _SIGMAS * sd, _GRID)
    log_prior = -0.5 * ((grid - log_time) / sd) ** 2
    expected = np.interp(log_steps[first:, None] - grid, *shape)
    log_likelihood = -0.5 * np.sum(((strength[first:, None] - expected) / error[first:, None]) ** 2, axis=0)
    log_likelihood = np.where(grid < not_before, -np.inf, log_likelihood)
    shift_sd = max(shape_sd, float(grid[1] - grid[0]))
    shift = -0.5 * ((grid[:, None] - grid) / shift_sd) ** 2
    log_weight = log_prior + logsumexp(shift + log_likelihood, axis=1)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    mean = float(weight @ grid)
    return mean, min(sd, float(np.sqrt(weight @ (grid - mean) ** 2)))


def onset(
    log_steps: Floats, strength: Floats, error: Floats, shape: tuple[Floats, Floats], lowest: float
) -> tuple[int, float]:
    """Index of the first measurement that shows the skill, and a lower bound of log10 of its half-strength time.

    The bound comes from the measurements before; it is minus infinity without any.
    """
    seen = strength >= np.maximum(lowest, _VISIBLE * error)
    first = int(seen.argmax()) if seen.any() else len(log_steps)
    if first == 0:
        return 0, -np.inf
    log_ratio, level = shape
    floor = max(lowest, _VISIBLE * float(error[first - 1]))
    return first, log_steps[first - 1] - float(np.interp(floor, level, log_ratio))


def expected_shape(initial_logit: float, decades: float, departure: Departure) -> tuple[Floats, Floats]:
    """The expected curve: log10(time / half-strength time), ascending, and R/S at these times."""
    line = np.linspace(0.98 * initial_logit, 6.0, 200)
    at = expit(line)
    bend = np.array([float(departure.mean(decades, x)) for x in at]) - float(departure.mean(decades))
    return np.maximum.accumulate(np.log10(1 - line / initial_logit) + bend), at


def hill_shape(steepness: float) -> tuple[Floats, Floats]:
    """A rise of a given steepness h in log time: log10(time / half-strength time), ascending, and R/S there."""
    line = np.linspace(-6.0, 6.0, 200)
    return line / (steepness * np.log(10)), expit(line)


def noise_floor(strength: Floats) -> float:
    """Scatter of one curve about its own smooth course, in R/S: the least strength that means anything.

    Second differences of neighbours have 6 times the variance of the noise; their median ignores the rise itself.
    """
    values = strength[np.isfinite(strength)]
    if values.size < 5:
        return 0.0
    return float(np.sqrt(np.median(np.diff(values, 2) ** 2) / (6 * _MEDIAN_OF_SQUARED_NORMAL)))


def growth(curve: xr.Dataset, misfit: float) -> tuple[Floats, Floats, Floats]:
    """One skill's measurements: steps, mean strengths over runs, and their errors, noise and misfit included.

    Args:
        curve: labelled curves of that skill.
        misfit: root mean square of measured minus modelled R/S.
    """
    strength = curve["strength"].mean("run").to_numpy()
    squares = curve["strength_error"].fillna(0.0).to_numpy() ** 2
    seen = np.isfinite(strength)
    standard_error = np.maximum(np.sqrt(squares.sum(axis=0)) / len(squares), noise_floor(strength))
    error = np.hypot(standard_error, max(misfit, _LEAST_ERROR))
    return curve["step"].to_numpy().astype(float)[seen], strength[seen], error[seen]
