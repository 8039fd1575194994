"""The loss of the multilinear model, exactly: Eq. 12 of Nam et al. 2024 and its expectation over datasets.

With h(z) = (1 - R/S)^2 = expit(-(initial_logit + z))^2 for a skill whose logit has grown by z,

    L = S^2/2 [ sum_{k <= N} P_k h(2 eta S T d_k/D) + sum_{k > N} P_k ],

where d_k/D becomes P_k for unlimited data. Relative error about 1e-13 with unlimited data, at a cost that does not
depend on the number of skills (ours, ``docs/derivations/o1-sums.md``); about 1e-12 with finite data
(``docs/derivations/finite-data.md``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from saltus._types import Floats
from saltus.errors import InputError
from saltus.theory.contributing import relevant_skills
from saltus.theory.dynamics import skills_asked_for
from saltus.theory.finite_data import expected_logistic
from saltus.theory.protocols import LogisticSkills

# Growths served by one rule: few enough for the cache, close enough to share the relevant skills.
_BLOCK_SIZE = 256
_BLOCK_RATIO = 16.0
_LARGEST_GROWTH = 1e303
_LARGEST_DATA = 2.0**53


def logit_growth(model: LogisticSkills, time: ArrayLike) -> Floats:
    """2 eta S T, the growth of a logit per unit of frequency, the shape of ``time``; `InputError` if T is no time."""
    elapsed = np.asarray(time, dtype=float)
    if not np.all(elapsed >= 0):
        raise InputError("time must be at least 0", time, "give the number of steps, or inf")
    if np.any(np.isfinite(elapsed) & (elapsed > _LARGEST_GROWTH / model.rate)):
        raise InputError(
            f"2 * learning_rate * target_scale * time must be at most {_LARGEST_GROWTH:g}", time, "use time=inf"
        )
    return elapsed * model.rate


def checked_data(data: ArrayLike) -> Floats:
    """Dataset sizes as floats; `InputError` unless each is a whole number of at least 1, or ``inf``."""
    sizes = np.asarray(data, dtype=float)
    if np.any(np.isfinite(sizes) & (sizes > _LARGEST_DATA)):
        raise InputError("data must be at most 2^53, where whole numbers end in double precision", data, "use data=inf")
    if not np.all((sizes >= 1) & (sizes == np.floor(sizes))):
        raise InputError(
            "data must be a whole number of samples, at least 1, or inf", data, "give the size of the dataset"
        )
    return sizes


def expected_loss(model: LogisticSkills, time: ArrayLike, data: ArrayLike) -> Floats:
    """Expected loss, the broadcast shape of ``time`` and ``data``; see `Multilinear.loss`."""
    growth, sizes = np.broadcast_arrays(logit_growth(model, time), checked_data(data))
    modelled = np.empty(growth.shape)
    unlimited = np.isinf(sizes)
    modelled[unlimited] = _unlimited(model, growth[unlimited])
    modelled[~unlimited] = [
        _on_data(model, x, size) for x, size in zip(growth[~unlimited], sizes[~unlimited], strict=True)
    ]
    share = modelled + float(model.frequencies.tail(model.n_modelled))
    return np.asarray(model.untrained_loss * np.minimum(share, 1.0))  # rounding in a sum must not exceed the start


def missing_share(model: LogisticSkills, frequency: Floats, growth: float | Floats, data: float) -> Floats:
    """E[(1 - R_k/S)^2] of modelled skills of given frequencies; ``growth`` is a scalar unless ``data`` is infinite."""
    return _average(model.initial_logit, frequency, growth, data, sign=-1, power=2)


def learned_share(model: LogisticSkills, frequency: Floats, growth: float | Floats, data: float) -> Floats:
    """E[R_k/S] of modelled skills of given frequencies; ``growth`` is a scalar unless ``data`` is infinite."""
    return _average(model.initial_logit, frequency, growth, data, sign=1, power=1)


def _average(logit: float, frequency: Floats, growth: float | Floats, data: float, *, sign: int, power: int) -> Floats:
    if math.isinf(data):
        return np.asarray(expit(sign * (logit + growth * frequency)) ** power)
    return expected_logistic(frequency, data, start=sign * logit, growth=sign * float(growth), power=power)


def per_skill(
    model: LogisticSkills,
    share: Callable[[LogisticSkills, Floats, float | Floats, float], Floats],
    time: ArrayLike,
    data: ArrayLike,
    skills: ArrayLike | None,
    unmodelled: float,
) -> tuple[Floats, Floats]:
    """A share of every skill, shape ``broadcast(time, data).shape + (K,)``, and the skills' frequencies ``(K,)``."""
    frequencies = model.frequencies
    skill = skills_asked_for(frequencies, skills)
    frequency = frequencies.pmf(skill)
    growth, sizes = np.broadcast_arrays(logit_growth(model, time), checked_data(data))
    result = np.empty((*growth.shape, skill.size))
    unlimited = np.isinf(sizes)
    result[unlimited] = share(model, frequency, growth[unlimited][:, None], math.inf)
    for index in map(tuple, np.argwhere(~unlimited)):
        result[index] = share(model, frequency, growth[index], sizes[index])
    result[..., skill > model.n_modelled] = unmodelled
    return result, frequency


def _unlimited(model: LogisticSkills, growth: Floats) -> Floats:
    """Sum of P_k h(growth P_k) over the modelled skills, shape of ``growth`` (one-dimensional)."""
    result = np.zeros_like(growth)
    for members in _blocks(growth):
        x = growth[members]
        skills = relevant_skills(model, x[0], x[-1])
        noded = missing_share(model, skills.frequency, x[:, None], math.inf) @ (skills.weight * skills.frequency)
        moved = 2 * expit(model.initial_logit) * x * skills.mean_beyond
        result[members] = noded + expit(-model.initial_logit) ** 2 * skills.mass_beyond * (1 - moved)
    return result


def _blocks(growth: Floats) -> Iterator[NDArray[np.intp]]:
    """Positions of finite growths in ascending order, in blocks of similar ones; infinite growths are left out."""
    order = np.argsort(growth)
    order = order[: np.count_nonzero(np.isfinite(growth))]
    start = 0
    while start < order.size:
        limit = max(growth[order[start]], 1.0) * _BLOCK_RATIO
        stop = int(np.searchsorted(growth[order], limit, side="right"))
        stop = min(stop, start + _BLOCK_SIZE)
        yield order[start:stop]
        start = stop


def _on_data(model: LogisticSkills, growth: float, data: float) -> float:
    """Expected sum of P_k h(growth d_k/D) over the modelled skills."""
    skills = relevant_skills(model, growth, growth, data)
    noded = np.sum(skills.weight * skills.frequency * missing_share(model, skills.frequency, growth, data))
    moved = first_observation_gain(model, growth, data) * data * skills.mean_beyond
    return float(noded + expit(-model.initial_logit) ** 2 * skills.mass_beyond * (1 - moved))


def first_observation_gain(model: LogisticSkills, growth: float, data: float) -> float:
    """1 - h(growth/D)/h(0): the part of its loss that a skill loses with its first observation."""
    # expm1, so that small steps keep their digits; beyond 600 the skill is learned.
    step = expit(model.initial_logit) * math.expm1(min(growth / data, 600.0))
    return float(step / (1 + step) * (1 + 1 / (1 + step)))
