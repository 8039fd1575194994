"""Counters of steps that start again near 0 while the values go on where they were: the file of a resumed run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from saltus._types import Floats
from saltus.curves.names import named
from saltus.curves.report import Finding, counted
from saltus.errors import InputError, require_not_negative
from saltus.read.falls import Indices, falls_of, out_of_order
from saltus.read.measurements import Measurements
from saltus.read.noise import given_errors, noise_of

Offsets = float | Sequence[float]
_MOST = 100  # returns that are looked at
_NEARBY = 3  # values on each side that tell how fast a curve changes
_VISIBLE = 2.0  # standard deviations from which a change is none by chance
_CLEARLY, _EACH = 6.0, 2.0  # log likelihood ratio from which values go on, and more by the root of their number
_RATHER = 2.0  # the same ratio from which one of two offsets seems right


@dataclass(frozen=True)
class _Fall:
    """One return of a counter to its start, as one curve shows it.

    Attributes:
        last, landing: step before and after.
        interval: distance of the steps about it.
        before, after: value before and after.
        differences: of the first values after from those that the curve had at their steps the first time.
        change: value that an interval adds there, 0 where noise hides it.
        noise: standard deviation of a value by chance.
        skill: its name.
    """

    last: float
    landing: float
    interval: float
    before: float
    after: float
    differences: tuple[float, ...]
    change: float
    noise: float
    skill: str

    @property
    def goes_on(self) -> float:
        """Log likelihood ratio of values that go on to values that start again."""
        jump, chance = self.after - self.before, 2 * self.noise**2
        if not chance:
            return 0.0
        on = min(jump**2, (jump - self.change) ** 2) / (chance + (self.change / 4) ** 2)  # the change changes as well
        again = sum(difference**2 for difference in self.differences) / chance - (len(self.differences) - 1)
        return 0.5 * (again - on)

    @property
    def advances(self) -> float:
        """Log likelihood ratio of a value one interval on to the last one measured again."""
        jump = self.after - self.before
        return (jump**2 - (jump - self.change) ** 2) / (4 * self.noise**2) if self.change else 0.0


def require_one_counter(measurements: Measurements, curves: Sequence[Indices]) -> None:
    """Raise `InputError` if the steps of a run start again while its values go on.

    Args:
        measurements: finite values.
        curves: entries of each curve of one run, in the order of the file.
    """
    of_curves = [found for entries in curves if (found := list(_returns(measurements, entries)))]
    n_falls = max(map(len, of_curves), default=0)
    together = [list(falls) for falls in zip(*(one for one in of_curves if len(one) == n_falls), strict=True)]
    enough = _CLEARLY + math.log(max(len(together), 1))  # the more returns, the likelier is one by chance
    if not any(sum(fall.goes_on for fall in falls) > enough + _EACH * math.sqrt(len(falls)) for falls in together):
        return
    clearest = max((fall for falls in together for fall in falls), key=lambda fall: fall.goes_on)
    on = [fall.last + fall.interval - fall.landing for fall, *_ in together]
    again = [fall.last - fall.landing for fall, *_ in together]
    advances = sum(fall.advances for falls in together for fall in falls)
    choices = [(_plain(on), "are one interval on"), (_plain(again), "repeat the last ones")]
    (likely, meaning), (other, _) = choices[:: -1 if advances < 0 else 1]
    seem = ", as they seem to" if abs(advances) > _RATHER else ""
    received = (
        f"{clearest.last:g}, then {clearest.landing:g}, while {named(clearest.skill)} goes on "
        f"({clearest.before:.3g}, then {clearest.after:.3g})"
    )
    advice = f"give step_offset={likely} if the first values {meaning}{seem}, or else {other}"
    raise InputError("the steps of a resumed run must count on", received, advice)


def with_offsets(measurements: Measurements, step_offset: Offsets | None) -> Measurements:
    """The measurements with ``step_offset`` added to the steps from each return of a counter on.

    Raises:
        InputError: if a counter returns never, or not as often as there are offsets.
    """
    if step_offset is None:
        return measurements
    offsets = [_offset(one) for one in (step_offset if isinstance(step_offset, Sequence) else [step_offset])]
    position, n_returns = measurements.position.copy(), 0
    for entries in _streams(measurements):
        own = measurements.position[entries]
        places = _return_places(own)
        n_returns = max(n_returns, places.size)
        if not places.size:
            continue
        if len(offsets) not in (1, places.size):
            rule = f"step_offset must be one number, or one for each of the {places.size} times that steps start again"
            raise InputError(rule, len(offsets), "give one each, in the order of the file")
        added = np.zeros(len(own))
        added[places] = offsets if len(offsets) > 1 else offsets[0]
        position[entries] += np.cumsum(added)
    if not n_returns:
        raise InputError("step_offset is for steps that start again", "steps that do not", "leave it out")
    text = f"{', '.join(f'{one:g}' for one in offsets)} added to the steps after each of {counted(n_returns, 'return')}"
    return replace(
        measurements,
        position=position,
        findings=(*measurements.findings, Finding("step offset", n_returns, f"{text} to the start")),
    )


def _offset(given: float) -> float:
    return require_not_negative("step_offset", given, "give how many steps had been made before")


def _plain(numbers: Sequence[float]) -> str:
    if len(set(numbers)) == 1:
        return f"{numbers[0]:g}"
    return "[" + ", ".join(f"{one:g}" for one in numbers) + "]"


def _streams(measurements: Measurements) -> Iterator[Indices]:
    """Entries with a step that one counter went through, in the order of the file: a run's, or a curve's.

    Rows of several skills in turn share their run's counter; columns laid one after the other have one each.
    """
    known = np.isfinite(measurements.position)
    for run in range(len(measurements.run.names)):
        entries = np.flatnonzero(known & (measurements.run.codes == run))
        skill = measurements.skill.codes[entries]
        present = np.unique(skill)
        if np.count_nonzero(np.diff(skill)) >= present.size:
            yield entries
        else:
            yield from (entries[skill == one] for one in present)


def _return_places(position: Floats) -> Indices:
    """Falls that lead back to the start: to the first step, or at most an interval beyond it."""
    falls = falls_of(position)
    if not falls.size:
        return falls
    rises = np.diff(position[: falls[0]])
    rises = rises[rises > 0]
    near = position[0] + (float(np.median(rises)) if rises.size else 0.0)
    return np.asarray(falls[position[falls] <= near])


def _returns(measurements: Measurements, entries: Indices) -> Iterator[_Fall]:
    position, value = measurements.position[entries], measurements.value[entries]
    falls = falls_of(position)
    places = _return_places(position)
    if not places.size or out_of_order(position, falls):
        return
    bounds = np.concatenate([[0], falls, [len(entries)]])
    noise = noise_of(value, np.cumsum(np.isin(np.arange(len(entries)), falls)), given_errors(measurements, entries))
    earlier = np.arange(falls[0])
    for place in places[:_MOST]:
        i = int(np.searchsorted(falls, place))
        previous, own = np.arange(bounds[i], place), np.arange(place, bounds[i + 2])
        first = own[:_NEARBY][position[own[:_NEARBY]] <= position[earlier[-1]]]
        about = [part for part in (previous[-_NEARBY:], own[:_NEARBY]) if part.size > 1]
        change = float(np.mean([np.diff(value[part]).mean() for part in about])) if about else 0.0
        yield _Fall(
            last=float(position[place - 1]),
            landing=float(position[place]),
            interval=float(np.median(np.concatenate([np.diff(position[part]) for part in about]))) if about else 0.0,
            before=float(value[place - 1]),
            after=float(value[place]),
            differences=tuple((value[first] - np.interp(position[first], position[earlier], value[earlier])).tolist()),
            change=change if abs(change) > _VISIBLE * noise else 0.0,
            noise=noise,
            skill=measurements.skill.names[measurements.skill.codes[entries[0]]],
        )
