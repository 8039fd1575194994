"""Gradient descent on skills with several basis functions each: steps on whole batches and on small ones.

Skill k has a weight a_k and weights B_k on its basis functions e_l, with E[e_l e_l'] = delta and
g_k = sum_l e_l / sqrt(M) (``Nam et al. 2024, Eq. 16``); one basis function, e_1 = g_k, is the multilinear model. On
samples with features Phi_k, of shape ``(M, d_k)``, half the mean squared error has the slopes (Eq. 83, 85)

    dL/dB_k = -(a_k / D) Phi_k Phi_k^T (S u - a_k B_k),    dL/da_k = -(1/D) B_k^T Phi_k Phi_k^T (S u - a_k B_k),

with u = (1, ..., 1) / sqrt(M). A descent does not see rotations of the basis, so whole batches are taken in the
principal axes of Phi_k Phi_k^T, at M products a step in place of M^2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numba
import numpy as np

from saltus._types import Floats, Integers
from saltus.errors import InputError

_jit = numba.njit(nogil=True, cache=True, error_model="numpy")
# Samples drawn at a time, the same for any measurements, so that the numbers do not depend on those.
_SAMPLES_AT_A_TIME = 8192


@dataclass(frozen=True)
class Weights:
    """Weights of K skills with M basis functions each; they change in place.

    Attributes:
        a: weight of each skill, shape ``(K,)``.
        b: weight of each basis function, shape ``(M, K)``.
        target: S u, the weights a_k B_k that give g_k itself, in the axes of ``b``, shape ``(M, K)``.
    """

    a: Floats
    b: Floats
    target: Floats

    @property
    def strength(self) -> Floats:
        """R_k/S = E[g_k f]/S (Eq. 7), exactly, shape ``(K,)``."""
        return np.asarray(self.a * (self.b * self.target).sum(0) / (self.target**2).sum(0))

    @property
    def loss(self) -> Floats:
        """L_k, half the mean squared error over all inputs of the skill, exactly, shape ``(K,)``."""
        return np.asarray(((self.a * self.b - self.target) ** 2).sum(0) / 2)


class Descent(Protocol):
    """A descent on given weights."""

    def advance(self, n_steps: int) -> None:
        """Take ``n_steps`` steps; the weights change in place."""
        ...


class WholeBatches:
    """Descent on the mean over a training set, or over all inputs.

    Args:
        weights: the weights, in the principal axes of each skill.
        curvature: curvature of the loss along each axis at a_k = 1, shape ``(M, K)``.
        learning_rate: step size for half the mean squared error.

    Raises:
        InputError: if the learning rate is so large that some skill may never settle.
    """

    def __init__(self, weights: Weights, curvature: Floats, learning_rate: float) -> None:
        # At the solution a_k^2 = |B_k|^2 = |S u| along the axes that move: no direction is steeper than 2 |S u| times
        # the largest curvature, and a step must stay below 2 over that.
        reached = np.sqrt((weights.target**2 * (curvature > 0)).sum(axis=0))
        steepest = float((curvature.max(axis=0) * reached).max())
        if learning_rate * steepest >= 1:
            raise InputError(
                f"learning_rate must be below {1 / steepest:g} for whole batches to settle",
                learning_rate,
                "take a smaller one",
            )
        self._weights, self._curvature, self._learning_rate = weights, curvature, learning_rate
        self._moving = np.flatnonzero(curvature.any(axis=0))

    def advance(self, n_steps: int) -> None:
        all_of_them, moving = self._weights, self._moving
        a, b = all_of_them.a[moving], all_of_them.b[:, moving]
        _whole_batch_steps(
            a, b, self._curvature[:, moving], all_of_them.target[:, moving], self._learning_rate, n_steps
        )
        all_of_them.a[moving], all_of_them.b[:, moving] = a, b


Draw = Callable[[int], tuple[Integers, Floats]]


class SmallBatches:
    """Stochastic descent: every step on a batch of samples of its own.

    Args:
        weights: the weights, in the axes of the basis functions.
        n_functions: number of basis functions that the model has of each skill, the first ones, shape ``(K,)``.
        draw: gives n samples: their skills, counted from 0, shape ``(n,)``, with K and above for skills that the model
            lacks; and the values of their skills' basis functions, ``(n, M)``.
        learning_rate: step size for half the mean squared error.
        batch_size: samples in a step.
    """

    def __init__(
        self, weights: Weights, n_functions: Integers, draw: Draw, learning_rate: float, batch_size: int
    ) -> None:
        self._weights, self._n_functions, self._draw = weights, n_functions, draw
        self._learning_rate, self._batch_size = learning_rate, batch_size
        self._waiting: tuple[Integers, Floats] = np.empty(0, np.int64), np.empty((0, len(weights.b)))

    def advance(self, n_steps: int) -> None:
        block = max(1, _SAMPLES_AT_A_TIME // self._batch_size) * self._batch_size
        left = n_steps * self._batch_size
        while left > 0:
            if len(self._waiting[0]) == 0:
                self._waiting = self._draw(block)
            skills, features = self._waiting
            weights, target = self._weights, self._weights.target[0, 0]
            _small_batch_steps(
                weights.a,
                weights.b,
                self._n_functions,
                target,
                skills[:left],
                features[:left],
                self._learning_rate / self._batch_size,
                self._batch_size,
            )
            self._waiting = skills[left:], features[left:]
            left -= min(left, len(skills))


def even_target(n_functions: int, n_skills: int, target_scale: float) -> Floats:
    """S u of every skill on its own basis functions, shape ``(M, K)``."""
    return np.full((n_functions, n_skills), target_scale / math.sqrt(n_functions))


def principal_axes(features: Floats, n_data: int) -> tuple[Floats, Floats]:
    """Curvature of the loss of one skill, ``(M,)``, and the axes along which it acts, one a column, ``(M, M)``.

    ``features`` is Phi, the basis functions on the skill's samples, shape ``(M, d_k)``; ``n_data`` is D.
    """
    curvature, axes = np.linalg.eigh(features @ features.T / n_data)
    n_functions, n_observed = features.shape
    curvature[: max(n_functions - n_observed, 0)] = 0.0  # no sample depends on these axes; eigh leaves rounding errors
    return curvature, axes


@_jit
def _whole_batch_steps(
    a: Floats, b: Floats, curvature: Floats, target: Floats, learning_rate: float, n_steps: int
) -> None:
    n_functions, n_skills = b.shape
    slope = np.empty(n_skills)
    for _ in range(n_steps):
        slope[:] = 0.0
        for i in range(n_functions):
            for k in range(n_skills):
                pull = curvature[i, k] * (target[i, k] - a[k] * b[i, k])
                slope[k] += b[i, k] * pull
                b[i, k] += learning_rate * a[k] * pull
        for k in range(n_skills):
            a[k] += learning_rate * slope[k]


@_jit
def _small_batch_steps(
    a: Floats,
    b: Floats,
    n_functions: Integers,
    unit: float,
    skills: Integers,
    features: Floats,
    rate: float,
    batch_size: int,
) -> None:
    """``unit`` is the target of one basis function, ``rate`` the learning rate of one sample."""
    slope_a, slope_b = np.zeros(a.shape), np.zeros(b.shape)
    for first in range(0, len(skills), batch_size):
        for j in range(first, first + batch_size):
            k = skills[j]
            if k < len(a):
                output = 0.0
                for i in range(n_functions[k]):
                    output += b[i, k] * features[j, i]
                error = unit * features[j].sum() - a[k] * output
                slope_a[k] += error * output
                for i in range(n_functions[k]):
                    slope_b[i, k] += error * a[k] * features[j, i]
        # A skill that comes again finds its slope taken and set to 0.
        for j in range(first, first + batch_size):
            k = skills[j]
            if k < len(a):
                a[k] += rate * slope_a[k]
                slope_a[k] = 0.0
                for i in range(n_functions[k]):
                    b[i, k] += rate * slope_b[i, k]
                    slope_b[i, k] = 0.0
