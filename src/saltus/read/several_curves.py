"""Rows of one step that disagree by more than noise: several curves, which a column left aside may separate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saltus.curves.report import counted
from saltus.errors import InputError
from saltus.read.falls import Indices
from saltus.read.measurements import Measurements
from saltus.read.noise import disagree, given_errors, noise_of

_OF_A_RUN = ("run", "seed", "replica", "trial", "rank", "fold")
_OF_A_MODEL = ("model", "config", "name", "exp", "family")


@dataclass(frozen=True)
class Conflict:
    """Disagreement of rows that stand at the same steps of one curve.

    Attributes:
        n_steps: steps that are there more than once.
        n_values: most values of one step.
        largest: difference of values of one step, at most.
        noise: standard deviation that a value of this curve has by chance.
    """

    n_steps: int
    n_values: int
    largest: float
    noise: float

    def __str__(self) -> str:
        steps = f"{counted(self.n_steps, 'step')} with {self.n_values} values"
        return f"{steps} that differ by up to {self.largest:.2g}, noise about {self.noise:.1g}"


def conflict_in(measurements: Measurements, entries: Indices) -> Conflict | None:
    """The disagreement among entries of one curve, in the order of the file; None if they are one curve."""
    position, value = measurements.position[entries], measurements.value[entries]
    order = np.argsort(position, kind="stable")
    _, first, count = np.unique(position[order], return_index=True, return_counts=True)
    repeated = count > 1
    if not repeated.any():
        return None
    turn = np.arange(len(order)) - np.repeat(first, count)  # 0 for the first row of a step, 1 for the next
    ordered, by_turn = value[order], np.argsort(turn, kind="stable")
    noise = noise_of(ordered[by_turn], turn[by_turn], given_errors(measurements, entries))
    highest, lowest = np.maximum.reduceat(ordered, first), np.minimum.reduceat(ordered, first)
    spread = (highest - lowest)[repeated]
    # The range of m values is wider than the difference of two: by about sqrt(log2 m) for normal noise.
    if not disagree(spread / np.sqrt(np.maximum(np.log2(count[repeated]), 1)), noise):
        return None
    return Conflict(int(repeated.sum()), int(count.max()), float(spread.max()), noise)


def runs_disagree(measurements: Measurements) -> bool:
    """Whether the runs of a skill differ by more than noise; measurements by curve and ascending step."""
    skills = (np.flatnonzero(measurements.skill.codes == k) for k in range(len(measurements.skill.names)))
    return any(conflict_in(measurements, entries) is not None for entries in skills if entries.size)


def overlap_conflict(measurements: Measurements, before: Indices, after: Indices) -> bool:
    """Whether two branches of one curve disagree where both were measured, on whatever steps."""
    old, new = (measurements.position[branch] for branch in (before, after))
    values, others = (measurements.value[branch] for branch in (before, after))
    inside = (new >= old.min()) & (new <= old.max())
    noise = noise_of(
        np.append(values, others),
        np.repeat([0, 1], [len(before), len(after)]),
        given_errors(measurements, np.append(before, after)),
    )
    return disagree(others[inside] - np.interp(new[inside], old, values), noise)


def several_curves(measurements: Measurements, entries: Indices, received: str) -> InputError:
    """The error to raise for entries of one curve that are several, with the column that could separate them."""
    rule = "rows of one step must agree, or a column must say which run they belong to"
    return InputError(rule, received, _advice(separating(measurements, entries)))


def separating(measurements: Measurements, entries: Indices) -> list[str]:
    """Columns that were left aside and whose values make the steps of a curve unique, the likeliest first."""
    _, place = np.unique(measurements.position[entries], return_inverse=True)
    found = []
    for name, labels in measurements.further.items():
        codes = labels.codes[entries].astype(np.int64)
        n_groups = len(np.unique(codes))
        if 1 < n_groups <= 2 * len(entries) // 3 and len(np.unique(codes * len(entries) + place)) == len(entries):
            found.append((not _is_called(name, _OF_A_RUN), not _is_called(name, _OF_A_MODEL), n_groups, name))
    return [name for *_, name in sorted(found)]


def are_named_apart(measurements: Measurements, entries: Indices) -> bool:
    """Whether a column of runs or models separates the rows of every step."""
    return any(_is_called(name, _OF_A_RUN + _OF_A_MODEL) for name in separating(measurements, entries))


def _advice(names: list[str]) -> str:
    if not names:
        return "name the column of runs with run=, or give each run a file of its own"
    first, *others = names
    also = f" (so would {', '.join(map(repr, others[:2]))})" if others else ""
    if _is_called(first, _OF_A_MODEL) and not _is_called(first, _OF_A_RUN):
        return f"{first!r} would separate them{also}: keep the rows of one, or compare them as runs with run={first!r}"
    return f"{first!r} would separate them{also}: run={first!r}"


def _is_called(name: str, words: tuple[str, ...]) -> bool:
    return any(word in name.casefold() for word in words)
