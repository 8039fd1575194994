"""Recipes of a user's own runs: gamma, steepness, spreads and stragglers by hierarchical models of a few runs.

Two laws compete. Runs of one recipe share gamma, or they share h0 = gamma times the steepness of the first rise. In
each, a run's own number is normal about the recipe's; the scatter of skills is that of the family times a factor.
Weights over grids of all four (centre, spread between runs, factor, odds of straggling) give what to expect of one more
run, whether one run taught or a hundred. The laws of the family keep a small share, for runs that deny it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import expit, logsumexp, ndtr
from scipy.stats import norm, t

from saltus._types import Floats
from saltus.forecast.time.laws import Coverage, Law, Recipe
from saltus.forecast.time.lessons import Lessons, base_of, gamma_before, scattered, vaguest_of

OWN = "own gamma"
"""Name of the law of a gamma that the runs share."""
OWN_STEEPNESS = "own steepness"
"""Name of the law of gamma times steepness that the runs share."""
_ESCAPE = 0.07  # share of the family's laws
_SAME_GAMMA = 0.75  # share of recipes whose runs share gamma, and not h0, before their runs are compared
_LEAST, _MOST = 0.1, 0.9  # bounds of that share after it
_BETWEEN = 0.036  # spread of gamma between runs, median before any are seen: measured between seeds
_BETWEEN_SD = 0.7  # standard deviation of its logarithm
_OF_FAMILY = 0.7  # most of the spread between runs of a family that runs of one recipe are expected to have
_SCALES = np.geomspace(0.008, 0.6, 11)  # spreads of gamma between runs
_H0_SD = 1.0  # standard deviation of the logarithm of h0 about the family's
_H0_POINTS, _H0_MARGIN = 81, 1.6  # points of the grid of h0, and its reach beyond what runs show, as a factor
_AROUND = 1.5  # steepness up to so many times, and down to that part, of what was taught lets the law of h0 apply
_DEGREES = (3.0, 4.0, 6.0, 10.0, 30.0)  # degrees of freedom that gamma of one more run may have


@dataclass(frozen=True)
class _Posterior:
    """Weights over scatter, spread between runs and centre, and what each run adds to them.

    Attributes:
        centres: of gamma, or of h0, shape ``(n_centres,)``.
        log_prior: shape ``(n_scatters, n_scales, n_centres)``.
        log_runs: shape ``(n_runs, n_scatters, n_scales, n_centres)``.
    """

    centres: Floats
    log_prior: Floats
    log_runs: Floats

    def weight(self) -> Floats:
        """The weights, which add up to 1."""
        total = self.log_prior + self.log_runs.sum(axis=0)
        return np.asarray(np.exp(total - logsumexp(total)))

    def foreseen(self) -> Floats:
        """Logarithm of the probability of each run by the others."""
        total = self.log_prior + self.log_runs.sum(axis=0)
        return np.array([logsumexp(total) - logsumexp(total - own) for own in self.log_runs])


def own_recipe(
    lessons: Lessons, family: Recipe, *, name: str, about: str, reach: float, coverage: tuple[Coverage, ...] = ()
) -> Recipe:
    """The recipe that runs teach.

    Args:
        lessons: of at least one run.
        family: the shipped recipe of their kind.
        name: of the recipe.
        about: the runs in words.
        reach: the most decades of frequency between skills that came.
        coverage: of such forecasts, by class.
    """
    shared = _shared_gamma(lessons, family)
    laws = [replace(_law_of_gamma(shared, lessons, family), weight=1 - _ESCAPE)]
    if any(law.by_steepness for law in family.laws) and np.isfinite(lessons.flatness).any():
        steep = _shared_steepness(lessons, family)
        share = _share_of_gamma(shared, steep, np.isfinite(lessons.flatness))
        law = _law_of_steepness(steep, lessons, _scattered(shared, lessons, family))
        laws = [replace(laws[0], weight=share * (1 - _ESCAPE)), replace(law, weight=(1 - share) * (1 - _ESCAPE))]
    laws += [replace(law, weight=law.weight * _ESCAPE) for law in family.laws]
    return replace(
        family,
        name=name,
        about=about,
        laws=tuple(laws),
        reach=reach,
        n_runs=len(lessons.flatness),
        coverage=coverage,
        version=1,
    )


def _shared_gamma(lessons: Lessons, family: Recipe) -> _Posterior:
    centres = lessons.gamma
    log_prior = norm.logpdf(centres, *gamma_before(family))
    shares = _shares(lessons.gamma, centres, np.zeros_like(centres))
    return _posterior(lessons, family, centres, log_prior, lambda run: shares)  # noqa: ARG005


def _shared_steepness(lessons: Lessons, family: Recipe) -> _Posterior:
    before = next(law.gamma for law in family.laws if law.by_steepness)
    known = np.flatnonzero(np.isfinite(lessons.flatness))
    best = lessons.gamma[lessons.log_likelihood.max(axis=1).argmax(axis=1)][known] / lessons.flatness[known]
    best = np.maximum(best, before / 10)
    centres = np.linspace(best.min() / _H0_MARGIN, best.max() * _H0_MARGIN, _H0_POINTS)
    log_prior = norm.logpdf(np.log(centres / before) / _H0_SD) - np.log(centres)

    def shares(run: int) -> Floats | None:
        flatness, error = lessons.flatness[run], lessons.flatness_error[run]
        return _shares(lessons.gamma, centres * flatness, centres * error) if math.isfinite(flatness) else None

    return _posterior(lessons, family, centres, log_prior, shares)


def _shares(gamma: Floats, mean: Floats, error: Floats) -> Floats:
    """Probability of each gamma by spread between runs and centre, shape ``(n_scales, n_centres, n_gamma)``.

    Args:
        gamma: even grid.
        mean: of gamma, by centre.
        error: of that mean, as a standard deviation.
    """
    half = (gamma[1] - gamma[0]) / 2
    edges = np.append(gamma - half, gamma[-1] + half)
    sd = np.hypot(_SCALES[:, None], error)
    return np.diff(ndtr((edges - mean[:, None]) / sd[..., None]), axis=-1)


def _posterior(
    lessons: Lessons,
    family: Recipe,
    centres: Floats,
    log_prior: Floats,
    shares: Callable[[int], Floats | None],
) -> _Posterior:
    """The posterior of a law by the probability of gamma (`_shares`) of each run; None for a run that tells nothing."""
    between = min(_BETWEEN, _OF_FAMILY * vaguest_of(family).scale)
    log_between = norm.logpdf(np.log(_SCALES / between) / _BETWEEN_SD)
    shape = (len(lessons.scatters), len(_SCALES), len(centres))
    log_runs = np.zeros((len(lessons.flatness), *shape))
    for run, log_likelihood in enumerate(lessons.log_likelihood):
        found = shares(run)
        if found is not None:
            best = log_likelihood.max()
            likelihood = np.exp(log_likelihood - best) @ found.reshape(-1, len(lessons.gamma)).T
            log_runs[run] = best + np.log(np.maximum(likelihood, np.finfo(float).tiny)).reshape(shape)
    prior = lessons.log_prior[:, None, None] + log_between[:, None] + log_prior
    return _Posterior(centres, prior, log_runs)


def _law_of_gamma(shared: _Posterior, lessons: Lessons, family: Recipe) -> Law:
    by_scale = shared.weight().sum(axis=0)
    centre = float(by_scale.sum(axis=0) @ shared.centres)
    scale, degrees = _one_more(by_scale, shared.centres - centre)
    law = _scattered(shared, lessons, family)
    return replace(
        law, name=OWN, gamma=centre, scale=scale, degrees=degrees, by_steepness=False, steepness=None, weight=1.0
    )


def _law_of_steepness(steep: _Posterior, lessons: Lessons, law: Law) -> Law:
    by_scale = steep.weight().sum(axis=0)
    centre = float(by_scale.sum(axis=0) @ steep.centres)
    flatness = lessons.flatness[np.isfinite(lessons.flatness)]
    scale, degrees = _one_more(by_scale, (steep.centres - centre) * float(np.median(flatness)))
    return replace(
        law,
        name=OWN_STEEPNESS,
        gamma=centre,
        scale=scale,
        degrees=degrees,
        by_steepness=True,
        steepness=(1 / (_AROUND * float(flatness.max())), _AROUND / float(flatness.min())),
        weight=1.0,
    )


def _scattered(shared: _Posterior, lessons: Lessons, family: Recipe) -> Law:
    """The law of the family with the scatter that the runs teach: the mean square of the spreads, the mean odds."""
    weight = shared.weight().sum(axis=(1, 2))
    factors, shifts = lessons.scatters.T
    return scattered(base_of(family), float(np.sqrt(weight @ factors**2)), float(weight @ shifts))


def _one_more(by_scale: Floats, deviations: Floats) -> tuple[float, float | None]:
    """Scale and degrees of freedom of Student's t nearest to a mixture of normal laws; None where that is a normal one.

    Args:
        by_scale: weights of the spreads `_SCALES` and of the deviations.
        deviations: of the centres from their mean.
    """
    widest = math.sqrt(float(np.sum(by_scale * (_SCALES[:, None] ** 2 + deviations**2))))
    at = np.linspace(-8 * widest, 8 * widest, 321)
    cells = np.exp(-0.5 * ((at[:, None, None] - deviations) / _SCALES[:, None]) ** 2) / _SCALES[:, None]
    density = np.einsum("gsc,sc->g", cells, by_scale)
    density /= density.sum()

    def loss(degrees: float | None) -> tuple[float, float]:
        law = norm if degrees is None else t(degrees)
        found = minimize_scalar(
            lambda log_scale: -float(density @ (law.logpdf(at / math.exp(log_scale)) - log_scale)),
            bounds=(math.log(widest / 10), math.log(widest * 2)),
            method="bounded",
        )
        return float(found.fun), math.exp(float(found.x))

    tried = [(*loss(degrees), degrees) for degrees in (*_DEGREES, None)]
    _, scale, degrees = min(tried, key=lambda one: one[0])
    return scale, degrees


def _share_of_gamma(shared: _Posterior, steep: _Posterior, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """Share of the law of one gamma: by how well each run is foreseen from the others under either law."""
    gain = float(np.sum((shared.foreseen() - steep.foreseen())[known])) if known.sum() > 1 else 0.0
    share = float(expit(math.log(_SAME_GAMMA / (1 - _SAME_GAMMA)) + gain))
    return min(max(share, _LEAST), _MOST)
