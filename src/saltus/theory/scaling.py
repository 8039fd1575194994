"""Scaling laws ``L = prefactor * x^-exponent`` of the multilinear model, each with its prefactor computed.

``Nam et al. 2024, Sec. 4, App. E and J``. Prefactors hold for any alpha, offset, S, r and eta.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit

from saltus._types import Floats
from saltus.errors import InputError
from saltus.theory.crossovers import (
    data_scale,
    power_law_of,
    time_and_parameters,
    time_scale,
    unmodelled,
)
from saltus.theory.multilinear import Multilinear
from saltus.theory.polylog import onset_integral
from saltus.theory.validity import LawCheck, Resources, evaluated, statements

LawResource = Literal["time", "data", "parameters", "compute"]

# Exponent of the loss in each resource, as a function of alpha (``Nam et al. 2024, Thm. 1, 4, 5 and Cor. 5``).
EXPONENTS: dict[LawResource, Callable[[float], float]] = {
    "time": lambda alpha: alpha / (alpha + 1),
    "data": lambda alpha: alpha / (alpha + 1),
    "parameters": lambda alpha: alpha,
    "compute": lambda alpha: alpha / (alpha + 2),
}

_LOG_STEP = 0.01  # half the distance in log x over which a local exponent is measured
_LARGEST_LOG_N = 600.0  # bound on the search for the optimal N, near the end of double precision


@dataclass(frozen=True)
class ScalingLaw:
    """``loss = prefactor * x^-exponent - shift``, x the resource that limits the loss.

    Attributes:
        resource: name of x: time T, data D, parameters N, or compute C = N T.
        exponent: alpha/(alpha+1), alpha/(alpha+1), alpha, alpha/(alpha+2).
        prefactor: in the units of the loss times those of x^exponent.
        validity: conditions under which the law holds (``Nam et al. 2024, Table 2``).
        shift: 0 but for the corrected time law.
        optimal_lambda: of the compute law, N = lambda (eta S C)^(1/(alpha+2)) being optimal (Cor. 5); else ``None``.
        model: the one that the law describes.
    """

    resource: LawResource
    exponent: float
    prefactor: float
    validity: tuple[str, ...]
    model: Multilinear = field(repr=False)
    shift: float = 0.0
    optimal_lambda: float | None = None

    def __call__(self, x: ArrayLike) -> float | Floats:
        """Loss at an amount x > 0 of the resource: a float for a scalar, else an array of its shape."""
        amount = np.asarray(x, dtype=float)
        if not np.all(amount > 0):
            raise InputError(f"{self.resource} must be greater than 0", x, "a law says nothing about none of it")
        loss = self.prefactor * amount**-self.exponent - self.shift
        return loss if loss.ndim else float(loss)

    def check(self, *, time: float = math.inf, data: float = math.inf, n_parameters: float | None = None) -> LawCheck:
        """Conditions and distance to the exact loss at given T, D and N (all skills by default).

        Raises:
            InputError: if the limiting resource itself is infinite.
        """
        model = replace(self.model, n_parameters=n_parameters)
        n = model.n_modelled
        x = {"time": time, "data": data, "parameters": n, "compute": n * time}[self.resource]
        if math.isinf(x):
            raise InputError(f"a law in {self.resource} needs a finite amount of it", x, "give the limiting resource")
        speed, exponent = model.learning_rate * model.target_scale, power_law_of(model).alpha + 1
        conditions = evaluated(self.resource, Resources(speed * time, data, n, exponent, -model.initial_logit))
        return LawCheck(conditions, float(self(x)), float(model.loss(time=time, data=data)))


def scaling_law(model: Multilinear, resource: LawResource) -> ScalingLaw:
    """The law of the loss in one limiting resource (``Nam et al. 2024, Thm. 1, 4, 5 and Cor. 5``).

    Args:
        model: with power-law frequencies. Its ``n_parameters`` enters the parameter law only, as gamma = N/n_skills (0
            if not given): the law in N is for a fixed ratio of N to the number of skills.
        resource: ``"time"``, ``"data"``, ``"parameters"`` or ``"compute"``.

    Raises:
        InputError: if the resource is another, or the frequencies are not a power law.
    """
    require_law_resource(resource)
    alpha = power_law_of(model).alpha
    exponent, optimal_lambda = EXPONENTS[resource](alpha), None
    if resource == "time":
        prefactor = time_scale(model, 1.0) * onset_integral(alpha, -model.initial_logit)
    elif resource == "data":
        prefactor = data_scale(model, 1.0) * math.gamma(exponent)
    elif resource == "parameters":
        prefactor = unmodelled(model, 1.0) * _unmodelled_share(model)
    else:
        n = _optimal_parameters(model)
        prefactor = time_and_parameters(model, 1 / n, n)
        optimal_lambda = n * (model.learning_rate * model.target_scale) ** (-1 / (alpha + 2))
    return ScalingLaw(resource, exponent, prefactor, statements(resource), model, optimal_lambda=optimal_lambda)


def require_law_resource(resource: str) -> LawResource:
    """The resource, or `InputError` if there is no law in it."""
    if resource not in EXPONENTS:
        raise InputError(f"resource must be one of {', '.join(EXPONENTS)}", resource, "name what limits the loss")
    return resource


def corrected_time_law(model: Multilinear) -> ScalingLaw:
    """The time law for finitely many skills, all modelled (``Nam et al. 2024, Eq. 56``).

    The plain law counts skills beyond the last one as if they still had to be learned. It is the loss plus
    ``S^2 A n_skills^-alpha / (2 alpha)`` that falls as a power of T; the correction matters most for small alpha.
    """
    return replace(scaling_law(model, "time"), shift=unmodelled(model, power_law_of(model).n_skills))


def small_start_law(model: Multilinear) -> ScalingLaw:
    """The time law's limit for r much smaller than S (``Nam et al. 2024, Prop. 7``), in elementary functions.

    Its prefactor approaches that of the time law as 1/log(S/r). ``initial_strength`` must be below S/2.
    """
    onset = -model.initial_logit
    if onset <= 0:
        raise InputError("initial_strength must be below target_scale / 2", model.initial_strength, "use scaling_law")
    law = scaling_law(model, "time")
    return replace(law, prefactor=time_scale(model, 1.0) * onset**law.exponent / law.exponent)


def local_exponent(
    model: Multilinear, resource: LawResource, *, time: float = math.inf, data: float = math.inf
) -> float:
    """-d log L / d log x of the exact loss at given resources: where it is flat, a power law is a fair description.

    Measured by central differences over about 2 % of x (at least one unit of D or N), with an error of 1e-5 to
    1e-4 where log L curves. Takes measured frequencies too.

    Args:
        model: N is its ``n_parameters``.
        resource: ``"time"``, ``"data"`` or ``"parameters"``; must be finite.
        time: T in steps.
        data: D, a whole number.
    """
    if resource not in ("time", "data", "parameters"):
        raise InputError("resource must be one of time, data, parameters", resource, "name what to vary")
    x = {"time": time, "data": data, "parameters": model.n_modelled}[resource]
    if math.isinf(x) or x <= 0:
        raise InputError(f"{resource} must be finite and greater than 0 here", x, "give the point to look at")
    low, high = x * math.exp(-_LOG_STEP), x * math.exp(_LOG_STEP)
    if resource != "time":
        low, high = max(min(round(low), x - 1), 1), max(round(high), x + 1)
    if resource == "parameters":
        low_model, high_model = replace(model, n_parameters=low), replace(model, n_parameters=high)
        losses = [float(m.loss(time=time, data=data)) for m in (low_model, high_model)]
        high = high_model.n_modelled
    else:
        losses = [float(model.loss(**{"time": time, "data": data, resource: end})) for end in (low, high)]
    return -math.log(losses[1] / losses[0]) / math.log(high / low)


def _unmodelled_share(model: Multilinear) -> float:
    """1 - gamma^alpha, gamma = N/n_skills; 1 where the number of skills is infinite or N is not given."""
    if model.n_parameters is None or math.isinf(model.frequencies.n_skills):
        return 1.0
    return -math.expm1(power_law_of(model).alpha * math.log(model.n_modelled / model.frequencies.n_skills))


def _optimal_parameters(model: Multilinear) -> float:
    """N, not rounded, that minimises Eq. 238 at N T = 1 (``Nam et al. 2024, Cor. 5``)."""
    law, log_odds = power_law_of(model), -model.initial_logit
    exponent = law.alpha + 1

    def slope(log_n: float) -> float:
        """d L / d log N at N T = 1: less time for all modelled skills, one more skill modelled."""
        n = math.exp(log_n)
        last = model.untrained_loss * n**-law.alpha / law.normalisation
        missing = float(expit(log_odds - model.rate * n ** -(exponent + 1) / law.normalisation)) ** 2
        modelled = time_and_parameters(model, 1 / n, n) - unmodelled(model, n)
        return float(law.alpha / exponent * modelled + last * (missing * (1 + 1 / exponent) - 1))

    # The last skill is about at its onset; from there outwards until the slope changes sign.
    low = high = math.log(model.rate / law.normalisation / max(log_odds, 1.0)) / (exponent + 1)
    step = 1.0
    while slope(low) >= 0:
        low, step = low - step, 2 * step
    while slope(high) <= 0:
        high, step = high + step, 2 * step
        if high > _LARGEST_LOG_N:
            raise InputError(
                "the compute law needs an optimum within double precision",
                model.initial_strength,
                "start further from S",
            )
    return math.exp(brentq(slope, low, high, xtol=1e-13, rtol=1e-13))
