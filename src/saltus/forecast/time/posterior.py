"""Posterior of a run's power law: weights over its start and gamma, from dates of skills and from their absence.

All skills of a run lie about one line, log10(time) = start + gamma decades + scatter. A law gives the prior of gamma and
the scatter; each skill that has come, has not come, or came before it was measured is a factor. Grids hold both numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from saltus._types import Flags, Floats
from saltus.forecast.time.laws import Law, Prior

_NEAR, _FINE = 5.0, 2.5  # half-width of the grid of starts, and its points, a standard deviation
_SLOW, _TAIL_POINTS = 6.0, 24  # mean delays of a straggler that the grid of starts reaches back, and its points there
_COARSE, _SEEN = 41, 1e-7  # points of gamma in a first look, and the share of the best below which they do not count
_POINTS = 81  # points of gamma in the second look


@dataclass(frozen=True)
class Sightings:
    """Dates of the skills of a run, as they are known at one moment; arrays of shape ``(n_skills,)``.

    Attributes:
        decades: log10 of the highest frequency over each skill's own.
        decades_error: standard deviation of the same.
        clock_shift: decades by which the clock moves each skill against the first; 0 where steps count alike.
        samples: samples of a skill in a batch; NaN where it is not known.
        log_time: log10 of the time at half strength, NaN where there is no date.
        error: standard deviation of ``log_time``, 0 without a date.
        not_before: log10 of the time by which a skill had not come; minus infinity where nothing is known.
        not_after: log10 of the time by which it had come; infinity where nothing is known.
        growing: whether the date is from growth alone: the skill has not come by ``not_before``.
        flatness: 1/h of the first rise; NaN where its steepness is not known.
        flatness_error: standard deviation of the same.
    """

    decades: Floats
    decades_error: Floats
    clock_shift: Floats
    samples: Floats
    log_time: Floats
    error: Floats
    not_before: Floats
    not_after: Floats
    growing: Flags
    flatness: float
    flatness_error: float

    @property
    def dated(self) -> Flags:
        """Whether each skill has a date."""
        return np.isfinite(self.log_time)

    def extra_sd(self, law: Law, gamma: float) -> Floats:
        """Standard deviation of each skill's log10(time) by errors of clock and frequency, decades."""
        return np.hypot(law.clock_error * self.clock_shift, gamma * self.decades_error)

    @property
    def emerged(self) -> Flags:
        """Whether each skill has a date since it has come."""
        return self.dated & ~self.growing


@dataclass(frozen=True)
class LawPosterior:
    """One law's weights over gamma and the start, given the dates.

    Attributes:
        law: of the run.
        gamma: grid, shape ``(n_gamma,)``.
        start: log10 of the time of a skill of the highest frequency, shape ``(n_gamma, n_starts)``.
        log_weight: of each pair before any skill but the reference is seen.
        log_factor: of every skill, shape ``(n_skills, n_gamma, n_starts)``; 0 for the reference.
    """

    law: Law
    gamma: Floats
    start: Floats
    log_weight: Floats
    log_factor: Floats

    def log_weight_without(self, skill: int | None = None) -> Floats:
        """Logarithms of the weights, without the factor of one skill by its position."""
        total = self.log_weight + self.log_factor.sum(axis=0)
        return total if skill is None else total - self.log_factor[skill]

    def log_evidence(self, skill: int | None = None) -> float:
        """Logarithm of the probability of all dates but the reference's, or but one skill's too."""
        return float(logsumexp(self.log_weight_without(skill)))

    def mean_gamma(self) -> tuple[float, float]:
        """Mean and standard deviation of gamma."""
        total = self.log_weight_without()
        weight = np.exp(total - total.max()).sum(axis=1)
        weight /= weight.sum()
        mean = float(weight @ self.gamma)
        return mean, float(np.sqrt(weight @ (self.gamma - mean) ** 2))


