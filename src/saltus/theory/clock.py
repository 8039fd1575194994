"""From steps to flow time: constant rates, momentum, and learning rates that change at given steps.

Gradient flow knows nothing but the area under its learning rate, so a schedule is a clock (`saltus.theory.protocols`):
ask a model of learning rate 1 for its strength at ``clock.flow_time(step)``. Updates of whole steps add up to that area
exactly; the distance of descent from flow stays of first order in the learning rate.
"""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from saltus._types import Floats
from saltus.errors import InputError, require_not_negative, require_positive, require_whole
from saltus.theory.schedules import Schedule

_MOST_PIECES = 200_000


def flow_rate(learning_rate: float, momentum: float) -> float:
    """Learning rate of the flow that training with heavy-ball (or Nesterov) momentum follows (ours, momentum.md).

    Every update adds up to gradient / (1 - momentum) over its later effect.

    Args:
        learning_rate: eta of the update, in the unit in which the flow's is wanted.
        momentum: the share of an update that the next one keeps, from 0 to 1, 1 excluded.

    Returns:
        eta / (1 - momentum).

    Raises:
        InputError: if ``momentum`` is outside its range.
    """
    if not 0 <= momentum < 1:
        raise InputError("momentum must lie from 0 to 1, 1 excluded", momentum, "give e.g. 0.9, or 0 for none")
    return learning_rate / (1 - momentum)


@dataclass(frozen=True)
class RateClock:
    """Flow time under learning rates that are constant between changes; a `saltus.theory.protocols.Clock`.

    Args:
        rates: learning rates of the loss **with** the factor 1/2 (Eq. 5), each at least 0, in their order.
        changes: steps from which the second, third, ... rate holds, ascending and greater than 0; one fewer than rates.
        momentum: of every update, from 0 to 1, 1 excluded.

    Raises:
        InputError: if a value is outside its range, or the numbers of rates and changes do not match.
    """

    rates: tuple[float, ...]
    changes: tuple[float, ...] = ()
    _: KW_ONLY
    momentum: float = 0.0

    def __post_init__(self) -> None:
        for rate in self.rates:
            require_not_negative("every rate", rate, "give learning rates, e.g. 0.02")
        if len(self.changes) != len(self.rates) - 1:
            raise InputError("changes must be one fewer than rates", self.changes, "give the step of each change")
        marks = (0.0, *self.changes, math.inf)
        if not all(earlier < later for earlier, later in pairwise(marks)):
            raise InputError("changes must ascend from above 0", self.changes, "give steps, e.g. (1000, 2000)")
        flow_rate(1.0, self.momentum)  # refuses a momentum out of range

    def flow_time(self, step: ArrayLike) -> Floats:
        """Area under the learning rate up to ``step``, with the stretch of momentum.

        Args:
            step: number of updates, at least 0, infinity allowed, any shape.

        Returns:
            Flow times, the shape of ``step``: T of a gradient flow of learning rate 1.

        Raises:
            InputError: if a step is negative.
        """
        updates = _checked("step", step)
        starts, times, rates = self._pieces
        piece = np.searchsorted(starts, updates, side="right") - 1
        with np.errstate(invalid="ignore"):  # infinitely many updates of rate 0
            gained = np.where(rates[piece] > 0, rates[piece] * (updates - starts[piece]), 0.0)
        return np.asarray(times[piece] + gained)

    def step(self, flow_time: ArrayLike) -> Floats:
        """Updates until a flow time, not rounded to whole ones: the inverse of `flow_time`, same shapes and errors.

        Where the rate is 0 for a while, the first of the steps; infinity for a time that no step reaches.
        """
        elapsed = _checked("flow_time", flow_time)
        starts, times, rates = self._pieces
        piece = np.maximum(np.searchsorted(times, elapsed) - 1, 0)
        ahead = elapsed - times[piece]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(ahead > 0, starts[piece] + ahead / rates[piece], 0.0)

    @cached_property
    def _pieces(self) -> tuple[Floats, Floats, Floats]:
        """First step, flow time there, and rate of the flow, of every stretch of constant rate."""
        starts = np.array([0.0, *self.changes])
        rates = np.array([flow_rate(rate, self.momentum) for rate in self.rates])
        return starts, np.concatenate([[0.0], np.cumsum(rates[:-1] * np.diff(starts))]), rates


def schedule_clock(
    schedule: Schedule, learning_rate: float, until: int, *, power: float = 1.0, momentum: float = 0.0
) -> RateClock:
    """The clock of a schedule: the sum of its updates' rates, each to a power.

    Args:
        schedule: share of the peak rate at every update.
        learning_rate: the peak, of the loss **with** the factor 1/2 (Eq. 5).
        until: last step that will be asked for; from there on the rate stays.
        power: 1 for gradient flow; an optimiser whose progress is not proportional to its rate has another.
        momentum: of every update, from 0 to 1, 1 excluded.

    Returns:
        The clock, which at whole steps is the sum of ``(learning_rate * share) ** power``; updates beyond 200,000 are
        taken some at a time, at their middle.
    """
    last = require_whole("until", until, 1, "give the last step")
    peak = require_positive("learning_rate", learning_rate, "give the peak")
    starts = np.unique(np.linspace(0, last, min(last, _MOST_PIECES) + 1).round())  # single updates, if they are few
    middle = (starts + np.append(starts[1:], last + 1) - 1) / 2
    rates = (peak * schedule.share(middle)) ** power
    new = np.flatnonzero(np.diff(rates)) + 1
    return RateClock(tuple(rates[[0, *new]].tolist()), tuple(starts[new].tolist()), momentum=momentum)


def halving_clock(learning_rate: float, every: int, until: float, *, momentum: float = 0.0) -> RateClock:
    """The clock of a learning rate that is halved again and again.

    Args:
        learning_rate: of the first ``every`` steps; of the loss **with** the factor 1/2 (Eq. 5).
        every: steps between two halvings, greater than 0.
        until: last step that will be asked for, finite; from there on the rate stays.
        momentum: of every update, from 0 to 1, 1 excluded.
    """
    require_positive("every", every, "give the steps between two halvings")
    changes = np.arange(every, require_positive("until", until, "give the last step"), every, dtype=float)
    rates = learning_rate * 0.5 ** np.arange(len(changes) + 1)
    return RateClock(tuple(rates.tolist()), tuple(changes.tolist()), momentum=momentum)


def _checked(name: str, value: ArrayLike) -> Floats:
    amount = np.asarray(value, dtype=float)
    if not np.all(amount >= 0):
        raise InputError(f"{name} must be at least 0", value, "count updates from the start")
    return amount
