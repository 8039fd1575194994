"""Newton's method for a batch of small problems at once, inside a box, damped where it must be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from saltus._types import Flags, Floats
from saltus.lawfit.objective import Objective

Bounds = tuple[Floats, Floats]

_MOST_STEPS = 200
# Most that an entry of theta moves: the larger of the first number and the second times the range of log L.
_LONGEST_STEP = 3.0, 0.2
_LARGEST_DAMPING = 1e12
# Huber's delta comes down by this factor a stage: from nearly least squares, with few minima, to the value asked for.
_DELTA_FACTOR = 4.0
_FIRST_DELTA = 0.5
_ROUGHLY, _STEPS_A_STAGE = 1e-3, 40  # relative tolerance, and most steps, of all stages but the last


@dataclass(frozen=True)
class Minima:
    """Where each member of a batch ended: theta ``(batch, p)``, objective ``(batch,)``, and whether it is a minimum."""

    theta: Floats
    value: Floats
    converged: Flags


def minimise(
    objective: Objective, theta: Floats, bounds: Bounds, tolerance: float, most_steps: int = _MOST_STEPS
) -> Minima:
    """Minimise from each start.

    Converged means that the decrease still to be expected is below ``tolerance`` times the objective.

    Args:
        theta: starts, ``(batch, p)``.
        bounds: lowest and highest theta, ``(p,)`` each.
        tolerance: relative.
        most_steps: after which a member is left where it is.
    """
    theta = np.clip(theta, *bounds)
    value = objective.value(theta)
    damping = np.full(len(theta), 1e-3)
    running, converged = np.ones(len(theta), dtype=bool), np.zeros(len(theta), dtype=bool)
    floor = objective.y.size * 1e-28  # residuals of a perfect fit: rounding
    for _ in range(most_steps):
        here = objective.members(running)
        step, promise = _step(here, theta[running], bounds, damping[running])
        trial = np.clip(theta[running] + step, *bounds)
        trial_value = here.value(trial)
        better = trial_value < value[running]
        index = np.flatnonzero(running)
        done = promise <= tolerance * value[index] + floor
        theta[index[better]], value[index[better]] = trial[better], trial_value[better]
        damping[index] *= np.where(better, 0.2, 6.0)
        np.maximum(damping, 1e-12, out=damping)
        converged[index[done]] = True
        running[index] = ~done & (damping[index] < _LARGEST_DAMPING)
        if not running.any():
            break
    return Minima(theta, value, converged)


def descend(objective: Objective, theta: Floats, bounds: Bounds) -> Minima:
    """`minimise` with Huber's delta coming down in stages to that of the objective."""
    delta = _FIRST_DELTA
    while delta > objective.delta * _DELTA_FACTOR:
        stage = replace(objective, delta=delta)
        theta = minimise(stage, theta, bounds, tolerance=_ROUGHLY, most_steps=_STEPS_A_STAGE).theta
        delta /= _DELTA_FACTOR
    return minimise(objective, theta, bounds, tolerance=1e-13)


def _step(objective: Objective, theta: Floats, bounds: Bounds, damping: Floats) -> tuple[Floats, Floats]:
    """A damped Newton step, and the decrease of the objective that the gradient still promises."""
    gradient, hessian, metric = objective.derivatives(theta)
    # An entry at its bound that would leave the box stays there.
    held = ((theta <= bounds[0]) & (gradient > 0)) | ((theta >= bounds[1]) & (gradient < 0))
    gradient = np.where(held, 0.0, gradient)
    both_move = ~held[:, :, None] & ~held[:, None, :]
    identity = np.eye(theta.shape[1])
    size = np.trace(metric, axis1=1, axis2=2)[:, None, None] + 1e-300
    metric = np.where(both_move, metric, 0.0) + size * np.where(held[:, :, None], identity, 1e-10 * identity)
    curved = np.where(both_move, hessian, 0.0) + damping[:, None, None] * metric + 1e-15 * size * identity
    promise = np.sum(gradient * _solve(metric, gradient), axis=1)
    step = -_solve(curved, gradient)
    # Where the curvature is not positive, downhill in the metric.
    uphill = np.sum(step * gradient, axis=1) >= 0
    step[uphill] = -_solve(metric, gradient)[uphill] / (1 + damping[uphill, None])
    longest = max(_LONGEST_STEP[0], _LONGEST_STEP[1] * float(np.ptp(objective.y)))
    return np.clip(step, -longest, longest), promise


def _solve(matrix: Floats, vector: Floats) -> Floats:
    return np.asarray(np.linalg.solve(matrix, vector[:, :, None])[:, :, 0])