def reference_of(seen: Sightings, without: int | None = None) -> int | None:
    """Position of the dated skill with the smallest error, the most frequent of equals; None without any."""
    dated = seen.dated.copy()
    if without is not None:
        dated[without] = False
    if not dated.any():
        return None
    come = dated & ~seen.growing
    return int(np.where(come if come.any() else dated, seen.error, np.inf).argmin())


def law_posterior(law: Law, seen: Sightings, reference: int) -> LawPosterior | None:
    """The posterior under one law; None where the law does not apply to the steepness of the run.

    Args:
        law: of the run.
        seen: dates of its skills.
        reference: position of the dated skill from which the line is drawn (`reference_of`).
    """
    if not law.applies(seen.flatness):
        return None
    prior = law.prior(seen.flatness, seen.flatness_error)
    first = _on_grid(law, seen, reference, prior.grid(_COARSE), prior)
    if len(first.gamma) == 1:
        return first
    seen_at = first.log_weight_without().max(axis=1)
    likely = np.flatnonzero(seen_at > seen_at.max() + np.log(_SEEN))
    low, high = max(likely[0] - 1, 0), min(likely[-1] + 1, len(first.gamma) - 1)
    return _on_grid(law, seen, reference, np.linspace(first.gamma[low], first.gamma[high], _POINTS), prior)


def _on_grid(law: Law, seen: Sightings, reference: int, gamma: Floats, prior: Prior) -> LawPosterior:
    scatter, decades = law.scatter, seen.decades
    sd = scatter.sd(decades, np.hypot(seen.error, seen.extra_sd(law, prior.centre)))
    straggling = scatter.straggling(seen.samples)
    late = _lateness(float(sd[reference]), scatter.delay if straggling[reference] > 0 else 0.0)
    log_late = scatter.log_density(late, sd[reference], straggling[reference]) + np.log(np.gradient(late))
    start = seen.log_time[reference] - np.add.outer(gamma * decades[reference], late)
    factors = np.zeros((len(decades), *start.shape))
    for k in range(len(decades)):
        if k != reference:
            expected = start + (gamma * decades[k])[:, None]
            factors[k] = _log_factor(law, seen, k, expected, float(sd[k]), float(straggling[k]))
    return LawPosterior(law, gamma, start, np.add.outer(prior.log_weight(gamma), log_late), factors)


def _lateness(sd: float, delay: float) -> Floats:
    """Grid of the reference's own lateness: fine where it is normal, coarse along a straggler's tail."""
    near = np.linspace(-_NEAR * sd, _NEAR * sd, int(2 * _NEAR * _FINE) + 1)
    if delay <= 0:
        return near
    return np.concatenate([near, _NEAR * sd + _SLOW * delay * np.linspace(0, 1, _TAIL_POINTS + 1)[1:] ** 1.5])


def _log_factor(law: Law, seen: Sightings, k: int, expected: Floats, sd: float, straggling: float) -> Floats:
    scatter = law.scatter
    if seen.dated[k]:
        return scatter.log_density(seen.log_time[k] - expected, sd, straggling)
    if np.isfinite(seen.not_before[k]):
        return scatter.log_sf(seen.not_before[k] - expected, sd, straggling)
    if np.isfinite(seen.not_after[k]):
        with np.errstate(divide="ignore"):
            return np.log(scatter.cdf(seen.not_after[k] - expected, sd, straggling))
    return np.zeros_like(expected)


def gamma_likelihood(law: Law, seen: Sightings, reference: int, gamma: Floats) -> Floats:
    """Logarithm of the likelihood of each gamma by the dates of one run, up to a constant; shape ``(n_gamma,)``.

    Args:
        law: its scatter is that of the skills; its prior of gamma is not used.
        seen: dates of the skills.
        reference: position of the dated skill from which the line is drawn (`reference_of`).
        gamma: at least 0, ascending.
    """
    flat = Prior(float(gamma.mean()), 0.0, None)
    return np.asarray(logsumexp(_on_grid(law, seen, reference, gamma, flat).log_weight_without(), axis=1))
