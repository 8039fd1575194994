"""The resource model (Liu et al. 2025, arXiv 2501.12391): skills compete, and learned ones leave their share to others.

Every skill runs along the curve that it would follow alone, on one clock tau that all share:

    d tau / dT = (1 + N_0) / (sum_j P_j (1 - R_j/S) + N_0),

with N_0 resources to spare. The clock runs by 1 at the start and by (1 + N_0)/N_0 once all is learned, so that rare
skills speed up when frequent ones are done; N_0 -> infinity leaves them independent. Liu et al. obtain their "domino
model" from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats
from saltus.errors import InputError, require_positive
from saltus.theory.dynamics import ROUNDING
from saltus.theory.frequencies import SkillFrequencies, require_finite_skills
from saltus.theory.multilinear import Multilinear

_NEWTON_STEPS = 200  # a bound never met: T(tau) bends at the onset of every skill, and is nearly straight between


@dataclass(frozen=True)
class ResourceModel:
    """Multilinear skills on the clock of the resource model; a `saltus.theory.protocols.SkillModel` over time.

    Args:
        alone: the model of each skill by itself, with a finite number of skills.
        spare: N_0, greater than 0, in units of what all skills together take at the start.

    Raises:
        InputError: if a value is outside its range.
    """

    alone: Multilinear
    spare: float

    def __post_init__(self) -> None:
        require_finite_skills(self.alone.frequencies)
        require_positive("spare", self.spare, "give the resources that no skill takes, e.g. 0.2")

    @property
    def frequencies(self) -> SkillFrequencies:
        return self.alone.frequencies

    @property
    def target_scale(self) -> float:
        return self.alone.target_scale

    def strength(self, time: ArrayLike, *, skills: ArrayLike | None = None) -> Floats:
        """Skill strengths R_k(T) with unlimited data; arguments, shape and errors as in `SkillDynamics.strength`."""
        return self.alone.strength(self.clock(time), skills=skills)

    def emergence(self, skill: ArrayLike, threshold: float) -> Floats:
        """Time at which R_k reaches ``threshold * S``, the shape of ``skill``; errors as in `emergence_time`."""
        return self._steps(self.alone.emergence_time(skill, threshold))

    def clock(self, time: ArrayLike) -> Floats:
        """tau, the time at which each skill would be as far alone.

        Args:
            time: T in steps, at least 0, infinity allowed, any shape.

        Returns:
            Times in steps, from T to T (1 + N_0)/N_0, the shape of ``time``.

        Raises:
            InputError: if a time is negative.
        """
        steps = np.asarray(time, dtype=float)
        if not np.all(steps >= 0):
            raise InputError("time must be at least 0", time, "give the number of steps")
        wanted = np.where(np.isfinite(steps), steps, 0.0)
        tau = wanted
        # T(tau) is concave and rises, so Newton's method climbs to the root from its left.
        for _ in range(_NEWTON_STEPS):
            missing = np.maximum(wanted - self._steps(tau), 0.0)
            if np.all(missing <= ROUNDING * tau):
                break
            tau = tau + missing * pace(self._unlearned(tau), self.spare)
        return np.where(np.isfinite(steps), tau, np.inf)

    def _steps(self, tau: Floats) -> Floats:
        """T at which the clock shows tau: the integral of the inverse of its pace, in closed form."""
        frequency, logit = self._modelled, self.alone.initial_logit
        rate = self.alone.rate * frequency
        # The integral of P x = P expit(logit + rate tau) is (softplus(logit + rate tau) - softplus(logit)) P/rate.
        clock = np.where(np.isfinite(tau), tau, 0.0)[..., None]
        learned = (np.logaddexp(0.0, logit + rate * clock) - np.logaddexp(0.0, logit)) / self.alone.rate
        return np.asarray(tau - np.sum(learned, axis=-1) / (1 + self.spare))

    def _unlearned(self, tau: Floats) -> Floats:
        """Frequency-weighted mean of 1 - R/S, the shape of ``tau``."""
        modelled = self._modelled
        strength = self.alone.strength(tau, skills=np.arange(1, modelled.size + 1))
        return np.asarray(1 - strength @ modelled / self.target_scale)

    @property
    def _modelled(self) -> Floats:
        return self.frequencies.first(int(self.alone.n_modelled))


def pace(unlearned: Floats, spare: float) -> Floats:
    """d tau / dT where a share ``unlearned`` of the skills' frequency is still to be learned, any shape."""
    return np.asarray((1 + spare) / (unlearned + spare))


def measured_clock(steps: Floats, frequency: Floats, learned: Floats, spare: float) -> Floats:
    """tau along measured curves, by the trapezoidal rule; constant pace up to the first measurement.

    Args:
        steps: ascending, shape ``(n,)``.
        frequency: of the skills, in any unit, shape ``(K,)``.
        learned: R_k/S as measured, shape ``(K, n)``; values outside 0 to 1 count as the nearer end.
        spare: N_0, greater than 0.

    Returns:
        Time at which each skill would be as far alone, shape ``(n,)``, in the unit of ``steps``.
    """
    unlearned = frequency @ (1 - np.clip(learned, 0.0, 1.0)) / frequency.sum()
    rate = pace(unlearned, spare)
    first = rate[0] * steps[0]
    between = 0.5 * (rate[1:] + rate[:-1]) * np.diff(steps)
    return np.concatenate([[first], first + np.cumsum(between)])
