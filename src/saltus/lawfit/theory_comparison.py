"""Fitted exponents beside the theory: the alphas that each implies, and the exponents that an alpha implies."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from saltus.errors import InputError
from saltus.lawfit.alphas import implied_alphas, implied_exponent
from saltus.lawfit.fit import LawFit
from saltus.lawfit.points import Points
from saltus.theory.multilinear import Multilinear
from saltus.theory.scaling import LawResource, require_law_resource


@dataclass(frozen=True)
class BesideTheory:
    """One measured exponent and the theory's.

    Attributes:
        parameter: name of the exponent in the fit.
        resource: the one whose exponent it is.
        exponent: as fitted.
        alphas: those that give it in the limit of large amounts and infinitely many skills: one, or none.
        alpha_interval: from the ends of the exponent's interval; ``None`` without one or where an end has no alpha.
        at: amount at which the exact loss was taken, the geometric middle of the data; NaN without a model.
        alphas_at: those that give the exponent there, with the model's number of skills.
        exponent_of_alpha: exponent in the limit that the alpha asked about implies; NaN without one.
        exponent_of_alpha_at: the same at ``at``; NaN without an alpha or a model.
    """

    parameter: str
    resource: LawResource
    exponent: float
    alphas: tuple[float, ...]
    alpha_interval: tuple[float, float] | None
    at: float
    alphas_at: tuple[float, ...]
    exponent_of_alpha: float
    exponent_of_alpha_at: float


def beside_theory(
    fit: LawFit,
    points: Points,
    resource_of: Mapping[str, str],
    *,
    alpha: float | None = None,
    model: Multilinear | None = None,
) -> tuple[BesideTheory, ...]:
    """Compare the fitted exponents with the theory.

    Args:
        fit: the law.
        points: the measurements that it was fitted to.
        resource_of: resource of each exponent, by the exponent's name; exponents left out are not compared.
        alpha: also take the exponents that it implies.
        model: also look at the exact loss of such a model (its alpha is replaced) in the geometric middle of the data.
    """
    rows = []
    for name, position in fit.exponents.items():
        if name in resource_of:
            middle = math.exp(float(np.log(points.x[:, position]).mean()))
            rows.append(_row(fit, name, require_law_resource(resource_of[name]), alpha, model, middle))
    return tuple(rows)


def _row(
    fit: LawFit, name: str, resource: LawResource, alpha: float | None, model: Multilinear | None, middle: float
) -> BesideTheory:
    if model is not None and resource == "compute":
        raise InputError("finite n_skills need time, data or parameters", resource, "leave n_skills out for compute")
    exponent = fit.parameters[name]
    ends = [implied_alphas(end, resource) for end in fit.intervals.get(name, ())]
    has_interval = bool(ends) and all(ends)
    return BesideTheory(
        parameter=name,
        resource=resource,
        exponent=exponent,
        alphas=implied_alphas(exponent, resource),
        alpha_interval=(ends[0][0], ends[1][0]) if has_interval else None,
        at=math.nan if model is None else middle,
        alphas_at=() if model is None else implied_alphas(exponent, resource, model=model, at=middle),
        exponent_of_alpha=math.nan if alpha is None else implied_exponent(alpha, resource),
        exponent_of_alpha_at=(
            math.nan if alpha is None or model is None else implied_exponent(alpha, resource, model=model, at=middle)
        ),
    )
