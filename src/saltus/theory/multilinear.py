"""The multilinear model's closed form: every skill strength is a logistic curve in time.

``Nam et al. 2024, Lemma 1 (Eq. 11)``, written as a straight line in the logit of R/S, which stays exact for any
time and any initial strength.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from saltus.errors import InputError, require_positive
from saltus.theory.frequencies import SkillFrequencies


@dataclass(frozen=True)
class Multilinear:
    """f = sum_k a_k b_k g_k under gradient flow from a balanced start (``Nam et al. 2024, Eq. 9-11``).

    Args:
        frequencies: how often each skill occurs.
        target_scale: S, the target is +S or -S; greater than 0.
        initial_strength: r = R_k(0), between 0 and S, both excluded.
        learning_rate: eta of the loss **with** the factor 1/2 (Eq. 5); greater than 0.

    Raises:
        InputError: if a value is outside its range.
    """

    frequencies: SkillFrequencies
    _: KW_ONLY
    target_scale: float = 1.0
    initial_strength: float
    learning_rate: float = 1.0

    def __post_init__(self) -> None:
        require_positive("target_scale", self.target_scale, "give the size of the target, e.g. 1")
        require_positive("learning_rate", self.learning_rate, "give the rate of the loss with the factor 1/2")
        if not 0 < self.initial_strength < self.target_scale:
            raise InputError(
                f"initial_strength must lie between 0 and target_scale = {self.target_scale:g}",
                self.initial_strength,
                "give the skill strength at time 0, e.g. 0.01",
            )

    @property
    def initial_logit(self) -> float:
        """log(r / (S - r)), where every skill's logit starts."""
        return math.log(self.initial_strength) - math.log(self.target_scale - self.initial_strength)

    @property
    def rate(self) -> float:
        """2 eta S: how fast the logit of a skill of frequency 1 grows, per step."""
        return 2 * self.learning_rate * self.target_scale

    def strength(self, time: ArrayLike, *, skills: ArrayLike | None = None) -> NDArray[np.float64]:
        """Skill strengths R_k(T) with unlimited data (``Nam et al. 2024, Eq. 11``).

        Args:
            time: gradient-flow time T in steps, at least 0, any shape.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.

        Returns:
            Strengths between r and S, shape ``time.shape + (K,)``.
        """
        frequency = self.frequencies.first() if skills is None else self.frequencies.pmf(np.atleast_1d(skills))
        elapsed = np.asarray(time, dtype=float)
        if np.any(np.isnan(elapsed)) or np.any(elapsed < 0):
            raise InputError("time must be at least 0", time, "give the number of steps")
        return np.asarray(self.target_scale * expit(self.initial_logit + self.rate * elapsed[..., None] * frequency))

    def emergence_time(self, skill: ArrayLike, threshold: float = 0.05) -> NDArray[np.float64]:
        """Time at which R_k reaches ``threshold * S`` (``Nam et al. 2024, Eq. 40``), the shape of ``skill``.

        Zero where the skill starts above the threshold. ``threshold`` lies between 0 and 1, both excluded.
        """
        if not 0 < threshold < 1:
            raise InputError("threshold must lie between 0 and 1", threshold, "give a share of target_scale, e.g. 0.05")
        growth = max(float(logit(threshold)) - self.initial_logit, 0.0)
        return np.asarray(growth / (self.rate * self.frequencies.pmf(skill)))
