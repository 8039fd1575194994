"""Posterior of a run's power law: weights over its start and gamma, from dates of skills and from their absence.

All skills of a run lie about one line, log10(time) = start + gamma decades + scatter. A law gives the prior of gamma
and the scatter; each skill that has come, has not come, or came before it was measured is a factor. Grids hold both
numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import logsumexp, ndtr

from saltus._types import Flags, Floats
from saltus.forecast.time.laws import Law, Prior

_NEAR, _FINE = 5.0, 2.5  # half-width of the grid of starts, and its points, a standard deviation
_SLOW = 6.0  # mean delays of a straggler that the grid of starts reaches back
_TAIL_STEP, _MOST = 0.8, 240  # its step there, in standard deviations, and the most points in either part
_COARSE, _SEEN = 41, 1e-7  # points of gamma in a first look, and the share of the best below which they do not count
_TINY = 1e-12  # probability, or spread in decades, that counts as none
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
        of_runs: part of `error` that differences between runs make, in quadrature.
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
    of_runs: Floats | float = 0.0

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

    def with_growth_of(self, skills: Flags) -> Sightings:
        """The same without dates by growth of all other skills."""
        dropped = self.growing & ~skills
        if not dropped.any():
            return self
        log_time, error = np.where(dropped, np.nan, self.log_time), np.where(dropped, 0.0, self.error)
        return replace(self, log_time=log_time, error=error, growing=self.growing & skills)


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

    @cached_property
    def _log_total(self) -> Floats:
        return np.asarray(self.log_weight + self.log_factor.sum(axis=0))

    def log_weight_without(self, skill: int | None = None) -> Floats:
        """Logarithms of the weights, without the factor of one skill by its position."""
        return self._log_total if skill is None else self._log_total - self.log_factor[skill]

    def log_evidence(self, skill: int | None = None) -> float:
        """Logarithm of the probability of all dates but the reference's, or but one skill's too."""
        return float(logsumexp(self.log_weight_without(skill)))

    def mean_gamma(self) -> tuple[float, float]:
        """Mean and standard deviation of gamma."""
        weight = np.exp(self._log_total - self._log_total.max()).sum(axis=1)
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
    left_out = [None, *(k for k in range(len(seen.decades)) if k != reference)]
    seen_at = np.array([first.log_weight_without(k).max(axis=1) for k in left_out])  # each is forecast by the others
    likely = np.flatnonzero((seen_at > seen_at.max(axis=1, keepdims=True) + np.log(_SEEN)).any(axis=0))
    low, high = max(likely[0] - 1, 0), min(likely[-1] + 1, len(first.gamma) - 1)
    return _on_grid(law, seen, reference, np.linspace(first.gamma[low], first.gamma[high], _POINTS), prior)


def _on_grid(law: Law, seen: Sightings, reference: int, gamma: Floats, prior: Prior) -> LawPosterior:
    scatter, decades = law.scatter, seen.decades
    sd = scatter.sd(decades, np.hypot(seen.error, seen.extra_sd(law, prior.centre)))
    straggling = scatter.straggling(seen.samples)
    finest = float(scatter.sd(decades, seen.extra_sd(law, prior.centre)).min())
    late = _lateness(float(sd[reference]), finest, scatter.delay if straggling[reference] > 0 else 0.0)
    log_late = scatter.log_density(late, sd[reference], straggling[reference]) + np.log(np.gradient(late))
    start = seen.log_time[reference] - np.add.outer(gamma * decades[reference], late)
    factors = np.zeros((len(decades), *start.shape))
    for k in range(len(decades)):
        if k != reference:
            expected = start + (gamma * decades[k])[:, None]
            factors[k] = _log_factor(law, seen, k, expected, float(sd[k]), float(straggling[k]))
    return LawPosterior(law, gamma, start, np.add.outer(prior.log_weight(gamma), log_late), factors)


def _lateness(sd: float, finest: float, delay: float) -> Floats:
    """Grid of the reference's own lateness: finest where it is normal, then along a straggler's tail.

    Args:
        sd: standard deviation of the normal part.
        finest: the smallest one that skills have about their line; steps are no larger, as far as that can be had.
        delay: mean delay of a straggler.
    """
    n_near = int(np.clip(math.ceil(2 * _NEAR * sd / finest), 2 * _NEAR * _FINE, _MOST)) + 1
    near = np.linspace(-_NEAR * sd, _NEAR * sd, n_near)
    if delay <= 0:
        return near
    n = min(math.ceil(_SLOW * delay / (_TAIL_STEP * sd)), _MOST)
    return np.concatenate([near, _NEAR * sd + _SLOW * delay * np.arange(1, n + 1) / n])


def _log_factor(law: Law, seen: Sightings, k: int, expected: Floats, sd: float, straggling: float) -> Floats:
    scatter = law.scatter
    if seen.dated[k]:
        density = scatter.log_density(seen.log_time[k] - expected, sd, straggling)
        return density + _log_to_come(seen, k, expected, density, sd, straggling) if seen.growing[k] else density
    if np.isfinite(seen.not_before[k]):
        return scatter.log_sf(seen.not_before[k] - expected, sd, straggling)
    if np.isfinite(seen.not_after[k]):
        return scatter.log_cdf(seen.not_after[k] - expected, sd, straggling)
    return np.zeros_like(expected)


def _log_to_come(
    seen: Sightings, k: int, expected: Floats, log_density: Floats, sd: float, straggling: float
) -> Floats:
    """Logarithm of the probability that a growing skill comes after now, by its line and its own date together."""
    date, error, now = float(seen.log_time[k]), float(seen.error[k]), float(seen.not_before[k])
    own = max(sd**2 - error**2, 0.0)  # variance of the scatter
    mean, spread = (expected * error**2 + date * own) / sd**2, max(error * math.sqrt(own) / sd, _TINY)
    log_normal = -0.5 * ((date - expected) / sd) ** 2 - math.log(sd * math.sqrt(2 * math.pi))
    on_time = np.exp(np.minimum(np.log1p(-straggling) + log_normal - log_density, 0.0))
    straggler = ndtr((date - now) / error)  # its line says next to nothing
    return np.asarray(np.log(np.maximum(on_time * ndtr((mean - now) / spread) + (1 - on_time) * straggler, _TINY)))


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
