"""Gradient descent in steps: x -> x (1 + mu (1 - x))^2 with x = R/S and mu = eta S P_k, and where it stops to settle.

The recursion itself is run where mu is large. Where mu is small and the steps are many, it is solved: a function A
with A(x after a step) = A(x) + 1 exists, two logarithms and a polynomial correction. ``docs/derivations/
discrete-descent.md`` derives it and proves that every start settles at S for mu < 1.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyder, polyval2d
from scipy.special import expit, log_expit, logit

from saltus._types import Floats
from saltus.errors import InputError
from saltus.theory.dynamics import ROUNDING, SATURATED_LOGIT, SkillDynamics, logit_of

LARGEST_SERIES_RATE = 0.01  # the correction left out, below 10 mu^7 in the logit, is then below 1e-13
SETTLED = 1e-17  # distance to the target, in units of it, far below rounding
NEWTON_STEPS = 5  # the slope of the line varies by 2 % at most: the digits double at every pass
SLOWEST = 0.9999  # largest mu at which any number of updates can be asked for
MOST_STEPS = 300_000  # updates, at most, above it

# Entry (j, i): the coefficient of mu^j z^i in the correction P (discrete-descent.md).
CORRECTION = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 5 / 8, 0, 0, 0, 0],
        [0, -1 / 4, 21 / 32, 0, 0, 0],
        [0, 19 / 32, -175 / 192, 35 / 32, 0, 0],
        [0, -9 / 160, 22 / 15, -1199 / 480, 2717 / 1280, 0],
        [0, 913 / 1152, -1445 / 1152, 2321 / 576, -9173 / 1536, 13429 / 3200],
    ]
)


@dataclass(frozen=True)
class DiscreteMultilinear(SkillDynamics):
    """f = sum_k a_k b_k g_k under full-batch gradient descent from a_k(0) = b_k(0) (ours, discrete-descent.md).

    Time counts updates and must be whole; `time` gives the first update after which a strength is reached (to within
    the rounding of that strength). Past half the stability edge a strength overshoots S and returns to it.

    Args:
        frequencies: how often each skill occurs.
        target_scale: S, the target is +S or -S; greater than 0.
        initial_strength: r = R_k(0), between 0 and S, both excluded.
        learning_rate: eta of the loss **with** the factor 1/2 (Eq. 5); greater than 0 and below `stability_edge`.

    Raises:
        InputError: if a value is outside its range, or if `strength` is asked for more than 300,000 updates within 1e-4
            of the edge, where the recursion settles too slowly.
    """

    def _check_start(self) -> None:
        super()._check_start()
        self._step_size(self.frequencies.pmf(1))

    @property
    def stability_edge(self) -> float:
        """1 / (S P_1): the learning rate from which on the most frequent skill no longer settles."""
        return float(1 / (self.target_scale * self.frequencies.pmf(1)))

    def _step_size(self, share: Floats) -> Floats:
        mu = self.learning_rate * self.target_scale * share
        if np.any(mu >= 1):
            edge = float(1 / (self.target_scale * np.max(share)))
            raise InputError(
                f"learning_rate must be below the stability edge, 1 / (target_scale * largest share) = {edge:g}",
                self.learning_rate,
                "take a smaller one; past the edge the most frequent skill never settles",
            )
        return np.asarray(mu)

    def _strength(self, share: Floats, time: Floats) -> Floats:
        if np.any(np.floor(time) != time):
            raise InputError("time must be a whole number of updates", time[np.floor(time) != time][0], "round it")
        mu, steps = np.broadcast_arrays(self._step_size(share), time)
        slow = mu <= LARGEST_SERIES_RATE
        x = np.empty(mu.shape)
        x[slow] = expit(_logit_by_series(self._initial_logit, mu[slow], steps[slow]))
        x[~slow] = _by_recursion(self.initial_strength / self.target_scale, mu[~slow], steps[~slow])
        return self.target_scale * x

    def _time(self, share: Floats, strength: Floats) -> Floats:
        mu, x = np.broadcast_arrays(self._step_size(share), strength / self.target_scale)
        goal = logit(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            # A strength counts as reached within its own rounding, so that time(strength(n)) is n and not n + 1.
            slack = ROUNDING * (np.abs(goal) + abs(self._initial_logit) + 1 / (1 - x))
            goal = np.where(x < 1, goal - slack, np.inf)
        slow = mu <= LARGEST_SERIES_RATE
        steps = np.empty(mu.shape)
        steps[slow] = _steps_by_series(self._initial_logit, mu[slow], goal[slow])
        steps[~slow] = _steps_by_recursion(self.initial_strength / self.target_scale, mu[~slow], goal[~slow])
        return np.where(strength > self.initial_strength, steps, 0.0)

    @property
    def _initial_logit(self) -> float:
        return logit_of(self.initial_strength, self.target_scale)


def _scaled_abel(y: Floats, mu: Floats) -> tuple[Floats, Floats]:
    """A at x = expit(y), times the growth 2 log(1 + mu) of log x a step while x is small; and its slope in y."""
    growth, decay = 2 * np.log1p(mu), -np.log1p(-2 * mu)
    ratio = np.where(mu > 0, growth / np.where(mu > 0, decay, 1.0), 1.0)
    z, remaining = expit(y), expit(-y)
    correction = growth * polyval2d(mu, z, CORRECTION)
    correction_slope = growth * polyval2d(mu, z, polyder(CORRECTION, axis=1)) * z * remaining
    value = log_expit(y) - ratio * log_expit(-y) + correction
    return value, remaining + ratio * z + correction_slope


def _logit_by_series(start: float, mu: Floats, steps: Floats) -> Floats:
    """logit(x) after ``steps``, by Newton on the nearly straight line A."""
    with np.errstate(over="ignore", invalid="ignore"):
        advance = np.where(mu > 0, np.minimum(steps * 2 * np.log1p(mu), SATURATED_LOGIT - start), 0.0)
    goal = _scaled_abel(np.full_like(mu, start), mu)[0] + advance
    y = start + advance
    for _ in range(NEWTON_STEPS):
        value, slope = _scaled_abel(y, mu)
        y = y + (goal - value) / slope
    return y


def _steps_by_series(start: float, mu: Floats, goal: Floats) -> Floats:
    """First step after which logit(x) is at least ``goal``."""
    advance = _scaled_abel(goal, mu)[0] - _scaled_abel(np.full_like(mu, start), mu)[0]
    with np.errstate(over="ignore"):
        return np.asarray(np.ceil(np.maximum(advance / (2 * np.log1p(mu)), 0.0)))


def _orbit(start: float, mu: Floats) -> Iterator[tuple[int, Floats, Floats]]:
    """Step, x and 1 - x of the recursion from ``start``; the smaller of the two is the one carried along."""
    x, remaining = np.full_like(mu, start), np.full_like(mu, 1 - start)
    for step in itertools.count():
        yield step, x, remaining
        factor = 1 - 2 * mu + mu * remaining * (2 - mu * x)
        grown, shrunk = x * (1 + mu * remaining) ** 2, remaining * factor
        low = grown < 0.5
        x, remaining = np.where(low, grown, 1 - shrunk), np.where(low, 1 - grown, shrunk)


def _by_recursion(start: float, mu: Floats, steps: Floats) -> Floats:
    """x after ``steps``, each distinct rate run once, until all have settled."""
    if mu.max(initial=0) > SLOWEST and steps.max(initial=0) > MOST_STEPS:
        raise InputError(
            f"learning_rate * target_scale * share must be at most {SLOWEST} for more than {MOST_STEPS:,} updates",
            float(mu.max()),
            "ask for fewer updates, or take a smaller learning rate",
        )
    (rates, which), (marks, at) = (np.unique(values, return_inverse=True) for values in (mu, steps))
    table = np.ones((marks.size, rates.size))
    row = 0
    for step, x, remaining in _orbit(start, rates):
        if row == marks.size or np.all(np.abs(remaining) < SETTLED):
            break
        if step == marks[row]:
            table[row] = x
            row += 1
    return table[at, which]


def _steps_by_recursion(start: float, mu: Floats, goal: Floats) -> Floats:
    """First step after which logit(x) is at least ``goal``; an overshoot, x >= 1, reaches every goal."""
    (rates, which), (goals, at) = (np.unique(values, return_inverse=True) for values in (mu, goal))
    overshoots = rates > 0.5
    wanted = np.where(overshoots, goals.size, np.searchsorted(goals, np.inf))
    table, reached = np.full((goals.size, rates.size), np.inf), np.zeros(rates.size, dtype=int)
    for step, x, remaining in _orbit(start, rates):
        if np.all(reached >= wanted):
            break
        inside = remaining > 0
        y = np.where(inside, np.log(x) - np.log(np.where(inside, remaining, 1.0)), np.inf)
        now = np.minimum(np.searchsorted(goals, y, side="right"), wanted)
        for rate in np.flatnonzero(now > reached):
            table[reached[rate] : now[rate], rate] = step
            reached[rate] = now[rate]
    return table[at, which]
