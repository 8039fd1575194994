"""Fits of one Hill curve, R/S = ceiling / (1 + (T/t)^h), to measurements whose noise is known, or is not.

Far from the rise a measurement says little, and no network rises exactly so: a variance of misfit is part of each
error, and residuals count by Student's t, so that single values far away decide nothing. Times are natural logarithms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from saltus._types import Floats
from saltus.statistics import independent

MISFIT = 0.01  # standard deviation of R/S about a Hill curve, without noise
OVERDISPERSION = 0.002  # correlation of the answers to one evaluation's questions
STEEPNESS, STEEPNESS_SD = math.log(4.1), 1.0  # prior of log h: networks of one hidden layer, up to transformers
_NU = 5.0  # degrees of freedom of the residuals
_CEILING_POWER = 19.0  # of the ceiling in its prior, Beta(20, 1)
LOWEST_CEILING = 0.5
_ITERATIONS = 30
_STILL = 1e-3  # step of log h, of log T in units of a rise, and of the ceiling, below which a fit has ended
_LARGEST_STEP = 0.5  # of log h, and of log T in units of a rise
_STARTS = (0.5, 1.4, 4.0)  # steepnesses from which fits start, in that of the prior or of the measurements
_BOUNDS = math.log(0.3), math.log(300.0)  # of log h
_AGREED = 4.0  # measurements that the assumed noise is worth, against the residuals
_GRID_TIMES, _GRID_STEEPNESS, _GRID_POINTS = 61, 25, 48  # of the posterior of poorly known rises
_REACH, _LEAST_SPREAD = 4.0, 0.2  # half-width of that grid in standard deviations, and the least one of log h
_POOR = 0.25  # standard deviation of log h above which its posterior is no normal law
_RISING = 0.05  # share of the ceiling from which, up to one minus it, a curve rises


@dataclass(frozen=True)
class Measured:
    """Measurements of one skill, arrays of shape ``(n,)``.

    Attributes:
        log_step: natural logarithm of the step, ascending.
        strength: R/S.
        variance: of the noise of each, where it does not depend on the strength.
        items: number of questions behind each value where it is an accuracy, else None: the noise is then that of
            answers right and wrong, a little alike, in place of ``variance``.
        chance: share of right answers without the skill.
    """

    log_step: Floats
    strength: Floats
    variance: Floats
    items: Floats | None
    chance: float

    def noise(self, level: Floats) -> Floats:
        """Variance of a measurement, misfit included, where the curve is at ``level``; last axis over measurements."""
        if self.items is None:
            return np.broadcast_to(self.variance + MISFIT**2, level.shape)
        right = self.chance + (1 - self.chance) * np.clip(level, 0.0, 1.0)
        right = (self.items * right + 0.5) / (self.items + 1)
        spread = right * (1 - right) * (1 / self.items + OVERDISPERSION)
        return np.asarray(spread / (1 - self.chance) ** 2 + MISFIT**2)

    def part(self, chosen: slice) -> Measured:
        """Some neighbouring measurements."""
        items = None if self.items is None else self.items[chosen]
        return Measured(self.log_step[chosen], self.strength[chosen], self.variance[chosen], items, self.chance)


@dataclass(frozen=True)
class Fit:
    """A fitted Hill curve.

    Attributes:
        log_time: natural logarithm of T.
        time_error: its standard deviation.
        steepness: h.
        flatness_error: standard deviation of 1/h.
        ceiling: as given, or fitted.
        ceiling_error: its standard deviation; 0 where it was given.
        objective: minus the logarithm of the posterior density.
        residual: measured minus fitted R/S, shape ``(n,)``.
        share: fitted share of the ceiling at each measurement, same shape.
        scale: variance of residuals in that of the noise, at least 1.
    """

    log_time: float
    time_error: float
    steepness: float
    flatness_error: float
    ceiling: float
    ceiling_error: float
    objective: float
    residual: Floats
    share: Floats
    scale: float

    @property
    def n_on_rise(self) -> int:
        """Number of measurements on the rise."""
        return int(np.sum((self.share > _RISING) & (self.share < 1 - _RISING)))


def fit_hill(measured: Measured, bracket: tuple[float, float], free_ceiling: bool = False) -> Fit:
    """The most probable curve, or where the rise is poorly known, the mean over all curves.

    Args:
        measured: at least two.
        bracket: log steps of neighbouring measurements between which the curve seems to pass half of its ceiling.
        free_ceiling: whether to fit the ceiling too; else it is 1.
    """
    best = _most_probable(measured, bracket, free_ceiling)
    poor = best.flatness_error * best.steepness > _POOR or best.n_on_rise < 3
    return _mean(measured, bracket, best) if poor else best


def _most_probable(measured: Measured, bracket: tuple[float, float], free_ceiling: bool) -> Fit:
    """The best of Gauss-Newton's fits from several starts, side by side, with errors by Laplace's approximation."""
    x, y = measured.log_step, measured.strength
    u = np.full(len(_STARTS), sum(bracket) / 2)
    v = STEEPNESS + np.log(np.array(_STARTS))
    c = np.full(len(_STARTS), max(min(float(np.median(y[x >= bracket[1]])), 1.0), 0.6) if free_ceiling else 1.0)
    lowest, highest = x[0] - 1.0, x[-1] + 1.0
    n_free, still = (3 if free_ceiling else 2), False
    for iteration in range(_ITERATIONS + 1):
        h = np.exp(v)
        along = h[:, None] * (x - u[:, None])
        share = expit(along)
        slope = c[:, None] * share * (1 - share)
        residual = y - c[:, None] * share
        noise = measured.noise(c[:, None] * share)
        jacobian = np.stack([-h[:, None] * slope, along * slope, share][:n_free], axis=1)
        if iteration == _ITERATIONS or still:
            break
        weight = (_NU + 1) / (_NU + residual**2 / noise) / noise
        of_noise = jacobian * weight[:, None]
        gradient = (of_noise @ residual[..., None])[..., 0]
        hessian = of_noise @ jacobian.transpose(0, 2, 1)
        gradient[:, 1] -= (v - STEEPNESS) / STEEPNESS_SD**2
        hessian[:, 1, 1] += STEEPNESS_SD**-2
        if free_ceiling:
            gradient[:, 2] += _CEILING_POWER / c
            hessian[:, 2, 2] += _CEILING_POWER / c**2
        hessian[:, 0, 0] += 1e-3 * h**2  # holds the time where no measurement sees it
        step = np.linalg.solve(hessian, gradient[..., None])[..., 0]
        still = bool(np.abs(step * np.stack([h, *np.ones((n_free - 1, len(h)))], axis=1)).max() < _STILL)
        u = np.clip(u + np.clip(step[:, 0], -_LARGEST_STEP / h, _LARGEST_STEP / h), lowest, highest)
        v = np.clip(v + np.clip(step[:, 1], -_LARGEST_STEP, _LARGEST_STEP), *_BOUNDS)
        if free_ceiling:
            c = np.clip(c + np.clip(step[:, 2], -0.1, 0.1), LOWEST_CEILING, 1.0)
    objective = np.sum(_surprise(residual, noise), axis=-1) + 0.5 * ((v - STEEPNESS) / STEEPNESS_SD) ** 2
    objective = objective - _CEILING_POWER * np.log(c)
    i = int(objective.argmin())
    scale = _scale(residual[i], noise[i], share[i])
    information = (jacobian[i] * ((_NU + 1) / (_NU + 3) / (noise[i] * scale))) @ jacobian[i].T
    information[1, 1] += STEEPNESS_SD**-2
    information[0, 0] += 1e-3 * h[i] ** 2
    if free_ceiling:
        information[2, 2] += _CEILING_POWER / c[i] ** 2
    variances = np.diag(np.linalg.inv(information))
    return Fit(
        log_time=float(u[i]),
        time_error=math.sqrt(variances[0]),
        steepness=float(h[i]),
        flatness_error=math.sqrt(variances[1]) / float(h[i]),
        ceiling=float(c[i]),
        ceiling_error=math.sqrt(variances[2]) if free_ceiling else 0.0,
        objective=float(objective[i]),
        residual=residual[i],
        share=share[i],
        scale=scale,
    )


def _mean(measured: Measured, bracket: tuple[float, float], best: Fit) -> Fit:
    """Mean and spread of time and flatness over all curves on a grid; a rise between two checkpoints is anywhere."""
    reach = min(_REACH * best.time_error, 3 / best.steepness + bracket[1] - bracket[0])
    u = np.linspace(
        min(bracket[0], best.log_time - reach), max(bracket[1], best.log_time + reach), _GRID_TIMES
    )
    spread = _REACH * min(max(best.flatness_error * best.steepness, _LEAST_SPREAD), 1.0)
    v = math.log(best.steepness) + np.linspace(-spread, spread, _GRID_STEEPNESS)
    middle = int(np.searchsorted(measured.log_step, best.log_time))
    near = measured.part(slice(max(middle - _GRID_POINTS // 2, 0), middle + _GRID_POINTS // 2))
    level = best.ceiling * expit(np.exp(v)[:, None] * (near.log_step - u[:, None, None]))
    noise = near.noise(level) * best.scale
    log_weight = -np.sum(_surprise(near.strength - level, noise), axis=-1) - 0.5 * ((v - STEEPNESS) / STEEPNESS_SD) ** 2
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    of_u, of_v, flatness = weight.sum(axis=1), weight.sum(axis=0), np.exp(-v)
    log_time, flat = float(of_u @ u), float(of_v @ flatness)
    share = expit((measured.log_step - log_time) / flat)
    return Fit(
        log_time=log_time,
        time_error=math.sqrt(of_u @ (u - log_time) ** 2 + (u[1] - u[0]) ** 2 / 12),
        steepness=1 / flat,
        flatness_error=math.sqrt(of_v @ (flatness - flat) ** 2),
        ceiling=best.ceiling,
        ceiling_error=best.ceiling_error,
        objective=best.objective,
        residual=measured.strength - best.ceiling * share,
        share=share,
        scale=best.scale,
    )


def without_rise(measured: Measured) -> float:
    """The objective of a curve that stays at 0."""
    none = np.zeros_like(measured.strength)
    return float(np.sum(_surprise(measured.strength, measured.noise(none))))


def _surprise(residual: Floats, noise: Floats) -> Floats:
    """Minus the logarithm of Student's density, up to a constant."""
    return np.asarray((_NU + 1) / 2 * np.log1p(residual**2 / (_NU * noise)) + 0.5 * np.log(noise))


def _scale(residual: Floats, noise: Floats, share: Floats) -> float:
    """Variance of the residuals on the rise in that of the assumed noise, neighbours that agree counted as one."""
    near = (share > 0.02) & (share < 0.98)
    n = int(near.sum())
    if n < 3:
        return 1.0
    standard = residual[near] / np.sqrt(noise[near])
    squares = np.minimum(standard**2, 25.0)  # single values far away are no noise
    excess = max((_AGREED + float(squares.sum())) / (_AGREED + n), 1.0)
    return excess * (n / independent(standard) if n >= 8 else 1.0)
