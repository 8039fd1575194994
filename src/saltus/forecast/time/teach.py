"""Recipes taught by runs: laws of emergence times by maximum likelihood, skills that have not come included."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from saltus._types import Floats
from saltus.forecast.time.laws import Law, Recipe
from saltus.forecast.time.posterior import Sightings, law_posterior, reference_of

_PRIOR_SD = 1.0  # standard deviation of the logarithm of each number about the one that was there before
_TRIES = 250  # evaluations of the likelihood


def log_likelihood(recipe: Recipe, runs: Sequence[Sightings]) -> float:
    """Logarithm of the probability of all dates of runs, each but its reference, and of skills that have not come."""
    return float(sum(_of_run(recipe, seen) for seen in runs))


def _of_run(recipe: Recipe, seen: Sightings) -> float:
    reference = reference_of(seen)
    if reference is None:
        return 0.0
    found = [law_posterior(law, seen, reference) for law in recipe.laws]
    evidence = [math.log(one.law.weight) + one.log_evidence() for one in found if one is not None]
    total = math.log(sum(law.weight for law, one in zip(recipe.laws, found, strict=True) if one is not None))
    return float(np.logaddexp.reduce(evidence)) - total if evidence else 0.0


@dataclass(frozen=True)
class _Number:
    """A number that runs can teach: how it is read from a law, put into one, and bent to the whole line."""

    read: Callable[[Law], float]
    put: Callable[[Law, float], Law]
    bend: Callable[[float], float]
    unbend: Callable[[float], float]


def _scatter(name: str) -> _Number:
    return _Number(
        lambda law: float(getattr(law.scatter, name)),
        lambda law, value: replace(law, scatter=replace(law.scatter, **{name: value})),
        lambda value: math.log(max(value, 1e-4)),
        math.exp,
    )


def _plain(name: str) -> _Number:
    return _Number(
        lambda law: float(getattr(law.scatter, name)),
        lambda law, value: replace(law, scatter=replace(law.scatter, **{name: value})),
        float,
        float,
    )


_NUMBERS = {
    "gamma": _Number(lambda law: law.gamma, lambda law, value: replace(law, gamma=value), math.log, math.exp),
    "scale": _Number(
        lambda law: law.scale, lambda law, value: replace(law, scale=value), lambda v: math.log(max(v, 1e-4)), math.exp
    ),
    "clock_error": _Number(
        lambda law: law.clock_error,
        lambda law, value: replace(law, clock_error=value),
        lambda v: math.log(max(v, 1e-4)),
        math.exp,
    ),
    "spread": _scatter("spread"),
    "spread_per_decade": _scatter("spread_per_decade"),
    "delay": _scatter("delay"),
    "log_odds": _plain("log_odds"),
    "log_odds_per_decade": _plain("log_odds_per_decade"),
}


def taught(recipe: Recipe, runs: Sequence[Sightings], numbers: Sequence[str], *, weights: bool = False) -> Recipe:
    """The recipe with numbers of its laws fitted to runs, about the values that they have.

    Args:
        recipe: the laws to start from; each number of a law is taken for log-normal about its value.
        runs: dates of the skills of each run, as they stand at its end, with the steepness of its first rise.
        numbers: names of numbers of every law, e.g. "gamma", "scale", "spread".
        weights: whether the shares of the laws are fitted too.
    """
    laws, free = recipe.laws, [(i, name) for i in range(len(recipe.laws)) for name in numbers]
    free = [(i, name) for i, name in free if _can_be_taught(laws[i], name)]
    start = np.array([_NUMBERS[name].bend(_NUMBERS[name].read(laws[i])) for i, name in free])
    shares = np.array([float(logit(min(max(law.weight, 0.01), 0.99))) for law in laws[1:]] if weights else [])

    def made(values: Floats) -> Recipe:
        changed = list(laws)
        for (i, name), value in zip(free, values, strict=False):
            changed[i] = _NUMBERS[name].put(changed[i], _NUMBERS[name].unbend(float(value)))
        if shares.size:
            of_others = expit(values[len(free) :])
            total = 1 + float(of_others.sum())
            changed = [
                replace(law, weight=float(share) / total)
                for law, share in zip(changed, [1.0, *of_others.tolist()], strict=True)
            ]
        return replace(recipe, laws=tuple(changed), n_runs=len(runs))

    first = np.concatenate([start, shares])

    def cost(values: Floats) -> float:
        return 0.5 * float(np.sum(((values - first) / _PRIOR_SD) ** 2)) - log_likelihood(made(values), runs)

    return made(minimize(cost, first, method="Nelder-Mead", options={"maxfev": _TRIES, "xatol": 0.01, "fatol": 0.01}).x)


def _can_be_taught(law: Law, name: str) -> bool:
    """Whether a law has that number at all: a certain gamma has no scale, a law without stragglers no odds of them."""
    if name in ("delay", "log_odds", "log_odds_per_decade"):
        return law.scatter.delay > 0
    if name == "clock_error":
        return law.clock_error > 0
    return law.scale > 0 if name in ("gamma", "scale") else True
