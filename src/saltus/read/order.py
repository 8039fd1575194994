"""Every curve in the order of its steps, each step once; dropped and moved entries are reported.

Three kinds of disorder are told apart. A step that falls back to one measured before is a restart from a checkpoint:
the abandoned branch is dropped from there on. Any other fall is a file out of order: it is sorted.
Where a step is then still there twice, the later entry of the file is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from saltus._types import Floats
from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.files import LAST_WHOLE
from saltus.read.measurements import Measurements

Indices = NDArray[np.intp]


def in_order(measurements: Measurements, skip: int) -> tuple[Measurements, list[Finding]]:
    """The finite values of every curve by ascending step, without its first ``skip`` ones; and the findings.

    Raises:
        InputError: if a step is negative or no whole number, or nothing is left.
    """
    present, findings = _present(measurements)
    curve = present.curve
    by_curve = np.argsort(curve, kind="stable")
    position, curve = present.position[by_curve], curve[by_curve]
    starts = np.flatnonzero(np.diff(curve, prepend=-1))
    ordered = _Order(present, findings)
    falls = np.flatnonzero((np.diff(position) <= 0) & (np.diff(curve) == 0))
    untidy = np.unique(np.searchsorted(starts, falls, side="right") - 1)
    kept = np.ones(len(position), dtype=bool)
    ends = np.append(starts[1:], len(position))
    for i in untidy:
        own = by_curve[starts[i] : ends[i]]
        chosen = ordered.tidied(own)
        kept[starts[i] + len(chosen) : ends[i]] = False
        by_curve[starts[i] : starts[i] + len(chosen)] = chosen
    ordered.report()
    rank = np.arange(len(position)) - np.repeat(starts, ends - starts)
    n_skipped = int((kept & (rank < skip)).sum())
    if skip:
        text = f"the first {skip} of every curve, {n_skipped} in all, were left out"
        findings.append(Finding("skipped points", n_skipped, text))
    result = present.take(by_curve[kept & (rank >= skip)])
    if not len(result.value):
        raise InputError("skip must leave some measurements", skip, "skip fewer")
    return result, findings


def _present(measurements: Measurements) -> tuple[Measurements, list[Finding]]:
    """The entries that have a finite value and a step."""
    position, has_value = measurements.position, np.isfinite(measurements.value)
    has_step = ~np.isnan(position)
    bad = position[has_step & ~((position >= 0) & (position <= LAST_WHOLE) & (position == np.floor(position)))]
    if bad.size:
        rule = f"column {measurements.step_column!r} must hold whole numbers of at least 0"
        raise InputError(rule, bad[0], "give the column that counts updates with step_column=")
    findings = []
    if n_missing := int((~has_value).sum()):
        text = f"{n_missing} of {has_value.size} values are empty or not finite and were left out"
        findings.append(Finding("missing values", n_missing, text))
    if n_lost := int((has_value & ~has_step).sum()):
        findings.append(Finding("missing steps", n_lost, f"{n_lost} values without a step were left out"))
    if not (has_value & has_step).any():
        raise InputError("a file must hold measurements", f"{has_value.size} entries, none a number", "check columns=")
    return measurements.take(has_value & has_step), findings


class _Order:
    """Puts curves in order one by one, and counts each kind of disorder."""

    def __init__(self, measurements: Measurements, findings: list[Finding]) -> None:
        self._measurements = measurements
        self._findings = findings
        self._rewound: list[int] = []
        self._unsorted: list[int] = []
        self._duplicates: list[int] = []
        self._n_conflicting = 0

    def tidied(self, entries: Indices) -> Indices:
        """The entries of one curve to keep, by ascending step."""
        position = self._measurements.position[entries]
        falls = np.flatnonzero(np.diff(position) < 0) + 1
        if falls.size:
            if _all_revisit(position, falls):
                surviving = _last_branch(position, falls)
                self._rewound.append(len(entries) - len(surviving))
                entries = entries[surviving]
            else:
                self._unsorted.append(falls.size)
                entries = entries[np.argsort(position, kind="stable")]
            position = self._measurements.position[entries]
        again = np.flatnonzero(np.diff(position) == 0)
        if again.size:
            value = self._measurements.value[entries]
            self._duplicates.append(again.size)
            self._n_conflicting += int((value[again] != value[again + 1]).sum())
        return np.delete(entries, again)

    def report(self) -> None:
        self._say("rewound steps", self._rewound, "measured before a restart went back over their steps, were dropped")
        self._say("unsorted steps", self._unsorted, "times the steps fell; they were sorted")
        conflict = f"{self._n_conflicting} of them with another value: is there a column run?"
        what = "repeated a step, of which the last in the file was kept"
        self._say("duplicate steps", self._duplicates, f"{what}; {conflict}" if self._n_conflicting else what)

    def _say(self, kind: str, counts: Sequence[int], what: str) -> None:
        if counts:
            total = sum(counts)
            self._findings.append(Finding(kind, total, f"in {counted(len(counts), 'curve')}, {total} {what}"))


def _all_revisit(position: Floats, falls: Indices) -> bool:
    """Whether every fall leads to a step that was measured before."""
    _, first, inverse = np.unique(position, return_index=True, return_inverse=True)
    return bool((first[inverse[falls]] < falls).all())


def _last_branch(position: Floats, falls: Indices) -> Indices:
    """Entries below every step that a later restart went back to."""
    restarted_at = np.full(len(position) + 1, np.inf)
    restarted_at[falls] = position[falls]
    lowest_later = np.minimum.accumulate(restarted_at[::-1])[::-1][1:]
    return np.flatnonzero(position < lowest_later)
