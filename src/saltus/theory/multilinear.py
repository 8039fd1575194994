"""The multilinear model's closed form: every skill strength is a logistic curve in time.

``Nam et al. 2024, Lemma 1 (Eq. 11)``, written as a straight line in the logit of R/S, which stays exact for any
time and any initial strength.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit

from saltus._types import Floats
from saltus.theory.dynamics import GradientFlow, logit_of
from saltus.theory.fluctuations import loss_of_dataset, variance_of_loss
from saltus.theory.loss import expected_loss, learned_share, missing_share, per_skill


@dataclass(frozen=True)
class Multilinear(GradientFlow):
    """f = sum_k a_k b_k g_k under gradient flow from a balanced start (``Nam et al. 2024, Eq. 9-11``).

    Args:
        frequencies: how often each skill occurs.
        target_scale: S, the target is +S or -S; greater than 0.
        initial_strength: r = R_k(0), between 0 and S, both excluded.
        learning_rate: eta of the loss **with** the factor 1/2 (Eq. 5); greater than 0.
        n_parameters: N, the number of skill basis functions, a whole number of at least 1: the N most frequent skills
            are modelled, the others keep strength 0. All of them by default, or where N exceeds their number.

    Raises:
        InputError: if a value is outside its range.
    """

    @property
    def initial_logit(self) -> float:
        """log(r / (S - r)), where every skill's logit starts."""
        return logit_of(self.initial_strength, self.target_scale)

    @property
    def rate(self) -> float:
        """2 eta S: how fast the logit of a skill of frequency 1 grows, per step."""
        return 2 * self.learning_rate * self.target_scale

    @property
    def initial_weights(self) -> tuple[float, ...]:
        return (math.sqrt(self.initial_strength),) * 2

    @property
    def untrained_loss(self) -> float:
        """S^2/2, the loss of a function that is 0 everywhere."""
        return self.target_scale**2 / 2

    def strength(self, time: ArrayLike, *, skills: ArrayLike | None = None, data: ArrayLike = math.inf) -> Floats:
        """Skill strengths R_k(T), expected over datasets of ``data`` samples (``Nam et al. 2024, Eq. 11``).

        Args:
            time: gradient-flow time T in steps, at least 0, possibly ``inf``, any shape.
            skills: 1-based skill indices, shape ``(K,)``; all of them by default.
            data: D, a whole number of samples of which d_k ~ Binomial(D, P_k) show skill k; ``inf`` (the
                default) means d_k/D = P_k. Broadcast against ``time``.

        Returns:
            Strengths between r and S (0 for skills beyond N), shape ``broadcast(time, data).shape + (K,)``.
        """
        if np.all(np.asarray(data, dtype=float) == math.inf):
            return super().strength(np.broadcast_arrays(time, data)[0], skills=skills)
        share, _ = per_skill(self, learned_share, time, data, skills, unmodelled=0.0)
        return self.target_scale * share

    def loss(self, *, time: ArrayLike = math.inf, data: ArrayLike = math.inf) -> float | Floats:
        """Loss in (T, D, N): half the mean squared error, expected over datasets (``Nam et al. 2024, Eq. 12, 274``).

        Args:
            time: gradient-flow time T in steps, at least 0, possibly ``inf``, any shape.
            data: D, a whole number of samples of at least 1, or ``inf``; broadcast against ``time``.

        Returns:
            A float if both are scalars, else an array of their broadcast shape. Relative error about 1e-13 with
            unlimited data, 1e-12 with finite data, beyond the rounding of the arguments (which the loss of a model
            that has learned every skill amplifies by minus twice its logarithm). Cost independent of n_skills for
            a power law.

        Raises:
            InputError: if a time is negative, or a size is not a whole number of at least 1.
        """
        return _as_given(expected_loss(self, time, data))

    def skill_loss(
        self, *, time: ArrayLike = math.inf, data: ArrayLike = math.inf, skills: ArrayLike | None = None
    ) -> Floats:
        """Expected loss (S - R_k)^2/2 on samples of one skill (``Nam et al. 2024, Eq. 10``), shaped like `strength`."""
        share, _ = per_skill(self, missing_share, time, data, skills, unmodelled=1.0)
        return self.untrained_loss * share

    def loss_share(
        self, *, time: ArrayLike = math.inf, data: ArrayLike = math.inf, skills: ArrayLike | None = None
    ) -> Floats:
        """Share P_k L_k / L of each skill in the expected loss, shaped like `strength`; all shares sum to 1."""
        share, frequency = per_skill(self, missing_share, time, data, skills, unmodelled=1.0)
        return self.untrained_loss * frequency * share / expected_loss(self, time, data)[..., None]

    def loss_variance(self, *, time: ArrayLike = math.inf, data: ArrayLike) -> float | Floats:
        """Variance of the loss over datasets of ``data`` samples, with the counts d_k jointly multinomial.

        Exact (ours, ``docs/derivations/finite-data.md``), with the covariance of the counts, for any number of skills;
        0 for ``data=inf``. Arguments, shape and errors as in `loss`.
        """
        return _as_given(variance_of_loss(self, time, data))

    def dataset_loss(
        self, n_observed: ArrayLike, *, skills: ArrayLike | None = None, time: ArrayLike = math.inf
    ) -> float | Floats:
        """Loss after training on one given dataset (``Nam et al. 2024, Eq. 12``).

        Args:
            n_observed: d_k of the skills, whole numbers of at least 0 with a sum D of at least 1, shape ``(K,)``.
            skills: which skills they are, shape ``(K,)``, each once; skills 1 to K by default. Others were never seen.
            time: gradient-flow time T in steps, any shape.

        Returns:
            A float if ``time`` is a scalar, else an array of its shape.

        Raises:
            InputError: if the counts are not whole numbers of at least 0, or all 0, or do not match ``skills``.
        """
        return _as_given(loss_of_dataset(self, n_observed, skills, time))

    def _curve(self, clock: Floats) -> Floats:
        return np.asarray(expit(self.initial_logit + clock))

    def _clock(self, x: Floats) -> Floats:
        return np.asarray(np.maximum(logit(x) - self.initial_logit, 0.0))


def _as_given(values: Floats) -> float | Floats:
    return values if values.ndim else float(values)
