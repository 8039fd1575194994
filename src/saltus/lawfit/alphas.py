"""The exponent that an alpha implies, and the alphas that a measured exponent implies.

In the limit, L falls with exponent alpha/(alpha+1) in time and data, alpha in parameters and alpha/(alpha+2) in compute
(``Nam et al. 2024, Sec. 4``). At a finite amount, or with finitely many skills, the exact loss has a local exponent
of its own there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from saltus.errors import InputError, require_positive
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import EXPONENTS, LawResource, local_exponent, require_law_resource

_ALPHA: dict[LawResource, Callable[[float], float]] = {
    "time": lambda exponent: exponent / (1 - exponent),
    "data": lambda exponent: exponent / (1 - exponent),
    "parameters": lambda exponent: exponent,
    "compute": lambda exponent: 2 * exponent / (1 - exponent),
}
# Where alphas are looked for, close enough to separate two that give the same local exponent.
_ALPHAS = np.geomspace(0.01, 5.0, 40)
_STEEPEST = 1e6  # stands for infinite exponents, so that roots can be bracketed


def implied_exponent(
    alpha: float, resource: LawResource, *, model: Multilinear | None = None, at: float = math.inf
) -> float:
    """Exponent of the loss in one resource for skill frequencies that fall as k^-(alpha+1).

    Args:
        alpha: greater than 0.
        resource: ``"time"``, ``"data"``, ``"parameters"`` or ``"compute"``.
        model: with power-law frequencies of any alpha, which is replaced; its n_skills, S, r and eta count.
        at: amount of the resource (the others unlimited) at which the exact loss's local exponent is taken; by default
            the exponent is that of the law, in the limit of large amounts and infinitely many skills. ``inf`` where
            the exact loss is zero in double precision.

    Raises:
        InputError: if a value is outside its range, ``at`` is given without a model or for compute, or the model has no
            loss left to fall there.
    """
    require_positive("alpha", alpha, "give the exponent of the frequencies minus one")
    require_law_resource(resource)
    if math.isinf(at):
        return EXPONENTS[resource](alpha)
    return _local(alpha, resource, *_checked(resource, model, at))


def implied_alphas(
    exponent: float, resource: LawResource, *, model: Multilinear | None = None, at: float = math.inf
) -> tuple[float, ...]:
    """Every alpha that gives a measured exponent, ascending: none, one, or (at finite amounts) several.

    Arguments as in `implied_exponent`. In the limit there is one for an exponent above 0 (and below 1, but in
    parameters). With ``at``, alphas from 0.01 to 5 are searched: where few skills are left to learn, the local exponent
    first falls and then rises with alpha, and two alphas can give the same.
    """
    require_law_resource(resource)
    if math.isinf(at):
        possible = exponent > 0 and (exponent < 1 or resource == "parameters")
        return (_ALPHA[resource](exponent),) if possible else ()
    checked = _checked(resource, model, at)

    def excess(alpha: float) -> float:
        return min(_local(alpha, resource, *checked), _STEEPEST) - exponent

    values = np.array([excess(alpha) for alpha in _ALPHAS])
    crossings = np.flatnonzero((values[:-1] < 0) != (values[1:] < 0))
    return tuple(float(brentq(excess, _ALPHAS[i], _ALPHAS[i + 1], xtol=1e-10)) for i in crossings)


def _local(alpha: float, resource: LawResource, model: Multilinear, at: float) -> float:
    assert isinstance(model.frequencies, PowerLaw)
    model = replace(model, frequencies=replace(model.frequencies, alpha=alpha))
    if resource == "parameters":
        return local_exponent(replace(model, n_parameters=at), resource)
    if model.loss(**{resource: _beyond(resource, at)}) == 0:
        return math.inf  # every skill is learned to the last digit: the loss falls faster than any power
    return local_exponent(model, resource, **{resource: at})


def _beyond(resource: LawResource, at: float) -> float:
    """More than the largest amount that `local_exponent` looks at."""
    return at * 1.1 if resource == "time" else max(round(at * 1.1), at + 2)


def _checked(resource: LawResource, model: Multilinear | None, at: float) -> tuple[Multilinear, float]:
    """The model, and the amount, whole where it must be."""
    if resource == "compute":
        raise InputError("a local exponent exists for time, data and parameters", resource, "leave at out for compute")
    if model is None or not isinstance(model.frequencies, PowerLaw):
        raise InputError("a local exponent needs a model with power-law frequencies", model, "give one with model=")
    require_positive("at", at, "give the amount of the resource")
    amount = at if resource == "time" else max(round(at), 2)
    if resource == "parameters" and amount >= model.frequencies.n_skills - 1:
        raise InputError("parameters must be fewer than the skills", at, "a model of all skills has no loss left")
    return model, amount
