"""How often each skill occurs: power laws (finite or infinite) and measured frequencies.

Skills are numbered from 1, most frequent first. The exponent of a power law is always ``alpha + 1``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saltus._types import Floats, Integers
from saltus.errors import InputError, require_not_negative, require_positive, require_whole
from saltus.theory.sampling import SkillCounts, choose_from, count_draws, power_law_draws
from saltus.theory.sums import power_sum, relative_power_sum, sum_rule

# Exact inversion covers this many frequent skills; rejection, which then hardly ever rejects, covers the rest.
_TABLED_SKILLS = 64
_MOST_COUNTED_BY_NAME = 10**6

# The end of double precision: sums over infinitely many skills look at single skills up to here.
_LAST_POSITION = 1e305
_EXPECTATION_SHARPNESS = 32.0  # logarithmic derivative up to which a function's mean is exact


class SkillFrequencies(ABC):
    """A distribution over skills 1, 2, ..., ``n_skills``, most frequent first."""

    n_skills: float

    @abstractmethod
    def pmf(self, skill: ArrayLike) -> Floats:
        """Probability of each skill (1-based), the same shape as ``skill``; sums to 1 over all skills."""

    @abstractmethod
    def tail(self, skill: ArrayLike) -> Floats:
        """Probability of all skills rarer than ``skill`` (with a larger index): 1 for skill 0, 0 for the last one."""

    @abstractmethod
    def tail_mean(self, skill: float) -> float:
        """Mean frequency of a skill drawn from those rarer than ``skill``, sum P_s^2 / sum P_s; 0 if none is."""

    @abstractmethod
    def count_above(self, frequency: float) -> float:
        """How many skills are more frequent than ``frequency`` (at least 0)."""

    @abstractmethod
    def quadrature(self, first: float, last: float, sharpness: float) -> tuple[Floats, Floats]:
        """Frequencies ``q`` and weights ``w`` such that ``sum w g(q)`` is the sum of ``g(P_s(k))``, k = first..last.

        Args:
            first: first skill of the sum, at least 1.
            last: last skill, finite.
            sharpness: largest ``|d log g / d log q|`` that matters; more of it costs more nodes.
        """

    @abstractmethod
    def expectation(self, function: Callable[[Floats], ArrayLike]) -> float:
        """Mean of ``function(skill)`` over the skills.

        Args:
            function: maps an array of skill indices to an array of the same shape. For a power law with many skills it
                is also asked between whole numbers and must be smooth in ``log(skill)``; for infinitely many it must
                settle to a limit, whose share beyond skill 1e305 is taken from its value there.
        """

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Integers:
        """Draw ``n`` independent skills (1-based), shape ``(n,)``; any skill beyond 2^63 - 1 is reported as that."""

    @abstractmethod
    def sample_counts(self, n_data: int, rng: np.random.Generator) -> SkillCounts:
        """Draw how often each skill occurs among ``n_data`` samples, (d_1, ..., d_ns), jointly multinomial."""

    def first(self, count: int | None = None) -> Floats:
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

    Attributes:
        normalisation: sum of ``(k + offset)^-(alpha + 1)`` over all skills; zeta(alpha + 1) for the infinite power law.

    Raises:
        InputError: if a value is outside its range.
    """

    alpha: float
    n_skills: float = math.inf
    offset: float = 0.0
    normalisation: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Equal laws are equal data, whether 5, 5.0 or a NumPy number was given.
        plain: dict[str, float] = {
            "alpha": require_positive("alpha", self.alpha, "give the exponent minus one, e.g. 0.6 for k^-1.6"),
            "offset": require_not_negative("offset", self.offset, "use 0 for a plain power law"),
        }
        if self.n_skills != math.inf:
            plain["n_skills"] = require_whole("n_skills", self.n_skills, 1, "give the number of skills, or inf")
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        everything = power_sum(self.alpha + 1, 1 + self.offset, self.n_skills)
        object.__setattr__(self, "normalisation", float(everything))

    def pmf(self, skill: ArrayLike) -> Floats:
        return self._at(_checked_skill(skill, 1, self.n_skills))

    def _at(self, position: Floats) -> Floats:
        return np.asarray((position + self.offset) ** -(self.alpha + 1) / self.normalisation)

    def tail(self, skill: ArrayLike) -> Floats:
        k = _checked_skill(skill, 0, self.n_skills)
        return np.where(k == self.n_skills, 0.0, self._at(k + 1) * self._in_units_of_next(k, 1))

    def tail_mean(self, skill: float) -> float:
        k = _checked_skill(skill, 0, self.n_skills)
        if k == self.n_skills:
            return 0.0
        # Squares of the rarest frequencies would underflow; their ratios do not.
        return float(self._at(k + 1) * self._in_units_of_next(k, 2) / self._in_units_of_next(k, 1))

    def _in_units_of_next(self, k: Floats, power: int) -> Floats:
        """Sum of (P_s(j)/P_s(k + 1))^power over j > k, and 0 at the last skill."""
        left = np.where(k == self.n_skills, 0.0, self.n_skills - np.where(np.isinf(k), 0.0, k))
        first = np.where(left > 0, k + 1 + self.offset, 1.0)
        return relative_power_sum(power * (self.alpha + 1), first, left)

    def count_above(self, frequency: float) -> float:
        if frequency == 0:
            return self.n_skills
        # In logarithms, so that frequencies down to the smallest double have a position.
        log_position = -(math.log(frequency) + math.log(self.normalisation)) / (self.alpha + 1)
        position = math.exp(min(log_position, math.log(_LAST_POSITION)))
        return min(max(math.ceil(position - self.offset) - 1, 0), self.n_skills)

    def quadrature(self, first: float, last: float, sharpness: float) -> tuple[Floats, Floats]:
        k, weight = sum_rule(first, last, sharpness=sharpness * (self.alpha + 1), shift=self.offset)
        return self._at(k), weight

    def expectation(self, function: Callable[[Floats], ArrayLike]) -> float:
        last = min(self.n_skills, _LAST_POSITION)
        k, weight = sum_rule(1, last, sharpness=_EXPECTATION_SHARPNESS, shift=self.offset)
        beyond = float(self.tail(last)) * np.asarray(function(np.array([last])), dtype=float)[0]
        return float(np.sum(weight * self._at(k) * np.asarray(function(k), dtype=float)) + beyond)

    def sample(self, n: int, rng: np.random.Generator) -> Integers:
        n = require_whole("n", n, 0, "give the number of draws")
        tabled = int(min(self.n_skills, _TABLED_SKILLS))
        skills = choose_from(np.append(self.first(tabled), self.tail(tabled)), n, rng)
        rare = skills > tabled
        skills[rare] = self._draw_above(tabled, int(np.count_nonzero(rare)), rng)
        return skills

    def sample_counts(self, n_data: int, rng: np.random.Generator) -> SkillCounts:
        n_data = require_whole("n_data", n_data, 0, "give the size of the dataset")
        named = int(min(self.n_skills, max(n_data, 1), _MOST_COUNTED_BY_NAME))
        counts = rng.multinomial(n_data, np.append(self.first(named), self.tail(named)))
        return count_draws(counts[:-1], self._draw_above(named, int(counts[-1]), rng))

    def _draw_above(self, skill: int, n: int, rng: np.random.Generator) -> Integers:
        return power_law_draws(self.alpha, self.offset, first=skill + 1, last=self.n_skills, n=n, rng=rng)


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
    _pmf: Floats = field(repr=False, compare=False)

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
        pmf = scaled / scaled.sum()
        object.__setattr__(self, "values", tuple(pmf.tolist()))
        object.__setattr__(self, "order", tuple(order.tolist()))
        object.__setattr__(self, "_pmf", pmf)

    @property
    def n_skills(self) -> float:  # type: ignore[override]
        return len(self.values)

    def pmf(self, skill: ArrayLike) -> Floats:
        return np.asarray(self._pmf[_checked_skill(skill, 1, self.n_skills).astype(np.int64) - 1])

    def tail(self, skill: ArrayLike) -> Floats:
        # Summed from the rare end, so that small tails keep all their digits.
        tails = np.append(np.cumsum(self._pmf[::-1])[::-1], 0.0)
        return np.asarray(tails[_checked_skill(skill, 0, self.n_skills).astype(np.int64)])

    def tail_mean(self, skill: float) -> float:
        rarer = self._pmf[int(_checked_skill(skill, 0, self.n_skills)) :]
        return float(np.sum(rarer**2) / np.sum(rarer)) if rarer.size else 0.0

    def count_above(self, frequency: float) -> float:
        return int(np.searchsorted(-self._pmf, -frequency, side="left"))

    def quadrature(self, first: float, last: float, sharpness: float) -> tuple[Floats, Floats]:  # noqa: ARG002
        every = self._pmf[int(first) - 1 : int(last)]
        return every, np.ones_like(every)

    def expectation(self, function: Callable[[Floats], ArrayLike]) -> float:
        skills = np.arange(1.0, self.n_skills + 1)
        return float(np.sum(self._pmf * np.asarray(function(skills), dtype=float)))

    def sample(self, n: int, rng: np.random.Generator) -> Integers:
        return choose_from(self._pmf, require_whole("n", n, 0, "give the number of draws"), rng)

    def sample_counts(self, n_data: int, rng: np.random.Generator) -> SkillCounts:
        n_data = require_whole("n_data", n_data, 0, "give the size of the dataset")
        return count_draws(rng.multinomial(n_data, self._pmf), np.empty(0, dtype=np.int64))


def require_finite_skills(frequencies: SkillFrequencies) -> int:
    """The number of skills as an int, or `InputError` if it is infinite."""
    if not math.isfinite(frequencies.n_skills):
        raise InputError("n_skills must be finite here", frequencies.n_skills, "give a number of skills, e.g. 5")
    return int(frequencies.n_skills)


def _checked_skill(skill: ArrayLike, minimum: int, n_skills: float) -> Floats:
    k = np.asarray(skill, dtype=float)
    if not np.all((k == np.floor(k)) & (k >= minimum) & (k <= n_skills)):
        raise InputError(
            f"skill must be a whole number from {minimum} to n_skills = {n_skills:g}", skill, "skills count from 1"
        )
    return k
