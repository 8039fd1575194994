"""The common ground of all models of skill dynamics: one skill, one curve, driven by its share of the samples alone.

Skills do not interact (``Nam et al. 2024, Sec. 3``), so a model is a map from (share of the samples, time) to a
strength, and its inverse. Everything else, from frequencies to emergence times, follows here once.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from saltus._types import Floats
from saltus.errors import InputError, require_positive, require_whole
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills

ROUNDING = 8 * float(np.finfo(float).eps)  # relative error of a short chain of operations
SATURATED_LOGIT = 60.0  # past this logit a strength is S in double precision


@dataclass(frozen=True)
class SkillDynamics(ABC):
    """Decoupled skills, each learned from its own samples.

    Args:
        frequencies: how often each skill occurs.
        target_scale: S, the target is +S or -S; greater than 0.
        initial_strength: r = R_k(0), the same for every skill; its range is each model's own.
        learning_rate: eta of the loss **with** the factor 1/2 (Eq. 5); greater than 0.
        n_parameters: N, the number of skill basis functions, a whole number of at least 1: the N most frequent skills
            are modelled, the others keep strength 0 (Corollary 2). All of them by default, or where N exceeds their
            number.

    Raises:
        InputError: if a value is outside its range.
    """

    frequencies: SkillFrequencies
    _: KW_ONLY
    target_scale: float = 1.0
    initial_strength: float
    learning_rate: float = 1.0
    n_parameters: float | None = None

    def __post_init__(self) -> None:
        require_positive("target_scale", self.target_scale, "give the size of the target, e.g. 1")
        require_positive("learning_rate", self.learning_rate, "give the rate of the loss with the factor 1/2")
        if self.n_parameters is not None and self.n_parameters != math.inf:
            require_whole("n_parameters", self.n_parameters, 1, "give the number of basis functions, or None for all")
        self._check_start()

    @property
    def n_modelled(self) -> float:
        """How many skills the model can learn: the smaller of N and n_skills."""
        n_skills = self.frequencies.n_skills
        return n_skills if self.n_parameters is None else min(self.n_parameters, n_skills)

    def _check_start(self) -> None:
        if not 0 < self.initial_strength < self.target_scale:
            raise InputError(
                f"initial_strength must lie between 0 and target_scale = {self.target_scale:g}",
                self.initial_strength,
                "give the skill strength at time 0, e.g. 0.01",
            )

    @abstractmethod
    def _strength(self, share: Floats, time: Floats) -> Floats:
        """Strength at ``time`` of a skill that makes up ``share`` of the samples; the two broadcast."""

    @abstractmethod
    def _time(self, share: Floats, strength: Floats) -> Floats:
        """Inverse of `_strength` for ``initial_strength < strength <= target_scale``; the two broadcast."""

    def strength(self, time: ArrayLike, *, skills: ArrayLike | None = None) -> Floats:
        """Skill strengths R_k(T) with unlimited data.

        Args:
            time: T in steps, at least 0, infinity allowed, any shape.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.

        Returns:
            Strengths, shape ``time.shape + (K,)``.
        """
        skill = skills_asked_for(self.frequencies, skills)
        return self._strength_of(skill, self.frequencies.pmf(skill), time)

    def strength_on_sample(self, time: ArrayLike, shares: ArrayLike) -> Floats:
        """Skill strengths on one training set, of which skill k makes up the share d_k/D (``Nam et al. 2024, Eq. 11``).

        At infinite time it is the one-shot learner (Corollary 1): ``target_scale`` if a skill was seen, else
        ``initial_strength``.

        Args:
            time: T in steps, at least 0, infinity allowed, any shape.
            shares: d_k/D of skills 1 to K, from 0 to 1, shape ``(K,)``.

        Returns:
            Strengths, shape ``time.shape + (K,)``.
        """
        share = np.atleast_1d(np.asarray(shares, dtype=float))
        if not np.all((share >= 0) & (share <= 1)):
            raise InputError("every share must lie from 0 to 1", shares, "divide the counts d_k by D")
        return self._strength_of(np.arange(1, share.size + 1), share, time)

    def time(self, strength: ArrayLike, *, skills: ArrayLike | None = None) -> Floats:
        """Time at which each skill first reaches a strength: the inverse of `strength`.

        Args:
            strength: R, at most ``target_scale``, any shape.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.

        Returns:
            Times in steps, shape ``strength.shape + (K,)``: 0 where the skill starts at the strength or above it,
            infinity where it only tends to it, or is not modelled.
        """
        level = np.asarray(strength, dtype=float)
        if not np.all(level <= self.target_scale):
            raise InputError(
                f"strength must be at most target_scale = {self.target_scale:g}", strength, "give R itself, not R/S"
            )
        return self._first_time(skills_asked_for(self.frequencies, skills), level[..., None])

    def emergence_time(self, skill: ArrayLike, threshold: float = 0.05) -> Floats:
        """Time at which R_k reaches ``threshold * S`` (``Nam et al. 2024, Eq. 40``), the shape of ``skill``.

        Zero where the skill starts above the threshold, infinity where it is not modelled. ``threshold`` lies between 0
        and 1, both excluded.
        """
        if not 0 < threshold < 1:
            raise InputError("threshold must lie between 0 and 1", threshold, "give a share of target_scale, e.g. 0.05")
        return self._first_time(np.asarray(skill), np.asarray(threshold * self.target_scale))

    def emergence(self, skill: ArrayLike, threshold: float) -> Floats:
        """`emergence_time`, as every `saltus.theory.protocols.SkillModel` calls it."""
        return self.emergence_time(skill, threshold)

    def saturation_time(self, skill: ArrayLike, threshold: float = 0.05) -> Floats:
        """Time R_k takes from ``threshold * S`` to ``(1 - threshold) * S`` (``Nam et al. 2024, Eq. 40``).

        ``threshold`` lies between 0 and 1/2, both excluded; the result has the shape of ``skill``.
        """
        if not 0 < threshold < 0.5:
            raise InputError("threshold must lie between 0 and 1/2", threshold, "give a share of S, e.g. 0.05")
        start, end = (self.emergence_time(skill, level) for level in (threshold, 1 - threshold))
        return end - np.where(np.isfinite(end), start, 0.0)

    def _strength_of(self, skill: NDArray[Any], share: Floats, time: ArrayLike) -> Floats:
        elapsed = _checked_time(time)[..., None]
        # A skill that has not moved keeps its start exactly; a model in logits would return it rounded.
        moves = (share > 0) & (elapsed > 0)
        strength = np.where(moves, self._strength(share, elapsed), self.initial_strength)
        return np.where(skill <= self.n_modelled, strength, 0.0)

    def _first_time(self, skill: NDArray[Any], strength: Floats) -> Floats:
        # Levels already passed are moved to the start, where the inverse is exactly 0.
        times = self._time(self.frequencies.pmf(skill), np.maximum(strength, self.initial_strength))
        return np.where((skill <= self.n_modelled) | (strength <= 0), times, math.inf)


@dataclass(frozen=True)
class GradientFlow(SkillDynamics):
    """Dynamics in continuous time: each skill runs along one curve x = R/S, on a clock proportional to its share."""

    @property
    @abstractmethod
    def rate(self) -> float:
        """How fast the clock of a skill of frequency 1 runs, per step."""

    @property
    @abstractmethod
    def initial_weights(self) -> tuple[float, ...]:
        """One weight a layer at time 0; their product is ``initial_strength``."""

    @abstractmethod
    def _curve(self, clock: Floats) -> Floats:
        """x = R/S at each reading of the clock, from 0 to infinity."""

    @abstractmethod
    def _clock(self, x: Floats) -> Floats:
        """Inverse of `_curve` for x from r/S to 1, infinity at 1."""

    def _strength(self, share: Floats, time: Floats) -> Floats:
        # Overflow to infinity is a reading that every curve takes; the clock of a share of 0 stands still.
        with np.errstate(over="ignore", invalid="ignore"):
            clock = np.where(share > 0, self.rate * (share * time), 0.0)
        return self.target_scale * self._curve(clock)

    def _time(self, share: Floats, strength: Floats) -> Floats:
        with np.errstate(over="ignore"):
            return np.asarray(self._clock(strength / self.target_scale) / self.rate / share)


FlowModel = TypeVar("FlowModel", bound=GradientFlow)


def logit_of(strength: float, target_scale: float) -> float:
    """log(R / (S - R)), exact for the smallest strengths."""
    return math.log(strength) - math.log(target_scale - strength)


def skills_asked_for(frequencies: SkillFrequencies, skills: ArrayLike | None) -> NDArray[Any]:
    """Indices of the skills asked for, shape ``(K,)``; of all of them by default, which needs a finite number."""
    return np.arange(1, require_finite_skills(frequencies) + 1) if skills is None else np.atleast_1d(skills)


def frequency_of(frequencies: SkillFrequencies, skills: ArrayLike | None) -> Floats:
    """Frequencies of the skills asked for, shape ``(K,)``."""
    return frequencies.pmf(skills_asked_for(frequencies, skills))


def _checked_time(time: ArrayLike) -> Floats:
    elapsed = np.asarray(time, dtype=float)
    if not np.all(elapsed >= 0):
        raise InputError("time must be at least 0", time, "give the number of steps")
    return elapsed
