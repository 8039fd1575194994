"""Recipes taught by runs: laws of emergence times by maximum likelihood, skills that have not come included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp

from saltus._types import Floats
from saltus.forecast.time.laws import Law, Recipe
from saltus.forecast.time.posterior import Sightings, law_posterior, reference_of

_PRIOR_SD = 1.0  # standard deviation of the logarithm of each number about the one that was there before
_LEAST = 1e-4  # least positive number, so that its logarithm is one
_TRIES = 250  # evaluations of the likelihood
_STEP = 0.25  # first steps of the search, in logarithms
_ROUNDS = 200  # rounds of expectation and maximisation
_RUNS_BEFORE = 4.0  # runs that the shares of a recipe count as


def log_likelihood(recipe: Recipe, runs: Sequence[Sightings]) -> float:
    """Logarithm of the probability of all dates of runs, each but its reference, and of skills that have not come."""
    return _mixed(recipe, np.column_stack([_evidence(law, runs) for law in recipe.laws]))


def _evidence(law: Law, runs: Sequence[Sightings]) -> Floats:
    """Log evidence of a law in each run; minus infinity where it does not apply, 0 in runs without a date."""
    found = np.zeros(len(runs))
    for i, seen in enumerate(runs):
        if (reference := reference_of(seen)) is not None:
            posterior = law_posterior(law, seen, reference)
            found[i] = -math.inf if posterior is None else posterior.log_evidence()
    return found


def _mixed(recipe: Recipe, evidence: Floats) -> float:
    """Log likelihood of the mixture from the evidence of each run and law; shares are of the laws that apply."""
    weight = np.array([law.weight for law in recipe.laws])
    applies = np.isfinite(evidence)
    of_run = logsumexp(evidence + np.log(weight), axis=1) - np.log((applies * weight).sum(axis=1))
    return float(of_run.sum())


@dataclass(frozen=True)
class _Number:
    """A number that runs can teach: how it is read from a law, put into one, and bent to the whole line."""

    read: Callable[[Law], float]
    put: Callable[[Law, float], Law]
    bend: Callable[[float], float]
    unbend: Callable[[float], float]


def _of_law(name: str) -> _Number:
    """A positive number of the law itself."""

    def put(law: Law, value: float) -> Law:
        changed: dict[str, Any] = {name: value}
        return replace(law, **changed)

    return _Number(
        lambda law: float(getattr(law, name)),
        put,
        lambda value: math.log(max(value, _LEAST)),
        math.exp,
    )


def _of_scatter(name: str, bend: Callable[[float], float], unbend: Callable[[float], float]) -> _Number:
    """A number of the law's scatter."""
    return _Number(
        lambda law: float(getattr(law.scatter, name)),
        lambda law, value: replace(law, scatter=replace(law.scatter, **{name: value})),
        bend,
        unbend,
    )


_NUMBERS = {
    **{name: _of_law(name) for name in ("gamma", "scale", "clock_error")},
    **{
        name: _of_scatter(name, lambda value: math.log(max(value, _LEAST)), math.exp)
        for name in ("spread", "spread_per_decade", "delay")
    },
    **{name: _of_scatter(name, float, float) for name in ("log_odds", "log_odds_per_decade")},
}


def taught(recipe: Recipe, runs: Sequence[Sightings], numbers: Sequence[str]) -> Recipe:
    """The recipe with its first law and the shares of all its laws fitted to runs.

    The other laws keep their numbers: they are what is left to runs that deny the first.

    Args:
        recipe: the laws to start from; each number of the first one is taken for log-normal about its value.
        runs: dates of the skills of each run, as they stand at its end, with the steepness of its first rise.
        numbers: names of numbers of the first law, e.g. "gamma", "scale", "spread"; none fits the shares alone.
    """
    first, others = recipe.laws[0], recipe.laws[1:]
    free = [_NUMBERS[name] for name in numbers if _can_be_taught(first, name)]
    start = np.array([number.bend(number.read(first)) for number in free])
    of_others = [_evidence(law, runs) for law in others]

    def made(values: Floats) -> Law:
        law = first
        for number, value in zip(free, values.tolist(), strict=True):
            law = number.put(law, number.unbend(value))
        return law

    def cost(values: Floats) -> float:
        evidence = np.column_stack([_evidence(made(values), runs), *of_others])
        return 0.5 * float(np.sum(((values - start) / _PRIOR_SD) ** 2)) - _mixed(recipe, evidence)

    best = start
    if free:
        corners = np.vstack([start, start + _STEP * np.eye(len(start))])
        options = {"maxfev": _TRIES, "xatol": 0.02, "fatol": 0.02, "initial_simplex": corners, "adaptive": True}
        best = minimize(cost, start, method="Nelder-Mead", options=options).x
    laws = (made(best), *others)
    shares = _shares(recipe, np.column_stack([_evidence(laws[0], runs), *of_others]))
    return replace(
        recipe,
        laws=tuple(replace(law, weight=share) for law, share in zip(laws, shares.tolist(), strict=True)),
        n_runs=len(runs),
    )


def _shares(recipe: Recipe, evidence: Floats) -> Floats:
    """Shares of the laws by expectation and maximisation, about those that the recipe has as if from some runs."""
    before = np.array([law.weight for law in recipe.laws])
    before /= before.sum()
    share = before
    for _ in range(_ROUNDS):
        log_weight = evidence + np.log(share)
        belongs = np.exp(log_weight - logsumexp(log_weight, axis=1, keepdims=True))
        counts = belongs.sum(axis=0) + _RUNS_BEFORE * before
        share = counts / counts.sum()
    return np.asarray(share)


def _can_be_taught(law: Law, name: str) -> bool:
    """Whether a law has that number at all: a certain gamma has no scale, a law without stragglers no odds of them."""
    if name in ("delay", "log_odds", "log_odds_per_decade"):
        return law.scatter.delay > 0
    if name == "clock_error":
        return law.clock_error > 0
    return law.scale > 0 if name in ("gamma", "scale") else True
