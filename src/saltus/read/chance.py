"""Chance levels seen in the curves: a skill that has not begun to rise is measured at its level of guessing.

A flat start is the longest initial stretch of a curve in which nothing but noise shows: no rising trend, no last values
above the others, no value far away. The first two thirds of it give the level, since the rise begins below the noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from saltus._types import Floats
from saltus.read.measurements import Measurements

LARGEST_CHANCE = 0.5  # a level clearly above it is a skill that was there from the beginning
UNEXPLAINED = 0.1  # a level above it that nobody gave is no noise
_BIAS = 0.05  # by which an untrained network may answer questions of two answers better than a coin
_NOTHING = 0.02  # a level below it is none
_GUESSES = (1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 10)  # levels of tasks with so many answers
_CLEAR = 0.025  # largest standard error of a level that tells the guesses apart
_BEYOND = 1e6  # largest value that counts: squares of larger ones are no numbers
_LEAST_NOISE = 1e-3  # standard error of a value, at least: rounding
_SHORTEST = 3  # measurements of a flat start, or one more where the noise must be found too
_SHARE = 0.2, 0.1  # least part of the measurements, or of the steps, up to the middle of the rise that a flat start has
_RATIO = 1.6  # ratio of neighbouring lengths that are tried
_SIGNIFICANT = 2.5  # standard errors from which a trend is none of noise


@dataclass(frozen=True)
class Floor:
    """The level at which one skill starts.

    Attributes:
        level: in the unit of the values.
        error: its standard error.
        noise: standard deviation of one measurement about it.
        n: measurements behind it, of all runs.
        rises: whether a run rises from it.
    """

    level: float
    error: float
    noise: float
    n: int
    rises: bool

    @property
    def chance(self) -> float:
        """The level as a chance of guessing: 0 if it is near it, one of few answers if it may be that, else itself.

        A skill that has not risen may stand anywhere: only a chance of few answers is taken for one.
        """
        if self.level < _NOTHING or self.level <= 2 * self.error or self.level > self._highest:
            return 0.0
        if self.is_of_answers:
            return self._nearest
        # The same questions at each step: averaging does not free the level of their noise.
        return min(self.level, LARGEST_CHANCE) if self.rises else 0.0

    @property
    def is_of_answers(self) -> bool:
        """Whether the level may be the chance of few answers."""
        return abs(self._nearest - self.level) <= 2 * self.error <= 2 * _CLEAR

    @property
    def _nearest(self) -> float:
        return min(_GUESSES, key=lambda guess: abs(guess - self.level))

    @property
    def unexplained(self) -> float:
        """The level, if it is no noise and no skill that was there from the beginning; else NaN."""
        return self.level if UNEXPLAINED < self.level <= self._highest else math.nan

    @property
    def _highest(self) -> float:
        return LARGEST_CHANCE + max(2 * self.noise, _BIAS)


def floors(measurements: Measurements, value: Floats, error: Floats) -> list[Floor | None]:
    """The level at which each skill starts, all its runs together; None where no run has a flat start.

    Args:
        measurements: by curve and ascending step.
        value: to use, one an entry, in place of the measured ones.
        error: standard error of each; NaN where it is not known.
    """
    found: list[list[Floor]] = [[] for _ in measurements.skill.names]
    for entries, floor in floors_of_curves(measurements, value, error):
        if floor is not None:
            found[measurements.skill.codes[entries.start]].append(floor)
    return [_pooled(of_runs) if of_runs else None for of_runs in found]


def floors_of_curves(measurements: Measurements, value: Floats, error: Floats) -> Iterator[tuple[slice, Floor | None]]:
    """The entries of each curve and the level at which it starts; arguments as `floors`."""
    value, error = (np.clip(numbers, -_BEYOND, _BEYOND) for numbers in (value, error))
    for entries in curves_in(measurements):
        yield entries, _floor(measurements.position[entries], value[entries], error[entries])


def curves_in(measurements: Measurements) -> Iterator[slice]:
    """The entries of each curve."""
    starts = np.flatnonzero(np.diff(measurements.curve, prepend=-1)).tolist()
    yield from map(slice, starts, [*starts[1:], len(measurements.value)])


def _pooled(of_runs: list[Floor]) -> Floor:
    n = np.array([one.n for one in of_runs], dtype=float)
    level, error, noise = np.array([(one.level, one.error, one.noise) for one in of_runs]).T
    share = n / n.sum()
    return Floor(
        level=float(share @ level),
        error=math.sqrt(share**2 @ error**2),
        noise=math.sqrt(share @ noise**2),
        n=sum(one.n for one in of_runs),
        rises=any(one.rises for one in of_runs),
    )


def _floor(position: Floats, value: Floats, error: Floats) -> Floor | None:
    """The flat start of one curve; None if it has none, or falls below it later."""
    known = bool((np.isfinite(error) & (error > 0)).all())
    longest, shortest = len(value), _SHORTEST + (not known)
    length = longest
    while length >= shortest:
        start = value[:length]
        noise = math.sqrt(np.mean(error[:length] ** 2)) if known else _scatter(start)
        if _is_flat(start, max(noise, _LEAST_NOISE)):
            break
        length = min(length - 1, int(length / _RATIO))
        length = shortest if length < shortest <= longest and len(start) > shortest else length
    else:
        return None
    used = value[: length if length == longest else max(shortest, 2 * length // 3)]
    level = float(used.mean())
    noise = max(noise if known else float(used.std(ddof=1)), _LEAST_NOISE)
    later = value[length:]
    if later.size and (_low(later) < level - 4 * noise or not _long_enough(position, value, length, level)):
        return None
    return Floor(level, noise / math.sqrt(len(used)), noise, len(used), bool(later.size))


def _low(value: Floats) -> float:
    """The value that a tenth of the others lies below."""
    place = len(value) // 10
    return float(np.partition(value, place)[place])


def _scatter(value: Floats) -> float:
    """Noise of a curve from the differences of neighbours; a trend adds little to it."""
    steps = value[1:] - value[:-1]
    return math.sqrt(steps @ steps / (2 * len(steps)))


def _is_flat(value: Floats, noise: float) -> bool:
    """Whether noise of that size alone explains the values."""
    n, total = len(value), value.sum()
    beyond = (1.5 + math.sqrt(2 * math.log(n))) * noise
    if value.max() - total / n > beyond or total / n - value.min() > beyond:
        return False
    place = np.arange(n) - (n - 1) / 2
    if place @ value > _SIGNIFICANT * noise * math.sqrt(place @ place):
        return False
    last = max(n // 4, 1)
    of_last = value[-last:].sum()
    lead = of_last / last - (total - of_last) / (n - last)
    return bool(lead <= _SIGNIFICANT * noise * math.sqrt(1 / last + 1 / (n - last)))


def _long_enough(position: Floats, value: Floats, length: int, level: float) -> bool:
    """Whether the flat start is a notable part of the way to the middle of the rise: noise hides any short stretch."""
    middle = int((value[length:] >= (level + value.max()) / 2).argmax()) + length
    of_points, of_steps = _SHARE
    return bool(length >= of_points * middle or position[length - 1] >= of_steps * position[middle])
