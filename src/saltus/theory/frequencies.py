"""How often each skill occurs: power laws (finite or infinite) and measured frequencies.

Skills are numbered from 1, most frequent first. The exponent of a power law is always ``alpha + 1``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import zeta

from saltus.errors import InputError, require_positive, require_whole


class SkillFrequencies(ABC):
    """A distribution over skills 1, 2, ..., ``n_skills``, most frequent first."""

    n_skills: float

    @abstractmethod
    def pmf(self, skill: ArrayLike) -> NDArray[np.float64]:
        """Probability of each skill (1-based), the same shape as ``skill``; sums to 1 over all skills."""

    @abstractmethod
    def tail(self, skill: ArrayLike) -> NDArray[np.float64]:
        """Probability of all skills rarer than ``skill`` (those with a larger index); ``tail(0)`` is 1."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw ``n`` independent skills (1-based), shape ``(n,)``."""

    def first(self, count: int | None = None) -> NDArray[np.float64]:
        """Frequencies of skills 1 to ``count`` (all of them by default, which needs a finite number)."""
        if count is None:
            count = require_finite_skills(self)
        return self.pmf(np.arange(1, count + 1))


@dataclass(frozen=True)
class PowerLaw(SkillFrequencies):
    """Zipf-Mandelbrot frequencies, ``P_s(k)`` proportional to ``(k + offset)^-(alpha + 1)``.

    Args:
        alpha: exponent minus one, greater than 0 (``Nam et al. 2024, Sec. 2``).
        n_skills: number of skills, a whole number of at least 1 or ``math.inf``.
        offset: Mandelbrot's shift of the skill index, at least 0; 0 is the paper's power law.

    Raises:
        InputError: if a value is outside its range.
    """

    alpha: float
    n_skills: float = math.inf
    offset: float = 0.0
    _normalisation: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require_positive("alpha", self.alpha, "give the exponent minus one, e.g. 0.6 for k^-1.6")
        if self.n_skills != math.inf:
            require_whole("n_skills", self.n_skills, 1, "give the number of skills, or inf")
        if not (math.isfinite(self.offset) and self.offset >= 0):
            raise InputError("offset must be a finite number of at least 0", self.offset, "use 0 for a plain power law")
        object.__setattr__(self, "_normalisation", float(self._mass_above(0)))

    def _mass_above(self, skill: ArrayLike) -> NDArray[np.float64]:
        """Unnormalised tail: sum over j > skill of (j + offset)^-(alpha+1)."""
        exponent, first = self.alpha + 1, np.asarray(skill, dtype=float) + 1 + self.offset
        mass = zeta(exponent, first)
        if self.n_skills != math.inf:
            mass = np.maximum(mass - zeta(exponent, self.n_skills + 1 + self.offset), 0.0)
        return np.asarray(mass)

    def pmf(self, skill: ArrayLike) -> NDArray[np.float64]:
        k = _checked_skill(skill, 1, self.n_skills)
        return np.asarray((k + self.offset) ** -(self.alpha + 1) / self._normalisation)

    def tail(self, skill: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self._mass_above(_checked_skill(skill, 0, self.n_skills)) / self._normalisation)

    def sample(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        if self.n_skills == math.inf and self.offset == 0:
            return rng.zipf(self.alpha + 1, size=n)
        return _sample_finite(self.first(), n, rng)


@dataclass(frozen=True, init=False)
class Frequencies(SkillFrequencies):
    """Measured frequencies or counts of skills.

    Args:
        values: one positive number a skill, in any order, normalised or not. Skill 1 is the most frequent one;
            ``order[k - 1]`` is the position in ``values`` of skill ``k`` (ties keep their order).

    Raises:
        InputError: if there is no value, or one that is not a finite number above zero.
    """

    values: tuple[float, ...]
    order: tuple[int, ...]

    def __init__(self, values: Sequence[float] | NDArray[Any]) -> None:
        array = np.asarray(values, dtype=float)
        if array.ndim != 1 or array.size == 0:
            raise InputError("frequencies must be a list with at least one number", values, "give one value a skill")
        if not (np.all(np.isfinite(array)) and np.all(array > 0)):
            raise InputError(
                "every frequency must be a finite number greater than 0", values, "leave out skills that never occur"
            )
        order = np.argsort(-array, kind="stable")
        scaled = array[order] / array.max()
        object.__setattr__(self, "values", tuple((scaled / scaled.sum()).tolist()))
        object.__setattr__(self, "order", tuple(order.tolist()))

    @property
    def n_skills(self) -> float:  # type: ignore[override]
        return len(self.values)

    def pmf(self, skill: ArrayLike) -> NDArray[np.float64]:
        return np.asarray(self.values)[_checked_skill(skill, 1, self.n_skills) - 1]

    def tail(self, skill: ArrayLike) -> NDArray[np.float64]:
        tails = np.append(np.cumsum(self.values[::-1])[::-1], 0.0)
        return np.asarray(tails[_checked_skill(skill, 0, self.n_skills)])

    def sample(self, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
        return _sample_finite(np.asarray(self.values), n, rng)


def require_finite_skills(frequencies: SkillFrequencies) -> int:
    """The number of skills as an int, or `InputError` if it is infinite."""
    if not math.isfinite(frequencies.n_skills):
        raise InputError("n_skills must be finite here", frequencies.n_skills, "give a number of skills, e.g. 5")
    return int(frequencies.n_skills)


def _checked_skill(skill: ArrayLike, minimum: int, n_skills: float) -> NDArray[np.int64]:
    k = np.asarray(skill)
    whole = k.astype(np.int64) if np.all(np.isfinite(k)) else None
    if whole is None or np.any(whole != k) or np.any(k < minimum) or np.any(k > n_skills):
        raise InputError(
            f"skill must be a whole number from {minimum} to n_skills = {n_skills:g}", skill, "skills count from 1"
        )
    return whole


def _sample_finite(probabilities: NDArray[np.float64], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    edges = np.cumsum(probabilities)
    # Scaling by the last edge keeps rounding in the cumulative sum from ever drawing skill n_skills + 1.
    return np.asarray(np.searchsorted(edges, rng.random(n) * edges[-1], side="right") + 1)
