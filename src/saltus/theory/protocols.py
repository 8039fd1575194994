"""The contracts of the theory: a model of skills along one resource, its logistic kind, and a clock.

Laws, sums, stages and plans take any model that meets them, whatever class it is.
"""

from __future__ import annotations

from typing import Protocol

from numpy.typing import ArrayLike

from saltus._types import Floats
from saltus.theory.frequencies import SkillFrequencies


class SkillModel(Protocol):
    """Skills that emerge along one resource x, the most frequent first: x is time T, data D or parameters N."""

    @property
    def frequencies(self) -> SkillFrequencies:
        """How often each skill occurs."""
        ...

    @property
    def target_scale(self) -> float:
        """S, the strength of a learned skill."""
        ...

    def strength(self, x: ArrayLike, /, *, skills: ArrayLike | None = None) -> Floats:
        """Skill strengths R_k at an amount of the resource.

        Args:
            x: amounts of at least 0, in the resource's own unit, any shape.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.

        Returns:
            Strengths, at most S, shape ``x.shape + (K,)``; non-decreasing in x.
        """
        ...

    def emergence(self, skill: ArrayLike, threshold: float) -> Floats:
        """Smallest amount at which a skill's strength reaches ``threshold * S``.

        Args:
            skill: 1-based skill indices, any shape.
            threshold: share of S, between 0 and 1.

        Returns:
            Amounts, the shape of ``skill``, non-decreasing in ``skill``; infinity where no amount suffices.

        Raises:
            InputError: if the threshold is outside its range.
        """
        ...


class LogisticSkills(Protocol):
    """A model whose logits grow in time, each at the pace of its frequency, as sums over skills take it."""

    @property
    def frequencies(self) -> SkillFrequencies:
        """How often each skill occurs."""
        ...

    @property
    def n_modelled(self) -> float:
        """Number of skills that can be learned, the most frequent ones; the others keep strength 0."""
        ...

    @property
    def initial_logit(self) -> float:
        """Logit of R/S at time 0, the same for every skill."""
        ...

    @property
    def rate(self) -> float:
        """Growth of the logit of a skill of frequency 1, per step."""
        ...

    @property
    def untrained_loss(self) -> float:
        """Loss of a function that is 0 everywhere."""
        ...


class Clock(Protocol):
    """How far gradient flow has come after a number of steps: the area under the learning rate.

    A gradient flow of learning rate 1 is at ``flow_time(step)`` when training has made ``step`` updates. Training whose
    path differs from the flow's (Adam, for one) has no clock.
    """

    def flow_time(self, step: ArrayLike) -> Floats:
        """Flow time after ``step`` updates, at least 0, the shape of ``step``; ascending."""
        ...

    def step(self, flow_time: ArrayLike) -> Floats:
        """Updates until a flow time, not rounded to whole ones: the inverse of `flow_time`."""
        ...
