"""The asymptotic loss where two resources matter at once, and the prefactors that are its limits.

All of it is for power-law frequencies, with ``A = 1/normalisation`` the constant in P_k = A k^-(alpha + 1). For
infinitely many skills the normalisation is zeta(alpha + 1), as in the paper's limit; for a finite number it is the
actual sum (Prop. 5), which has the same limit and is closer before it.
"""

from __future__ import annotations

import math

from scipy.special import gammaincc

from saltus.errors import InputError
from saltus.theory.frequencies import PowerLaw
from saltus.theory.multilinear import Multilinear
from saltus.theory.polylog import onset_integral_above


def power_law_of(model: Multilinear) -> PowerLaw:
    """The model's frequencies, or `InputError` if they are no power law."""
    if not isinstance(model.frequencies, PowerLaw):
        raise InputError(
            "a scaling law needs power-law frequencies",
            type(model.frequencies).__name__,
            "use compute_optimal or local_exponent, which take measured ones",
        )
    return model.frequencies


def time_and_parameters(model: Multilinear, time: float, n_parameters: float) -> float:
    """Loss for large T and N with unlimited data (``Nam et al. 2024, Eq. 238``).

    Args:
        model: with power-law frequencies; its own ``n_parameters`` is not used.
        time: T in steps, greater than 0.
        n_parameters: N, at least 1; ``inf`` gives the pure time law.
    """
    law = power_law_of(model)
    growth_of_last = model.rate * time * n_parameters ** -(law.alpha + 1) / law.normalisation
    return time_scale(model, time) * onset_integral_above(law.alpha, -model.initial_logit, growth_of_last) + unmodelled(
        model, n_parameters
    )


def data_and_parameters(model: Multilinear, data: float, n_parameters: float) -> float:
    """Expected loss for large D and N after unlimited time (``Nam et al. 2024, Thm. 5, part 2``).

    Args:
        model: with power-law frequencies; its own ``n_parameters`` is not used.
        data: D, greater than 0.
        n_parameters: N, at least 1; ``inf`` gives the pure data law.
    """
    law = power_law_of(model)
    s = law.alpha / (law.alpha + 1)
    seen_of_last = data * n_parameters ** -(law.alpha + 1) / law.normalisation
    return data_scale(model, data) * math.gamma(s) * float(gammaincc(s, seen_of_last)) + unmodelled(model, n_parameters)


def time_scale(model: Multilinear, time: float) -> float:
    """Loss per unit of the integral over z^(s-1) h(z), z = 2 eta S T P_k, s = alpha/(alpha + 1)."""
    law = power_law_of(model)
    s = law.alpha / (law.alpha + 1)
    return float(model.untrained_loss * law.normalisation ** (s - 1) * (1 - s) * (model.rate * time) ** -s)


def data_scale(model: Multilinear, data: float) -> float:
    """Loss per unit of the integral over z^(s-1) exp(-z), z = D P_k, s = alpha/(alpha + 1)."""
    law = power_law_of(model)
    s = law.alpha / (law.alpha + 1)
    untouched = (model.target_scale - model.initial_strength) ** 2 / 2
    return float(untouched * law.normalisation ** (s - 1) * (1 - s) * data**-s)


def unmodelled(model: Multilinear, n_parameters: float) -> float:
    """S^2/2 times the asymptotic probability of the skills beyond N, infinitely many (``Nam et al. 2024, Prop. 5``)."""
    law = power_law_of(model)
    return float(model.untrained_loss * n_parameters**-law.alpha / (law.alpha * law.normalisation))
