"""Growth of emergence times from skill to skill: a power law of the skill index through the times of each run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats, Integers


@dataclass(frozen=True)
class TimeLaw:
    """``time(k) = prefactor * k^exponent``, by least squares in logarithms, run by run.

    The multilinear model has exponent alpha + 1 (``Nam et al. 2024, Eq. 40``).

    Attributes:
        exponent: mean of the runs' own exponents.
        error: standard error of ``exponent``, from the spread between runs; with a single run from the scatter about
            its line, NaN if only two skills emerged.
        prefactor: geometric mean of the runs' own prefactors, in steps.
        n_runs: runs with at least two emerged skills; the others do not count.
    """

    exponent: float
    error: float
    prefactor: float
    n_runs: int

    def __call__(self, skill: ArrayLike) -> Floats:
        """Time at a skill index, in steps."""
        return np.asarray(self.prefactor * np.asarray(skill, dtype=float) ** self.exponent)

    def per_decade(self, alpha: float) -> tuple[float, float]:
        """Ratio of the times of a skill and one ten times as frequent, with its standard error; 10 if decoupled."""
        factor = 10 ** (self.exponent / (alpha + 1))
        return factor, factor * math.log(10) / (alpha + 1) * self.error


def fit_time_law(times: ArrayLike) -> TimeLaw | None:
    """The law of emergence times ``(runs, n_skills)``, NaN where a skill did not emerge; None if no run has two."""
    lines = [_line(run) for run in np.asarray(times, dtype=float) if np.isfinite(run).sum() > 1]
    if not lines:
        return None
    slopes, heights, errors = np.array(lines).T
    error = slopes.std(ddof=1) / math.sqrt(len(lines)) if len(lines) > 1 else errors[0]
    return TimeLaw(float(slopes.mean()), float(error), math.exp(heights.mean()), len(lines))


def log_moments(times: ArrayLike) -> tuple[Floats, Floats, Integers]:
    """Mean and standard deviation over runs of each skill's log(time), NaN if unknown; in how many runs it emerged."""
    emerged = [np.log(column[np.isfinite(column)]) for column in np.asarray(times, dtype=float).T]
    mean = np.array([logs.mean() if logs.size else math.nan for logs in emerged])
    spread = np.array([logs.std(ddof=1) if logs.size > 1 else math.nan for logs in emerged])
    return mean, spread, np.array([logs.size for logs in emerged])


def _line(times: Floats) -> tuple[float, float, float]:
    """Slope of log(time) over log(skill), its height at skill 1, and the standard error of the slope."""
    emerged = np.isfinite(times)
    x, y = np.log(1 + np.flatnonzero(emerged)), np.log(times[emerged])
    far = x - x.mean()
    slope = float(far @ y / (far @ far))
    height = float(y.mean() - slope * x.mean())
    rest = y - height - slope * x
    error = math.sqrt(rest @ rest / (len(x) - 2) / (far @ far)) if len(x) > 2 else math.nan
    return slope, height, error
