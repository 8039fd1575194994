"""Strengths at chosen sizes of training set or network, as functions of the one constant that is to be fitted.

Points are pairs of a size and a skill. A form knows each point's ``units``, the size counted in the needs of one skill
(samples of that skill; nodes over the skill's place in the order), so that a constant lies within their range.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.stats import binom

from saltus._types import Floats, Integers
from saltus.theory.extended import DataEmergence, ParameterEmergence
from saltus.theory.frequencies import Frequencies

_ALONE = Frequencies([1.0])
_REACH = 9.0  # half-width of the sum over a binomial count, in its standard deviations
_MOST_TERMS = 400  # most terms of one expectation; wider counts are summed with a stride


def equally_frequent(n_skills: int) -> Frequencies:
    """Skills in a given order, of equal frequency: nodes go to skills by their order alone."""
    return Frequencies([1.0] * n_skills)


class SizeForm(Protocol):
    """A form of emergence in size with one constant."""

    units: Floats
    """Shape ``(points,)``."""

    def strength(self, constant: float) -> Floats:
        """Expected R/S for a constant of at least 1, shape ``(points,)``."""

    def variance(self, constant: float) -> Floats:
        """Variance of R/S over training sets, shape ``(points,)``."""


class ShotsForm:
    """``Nam et al. 2024, Eq. 17``, averaged over the number of observations d ~ Binomial(D, P).

    Args:
        data: D of each point, shape ``(points,)``.
        frequency: P of its skill, same shape.
    """

    def __init__(self, data: Floats, frequency: Floats) -> None:
        self.units = data * frequency
        self._observed, self._probability = _counts(data, frequency)

    def strength(self, constant: float) -> Floats:
        return np.asarray(np.sum(self._probability * self._on_sample(constant), axis=1))

    def variance(self, constant: float) -> Floats:
        square = np.sum(self._probability * self._on_sample(constant) ** 2, axis=1)
        return np.asarray(np.maximum(square - self.strength(constant) ** 2, 0.0))

    def _on_sample(self, shots: float) -> Floats:
        return DataEmergence(_ALONE, shots=shots).strength_on_sample(self._observed)


class NodesForm:
    """``Nam et al. 2024, Eq. 18-21``.

    Args:
        n_parameters: N of each point, shape ``(points,)``.
        skill: its skill, from 1, same shape.
    """

    def __init__(self, n_parameters: Floats, skill: Integers) -> None:
        self.units = n_parameters / skill
        self._nodes, self._skill = n_parameters, skill

    def strength(self, constant: float) -> Floats:
        order = equally_frequent(int(self._skill.max()))
        every = ParameterEmergence(order, nodes_per_skill=constant).strength(self._nodes)
        return np.asarray(every[np.arange(len(self._skill)), self._skill - 1])

    def variance(self, constant: float) -> Floats:  # noqa: ARG002
        return np.zeros_like(self.units)


def _counts(trials: Floats, p: Floats) -> tuple[Floats, Floats]:
    """Numbers of observations within reach and their probabilities, shape ``(points, terms)``."""
    spread = _REACH * np.sqrt(trials * p * (1 - p)) + 1
    low = np.maximum(np.floor(trials * p - spread), 0.0)
    high = np.minimum(np.ceil(trials * p + spread), trials)
    stride = np.ceil((high - low + 1) / _MOST_TERMS)
    terms = np.arange(float(((high - low) // stride).max()) + 1)
    observed = low[:, None] + stride[:, None] * terms
    probability = binom.pmf(observed, trials[:, None], p[:, None])
    return observed, probability / probability.sum(axis=1, keepdims=True)
