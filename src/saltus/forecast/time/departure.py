"""Departure of networks from the multilinear model: rare skills come a little late, and not all runs equally.

The model's emergence times go as 1/frequency. Measured ones, seen from a calibrated skill that is ``x`` decades more
frequent, are off by a normal error with mean ``delay + exponent x`` and variance ``spread^2 + (spread_per_decade x)^2``
in log10 of the time (ours). `fit_departure` finds these numbers by maximum likelihood from runs whose skills have all
emerged, for several thresholds; ``departure.json`` keeps those of the runs of ``saltus reproduce forecast-study``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import logit, ndtr, stdtr

from saltus._types import Floats
from saltus.errors import InputError
from saltus.statistics import student_quantile


@dataclass(frozen=True)
class DepartureLaw:
    """Mean and spread of log10(measured time / the model's time) at one threshold, all in decades.

    Attributes:
        threshold: the strength R/S whose time is meant.
        delay: of every skill alike.
        exponent: further delay for each decade that the skill is less frequent than the calibrated one.
        spread: standard deviation at equal frequency.
        spread_per_decade: standard deviation that each decade adds, in quadrature.
    """

    threshold: float
    delay: float = 0.0
    exponent: float = 0.0
    spread: float = 0.0
    spread_per_decade: float = 0.0

    def mean(self, decades: ArrayLike) -> Floats:
        """Expected log10(measured / model) of skills that are ``decades`` less frequent than the calibrated one."""
        return np.asarray(self.delay + self.exponent * np.asarray(decades, dtype=float))

    def sd(self, decades: ArrayLike) -> Floats:
        """Standard deviation of log10(measured / model), shaped like ``decades``."""
        return np.asarray(np.hypot(self.spread, self.spread_per_decade * np.asarray(decades, dtype=float)))


@dataclass(frozen=True)
class Departure:
    """Laws at several thresholds; between them linear in the logit of the threshold, beyond them constant.

    Attributes:
        laws: by ascending threshold.
        reach: the most decades between calibrated and forecast frequency that the teaching runs covered.
        n_runs: number of independent runs behind the laws (all skills of a run count as one); 0 if none.
    """

    laws: tuple[DepartureLaw, ...]
    reach: float = 0.0
    n_runs: int = 0

    @property
    def degrees(self) -> float:
        """Degrees of freedom of the spreads: number of teaching runs minus 1; infinity without teaching runs."""
        return self.n_runs - 1 if self.n_runs > 1 else math.inf

    def quantile(self, probability: float) -> float:
        """Quantile of Student's t with these `degrees`, in standard deviations."""
        return float(student_quantile(probability, self.degrees))

    def mean(self, decades: ArrayLike, threshold: float = 0.5) -> Floats:
        """Expected log10(measured / model), shaped like ``decades``."""
        return self._between([law.mean(decades) for law in self.laws], threshold)

    def sd(self, decades: ArrayLike, threshold: float = 0.5) -> Floats:
        """Standard deviation of log10(measured / model), shaped like ``decades``."""
        return self._between([law.sd(decades) for law in self.laws], threshold)

    def time_per_decade(self, threshold: float = 0.5) -> float:
        """Delay of a skill of a tenth of the frequency, in decades of time; 1 in the model."""
        return 1 + float(self.mean(1.0, threshold) - self.mean(0.0, threshold))

    def chance(self, sigmas: float, n_tried: int) -> float:
        """Probability that the largest of ``n_tried`` errors is at least so many standard deviations, either way."""
        beyond = 2 * (stdtr(self.n_runs - 1, -abs(sigmas)) if self.n_runs > 1 else ndtr(-abs(sigmas)))
        return float(-math.expm1(n_tried * math.log1p(-min(float(beyond), 1 - 1e-16))))

    @property
    def shape_sd(self) -> float:
        """Standard deviation that dating a skill at the first law's threshold adds to dating it at half strength."""
        first = float(self.laws[0].sd(0.0))
        return math.sqrt(max(first**2 - float(self.sd(0.0)) ** 2, 0.0))

    def _between(self, values: Sequence[Floats], threshold: float) -> Floats:
        share = np.interp(logit(threshold), [logit(law.threshold) for law in self.laws], np.arange(len(self.laws)))
        below = min(int(share), max(len(self.laws) - 2, 0))
        above = min(below + 1, len(self.laws) - 1)
        return np.asarray(values[below] + (share - below) * (values[above] - values[below]))

    def plain(self) -> dict[str, Any]:
        """The laws as plain data, for JSON."""
        return asdict(self)


PAPER = Departure((DepartureLaw(0.5),))
"""The model as published: no delay, and nothing known about its misfit."""

_FORMS = {
    "paper": (False, False),
    "delay": (True, False),
    "exponent": (False, True),
    "delay and exponent": (True, True),
}


@dataclass(frozen=True)
class DepartureFit:
    """One form of `DepartureLaw`, fitted.

    Attributes:
        form: the free numbers, "paper" (none), "delay", "exponent" or "delay and exponent"; the spreads always are.
        law: its maximum-likelihood values.
        log_likelihood: natural logarithm.
        penalty: half the number of free parameters times log(number of skills): the Bayesian criterion's.
    """

    form: str
    law: DepartureLaw
    log_likelihood: float
    penalty: float

    @property
    def score(self) -> float:
        """Log likelihood less penalty: the form with the largest is the one to use."""
        return self.log_likelihood - self.penalty


def fit_departure(threshold: float, run: ArrayLike, decades: ArrayLike, log10_ratio: ArrayLike) -> list[DepartureFit]:
    """Fit all forms of law at one threshold to measured skills, the best one first.

    The spreads are for a new run: maximum likelihood, widened for the fitted numbers and for their own errors by
    sqrt((n + 1)/(n - p)), with n runs and p fitted means.

    Args:
        threshold: the strength R/S whose times were measured.
        run: the run of each skill, as a number, shape ``(n,)``.
        decades: log10 of the calibrated skill's frequency over the skill's own, shape ``(n,)``.
        log10_ratio: log10(measured time / the model's time), shape ``(n,)``.

    Raises:
        InputError: if there are fewer than 6 runs, too few for a spread between them.
    """
    x, y = np.asarray(decades, dtype=float), np.asarray(log10_ratio, dtype=float)
    n_runs = np.unique(np.asarray(run)).size
    if n_runs < 6:
        raise InputError("a departure must be taught by at least 6 runs", n_runs, "train more")
    return sorted((_fit(form, threshold, n_runs, x, y) for form in _FORMS), key=lambda one: -one.score)


def _fit(form: str, threshold: float, n_runs: int, x: Floats, y: Floats) -> DepartureFit:
    has_delay, has_exponent = _FORMS[form]

    def law(values: Floats) -> DepartureLaw:
        spread, per_decade, *mean = values.tolist()
        delay = mean.pop(0) if has_delay else 0.0
        return DepartureLaw(
            threshold, delay, mean.pop() if has_exponent else 0.0, math.exp(spread), math.exp(per_decade)
        )

    def cost(values: Floats) -> float:
        guess = law(values)
        sd = guess.sd(x)
        return float(np.sum(0.5 * ((y - guess.mean(x)) / sd) ** 2 + np.log(sd * math.sqrt(2 * math.pi))))

    n_mean = has_delay + has_exponent
    start = np.concatenate([np.full(2, math.log(max(float(np.std(y)), 1e-3))), np.zeros(n_mean)])
    bounds = [(math.log(1e-4), 2.0)] * 2 + [(-1.0, 1.0)] * n_mean  # a spread below a ten-thousandth of a decade is none
    best = minimize(cost, start, bounds=bounds, method="L-BFGS-B")
    fitted, widening = law(best.x), math.sqrt((n_runs + 1) / (n_runs - n_mean))
    of_new_run = replace(fitted, spread=widening * fitted.spread, spread_per_decade=widening * fitted.spread_per_decade)
    return DepartureFit(form, of_new_run, -float(best.fun), 0.5 * len(start) * math.log(x.size))


def from_plain(data: Mapping[str, Any]) -> Departure:
    """The inverse of `Departure.plain`."""
    return Departure(tuple(DepartureLaw(**law) for law in data["laws"]), float(data["reach"]), int(data["n_runs"]))


@cache
def shipped_departure() -> Departure:
    """The departure that the runs of ``saltus reproduce forecast-study`` taught (docs/results/forecast-study)."""
    return from_plain(json.loads(files("saltus.forecast.time").joinpath("departure.json").read_text(encoding="utf-8")))
