"""Lessons of single runs: what the dates of one run say about its gamma, for several sizes of scatter.

A table of log likelihoods over grids of the scatter and of gamma holds all that a recipe takes from a run
(`saltus.forecast.time.own_recipe`), so that any set of runs can teach without another look at their dates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import norm

from saltus._types import Floats
from saltus.forecast.time.laws import Law, Recipe
from saltus.forecast.time.posterior import Sightings, gamma_likelihood, reference_of

FACTORS = np.exp(np.linspace(-1.2, 1.2, 7))
"""Factors of the spreads of a family's scatter."""
FACTOR_SD = 0.6  # standard deviation of the logarithm of the factor, before runs are seen
ODDS = np.array([-1.5, 0.0, 1.5])
"""Shifts of the log odds of straggling."""
ODDS_SD = 1.0  # standard deviation of the shift, before runs are seen
_LARGEST, _FIRST_LOOK = 4.0, 101  # largest gamma, and points of its grid in a first look
_STEP, _FEWEST, _MOST = 0.012, 61, 201  # step of the grid of gamma, and bounds of its points
_SEEN, _MARGIN = 8.0, 0.35  # log likelihood below the best that still counts, and gamma beyond that the grid holds
_WIDEN = 1.5  # gamma of a recipe before runs are seen is so much wider than a run of the family


@dataclass(frozen=True)
class Lessons:
    """Tables of runs.

    Attributes:
        gamma: grid, evenly spaced, shape ``(n_gamma,)``.
        log_likelihood: of each run, factor and shift of the odds, shape ``(n_runs, n_scatters, n_gamma)``.
        log_prior: of each pair of factor and shift, shape ``(n_scatters,)``.
        scatters: the pairs, shape ``(n_scatters, 2)``.
        flatness: 1/h of each run's first rise, NaN where it is not known, shape ``(n_runs,)``.
        flatness_error: standard deviation of the same.
    """

    gamma: Floats
    log_likelihood: Floats
    log_prior: Floats
    scatters: Floats
    flatness: Floats
    flatness_error: Floats

    def without(self, run: int) -> Lessons:
        """The lessons of all runs but one, by its position."""
        others = np.arange(len(self.flatness)) != run
        return replace(
            self,
            log_likelihood=self.log_likelihood[others],
            flatness=self.flatness[others],
            flatness_error=self.flatness_error[others],
        )


def base_of(family: Recipe) -> Law:
    """The law of a family whose scatter own runs refine: the most likely one."""
    return max(family.laws, key=lambda law: law.weight)


def vaguest_of(family: Recipe) -> Law:
    """The law of a family that says least about gamma, whatever the steepness."""
    return max((law for law in family.laws if not law.by_steepness), key=lambda law: law.scale)


def gamma_before(family: Recipe) -> tuple[float, float]:
    """Mean and standard deviation of a recipe's gamma, before its runs are seen."""
    law = vaguest_of(family)
    return law.gamma, _WIDEN * law.scale


def lessons_of(runs: Sequence[Sightings], family: Recipe) -> Lessons:
    """The tables of runs, each with at least one dated skill.

    Args:
        runs: dates of the skills at the end of each run.
        family: the shipped recipe of their kind.
    """
    law = base_of(family)
    strays = law.scatter.delay > 0
    scatters = np.array([(factor, shift) for factor in FACTORS for shift in (ODDS if strays else np.zeros(1))])
    gamma = _grid(runs, law, gamma_before(family))
    tables = [[_likelihood(scattered(law, *pair), seen, gamma) for pair in scatters.tolist()] for seen in runs]
    return Lessons(
        gamma=gamma,
        log_likelihood=np.array(tables),
        log_prior=norm.logpdf(np.log(scatters[:, 0]) / FACTOR_SD) + norm.logpdf(scatters[:, 1] / ODDS_SD),
        scatters=scatters,
        flatness=np.array([seen.flatness for seen in runs]),
        flatness_error=np.array([seen.flatness_error for seen in runs]),
    )


def scattered(law: Law, factor: float, shift: float) -> Law:
    """The law with its spreads times a factor, and its log odds of straggling shifted."""
    one = law.scatter
    return replace(
        law,
        scatter=replace(
            one,
            spread=one.spread * factor,
            spread_per_decade=one.spread_per_decade * factor,
            log_odds=one.log_odds + shift,
        ),
    )


def gamma_of(seen: Sightings, law: Law, before: tuple[float, float]) -> tuple[float, float]:
    """Mean and standard deviation of one run's gamma.

    Args:
        seen: dates of its skills, at least one.
        law: its scatter is that of the skills.
        before: the same before they are seen.
    """
    coarse = np.linspace(0, _LARGEST, _FIRST_LOOK)
    low, high = _seen(coarse, _posterior(seen, law, coarse, before))
    gamma = np.linspace(low, high, _FEWEST)
    weight = np.exp(_posterior(seen, law, gamma, before))
    weight /= weight.sum()
    mean = float(weight @ gamma)
    return mean, float(np.sqrt(weight @ (gamma - mean) ** 2))


def _posterior(seen: Sightings, law: Law, gamma: Floats, before: tuple[float, float]) -> Floats:
    log_weight = _likelihood(law, seen, gamma) + norm.logpdf(gamma, *before)
    return np.asarray(log_weight - log_weight.max())


def _likelihood(law: Law, seen: Sightings, gamma: Floats) -> Floats:
    reference = reference_of(seen)
    assert reference is not None  # asked for dated runs alone
    return gamma_likelihood(law, seen, reference, gamma)


def _grid(runs: Sequence[Sightings], law: Law, before: tuple[float, float]) -> Floats:
    """Even values of gamma that cover all that any run leaves likely."""
    coarse = np.linspace(0, _LARGEST, _FIRST_LOOK)
    ends = np.array([_seen(coarse, _posterior(seen, law, coarse, before)) for seen in runs])
    low, high = max(ends[:, 0].min() - _MARGIN, 0.0), min(ends[:, 1].max() + _MARGIN, _LARGEST)
    return np.linspace(low, high, int(np.clip((high - low) / _STEP, _FEWEST, _MOST)))


def _seen(gamma: Floats, log_weight: Floats) -> tuple[float, float]:
    """The ends of the grid that count, one point more on each side."""
    likely = np.flatnonzero(log_weight > log_weight.max() - _SEEN)
    return float(gamma[max(likely[0] - 1, 0)]), float(gamma[min(likely[-1] + 1, len(gamma) - 1)])


def typical_error(law: Law, decades: Floats) -> float:
    """Median error, in decades, of forecasts from the first skill alone, of a skill so many decades rarer on median."""
    if not decades.size:
        return math.nan
    sd = np.hypot(np.hypot(law.scatter.sd(0.0), law.scatter.sd(decades)), law.scale * decades)
    return float(np.median(norm.ppf(0.75) * sd))
