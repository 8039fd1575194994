"""Gradient flow integrated numerically, weight by weight: the path to every closed form that shares nothing with it.

A skill of any model is a product of weights, one a layer: one weight is the linear model, two equal ones the
multilinear model, two unequal ones its unbalanced start, L the deep model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import solve_ivp

from saltus._types import Floats
from saltus.errors import InputError, require_positive, require_whole

RELATIVE_TOLERANCE = 1e-12
ABSOLUTE_TOLERANCE = 1e-14  # in units of the target


def integrate_product(
    initial_weights: Sequence[float],
    time: ArrayLike,
    *,
    share: float,
    target_scale: float = 1.0,
    learning_rate: float = 1.0,
) -> Floats:
    """Strength of one skill, the product of its weights, along dw_l/dt = eta p (S - R) R / w_l (``Eq. 5``).

    Args:
        initial_weights: one weight a layer.
        time: T in steps, at least 0 and finite, any shape.
        share: p, the skill's share of the samples, from 0 to 1.
        target_scale: S; greater than 0.
        learning_rate: eta of the loss **with** the factor 1/2; greater than 0.

    Returns:
        Strengths, the shape of ``time``, to about 1e-9 of S.

    Raises:
        InputError: if a value is outside its range.
    """
    rate = require_positive("learning_rate", learning_rate, "give the rate of the loss with the factor 1/2")
    scale = require_positive("target_scale", target_scale, "give the size of the target, e.g. 1")
    if not 0 <= share <= 1:
        raise InputError("share must lie from 0 to 1", share, "give P_k, or d_k / D")

    def velocity(_: float, weights: Floats) -> Floats:
        return np.asarray(rate * share * (scale - weights.prod()) * _products_of_the_others(weights))

    weights = _integrate(velocity, np.asarray(initial_weights, dtype=float), time, scale ** (1 / len(initial_weights)))
    return np.asarray(weights.prod(axis=0))


def integrate_shots(
    features: Floats,
    time: float,
    *,
    initial_weights: tuple[float, Floats],
    n_data: int,
    target_scale: float = 1.0,
    learning_rate: float = 1.0,
) -> tuple[float, Floats]:
    """Weights (a, B) of one skill with several basis functions, trained on samples (``Nam et al. 2024, Eq. 83, 85``).

    Args:
        features: Phi, the value of basis function l on sample j of the skill, shape ``(shots, n_observed)``.
        time: T in steps, at least 0 and finite.
        initial_weights: a and B at time 0, a number and shape ``(shots,)``.
        n_data: D, the size of the whole training set.
        target_scale: S; greater than 0.
        learning_rate: eta of the loss **with** the factor 1/2; greater than 0.

    Returns:
        a and B at ``time``.

    Raises:
        InputError: if a value is outside its range.
    """
    rate = require_positive("learning_rate", learning_rate, "give the rate of the loss with the factor 1/2")
    scale = require_positive("target_scale", target_scale, "give the size of the target, e.g. 1")
    covariance = (
        features @ features.T * (rate / require_whole("n_data", n_data, 1, "give the size of the training set"))
    )
    target = np.full(len(features), scale / np.sqrt(len(features)))

    def velocity(_: float, weights: Floats) -> Floats:
        a, b = weights[0], weights[1:]
        pull = covariance @ (target - a * b)
        return np.concatenate(([b @ pull], a * pull))

    start = np.concatenate(([initial_weights[0]], initial_weights[1]))
    end = _integrate(velocity, start, [time], np.sqrt(scale))[:, 0]
    return float(end[0]), end[1:]


def _integrate(
    velocity: Callable[[float, Floats], Floats],
    start: Floats,
    time: ArrayLike,
    scale: float,
) -> Floats:
    """Weights at each time, shape ``start.shape + time.shape``, from ``start`` at time 0."""
    wanted = np.asarray(time, dtype=float)
    if not np.all(np.isfinite(wanted) & (wanted >= 0)):
        raise InputError("time must be finite and at least 0", time, "give the number of steps")
    marks, at = np.unique(np.append(0.0, wanted.ravel()), return_inverse=True)
    solution = solve_ivp(
        velocity,
        (0.0, marks[-1]),
        start,
        method="DOP853",
        t_eval=marks,
        rtol=RELATIVE_TOLERANCE,
        atol=ABSOLUTE_TOLERANCE * scale,
    )
    if not solution.success:
        raise ArithmeticError(f"the integration stopped early: {solution.message}")
    return np.asarray(solution.y[:, at[1:]].reshape(start.shape + wanted.shape))


def _products_of_the_others(weights: Floats) -> Floats:
    """R / w_l without the division, which fails where a weight passes through 0."""
    before = np.concatenate(([1.0], np.cumprod(weights[:-1])))
    after = np.concatenate((np.cumprod(weights[:0:-1])[::-1], [1.0]))
    return before * after
