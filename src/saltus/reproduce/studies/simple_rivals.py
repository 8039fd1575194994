"""Forecasts that a user would make without a theory of the run: by frequency, or by the skill's own curve alone.

All know the curves up to now and that the skill has not come by then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares, minimize
from scipy.special import expit, log_ndtr

from saltus._types import Flags, Floats
from saltus.lawfit.fit import fit_law

if TYPE_CHECKING:
    from saltus.reproduce.studies.study_runs import StudyRun

RIVALS = {
    "inverse": "1/frequency",
    "exponent": "learned exponent",
    "logistic": "own logistic",
    "broken": "own broken power law",
}
"""Rivals and their names in words."""
_MOST_POINTS = 60  # points of a curve in a fit
_VISIBLE = 0.05  # R/S from which a curve of its own can be continued at all
_FARTHEST = 1e3  # latest answer, in units of now
_LEAST_LOSS = 1e-3  # least unlearned share 1 - R/S


@dataclass(frozen=True)
class Exponent:
    """Times as a power of frequency: log10(time over the first skill's) = gamma decades + normal scatter.

    Attributes:
        gamma: the power.
        sd: of the scatter, decades.
    """

    gamma: float
    sd: float


def learned_exponent(decades: Floats, log_ratio: Floats, censored: Flags) -> Exponent:
    """The exponent of maximum likelihood.

    Args:
        decades: log10 of the first skill's frequency over each one's, shape ``(n,)``.
        log_ratio: log10 of each time over the first skill's; of the last step's for skills that had not come.
        censored: whether it had not, same shape.
    """

    def cost(values: Floats) -> float:
        sd = math.exp(values[1])
        z = (log_ratio - values[0] * decades) / sd
        return -float(np.sum(np.where(censored, log_ndtr(-z), -0.5 * z**2 - values[1])))

    gamma, log_sd = minimize(cost, [1.0, math.log(0.1)], method="Nelder-Mead").x
    return Exponent(float(gamma), math.exp(log_sd))


def exponents_without(runs: Sequence[StudyRun]) -> dict[int, Exponent]:
    """For each run, the exponent of all other runs of its family, by the run's number."""
    lessons = [(run, *_ratios(run)) for run in runs]
    found = {}
    for run in runs:
        others = [one[1:] for one in lessons if one[0].family == run.family and one[0] is not run]
        decades, ratio, censored = map(np.concatenate, zip(*others, strict=True)) if others else (np.array([]),) * 3
        found[run.number] = (
            learned_exponent(decades, ratio, censored.astype(bool)) if decades.size else Exponent(1.0, math.nan)
        )
    return found


def _ratios(run: StudyRun) -> tuple[Floats, Floats, Flags]:
    """Decades and times of a run's skills against the first that came; whether they had not come at the end."""
    frequency, times = run.job.task.frequencies.first(), run.times
    came = np.flatnonzero(np.isfinite(times))
    if not came.size:
        return np.array([]), np.array([]), np.array([], bool)
    first = int(came[0])
    others = np.arange(len(times)) != first
    decades = np.log10(frequency[first] / frequency)
    ratio = np.log10(np.where(np.isfinite(times), times, run.last) / times[first])
    return decades[others], ratio[others], np.isnan(times)[others]


def by_frequency(times: Floats, frequency: Floats, now: float, gamma: float) -> Floats:
    """Steps of all skills as frequency^-gamma, from the most frequent one that has emerged by now; none before now."""
    first = int(np.flatnonzero(times <= now)[0])
    return np.asarray(np.maximum(times[first] * (frequency[first] / frequency) ** gamma, now))


def by_own_logistic(steps: Floats, strength: Floats, now: float) -> float:
    """Step at half of a logistic curve in the step through a skill's own strengths; NaN without visible growth.

    Args:
        steps: ascending, greater than 0, up to now, shape ``(n,)``.
        strength: R/S, same shape.
        now: the moment.
    """
    if not _grows(strength):
        return math.nan
    steps, strength = _thinned(steps, strength)

    def misfit(values: Floats) -> Floats:
        half, rate = np.exp(values)
        return np.asarray(expit(rate * (steps / half - 1)) - strength)

    ends = ([math.log(now / 3), math.log(0.5)], [math.log(now * _FARTHEST), math.log(200.0)])
    starts = ((math.log(now * ratio), math.log(8.0)) for ratio in (1.05, 1.5, 4.0))
    best = min((least_squares(misfit, start, bounds=ends) for start in starts), key=lambda fit: float(fit.cost))
    half = math.exp(best.x[0])
    return max(half, now) if half < 0.99 * now * _FARTHEST else math.nan


def by_own_broken_law(steps: Floats, strength: Floats, now: float) -> float:
    """Step at which a broken power law through a skill's own 1 - R/S falls to a half; NaN where it does not.

    The arguments are those of `by_own_logistic`.
    """
    if not _grows(strength):
        return math.nan
    steps, strength = _thinned(steps, strength)
    law = fit_law(steps, np.maximum(1 - strength, _LEAST_LOSS), "broken", n_bootstrap=0)
    ahead = np.geomspace(now, now * _FARTHEST, 2000)
    below = np.asarray(law(ahead)) <= 0.5
    return float(ahead[below.argmax()]) if below.any() else math.nan


def _grows(strength: Floats) -> bool:
    return strength.size >= 8 and float(np.mean(strength[-3:])) >= _VISIBLE


def _thinned(steps: Floats, strength: Floats) -> tuple[Floats, Floats]:
    kept = np.unique(np.linspace(0, steps.size - 1, _MOST_POINTS).astype(int))
    return steps[kept], strength[kept]
