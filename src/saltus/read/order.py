"""Every curve in the order of its steps, each step once; dropped and moved entries are reported.

Steps that fall are a file out of order, which is sorted (`saltus.read.falls`); a counter that starts again while the
values go on, which needs an offset (`saltus.read.counters`); several runs one after the other, which are refused
(`saltus.read.several_curves`); or else a restart from a checkpoint: the abandoned branch is dropped from there on.
Where a step is then still there twice, the later entry of the file is kept, if the values agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, counted, some
from saltus.errors import InputError
from saltus.read.counters import Offsets, require_one_counter, with_offsets
from saltus.read.falls import Indices, falls_of, last_branch, out_of_order
from saltus.read.measurements import Measurements
from saltus.read.several_curves import are_named_apart, conflict_in, overlap_conflict, separating, several_curves
from saltus.resource import STEP

_GOT_FAR = 0.5  # share of the last step from which a first attempt is no abandoned one, but a run
_MOST = 100  # returns to the first step that are looked at
_SILENT = 1.5  # times the longest interval of a run without a value at its end, from which the run had ended


def in_order(
    measurements: Measurements, skip: int, step_offset: Offsets | None = None
) -> tuple[Measurements, list[Finding]]:
    """The finite values of every curve by ascending step, without its first ``skip`` ones; and the findings.

    Args:
        measurements: as the file has them.
        skip: how many to leave out at the start of each curve.
        step_offset: number to add to the steps after their counter started again, or one for each time.

    Raises:
        InputError: if a step is negative or infinite, the steps of a resumed run start again, rows of one step
            disagree by more than noise, or nothing is left.
    """
    present, findings = _present(with_offsets(measurements, step_offset))
    curve = present.curve
    by_curve = np.argsort(curve, kind="stable")
    position, curve = present.position[by_curve], curve[by_curve]
    starts = np.flatnonzero(np.diff(curve, prepend=-1))
    ends = np.append(starts[1:], len(position))
    falls = np.flatnonzero((np.diff(position) <= 0) & (np.diff(curve) == 0))
    untidy = np.unique(np.searchsorted(starts, falls, side="right") - 1)
    own = {int(i): by_curve[starts[i] : ends[i]] for i in untidy}
    if step_offset is None:
        _require_counters_that_count_on(present, list(own.values()))
    ordered = _Order(present, findings)
    kept = np.ones(len(position), dtype=bool)
    for i, entries in own.items():
        chosen = ordered.tidied(entries)
        kept[starts[i] + len(chosen) : ends[i]] = False
        by_curve[starts[i] : starts[i] + len(chosen)] = chosen
    ordered.report()
    if skip:
        skipped = np.arange(len(position)) < np.repeat(starts + skip, ends - starts)
        n_skipped = int((kept & skipped).sum())
        text = f"the first {skip} of every curve, {n_skipped} in all, were left out"
        findings.append(Finding("skipped points", n_skipped, text))
        kept &= ~skipped
    if not kept.any():
        raise InputError("skip must leave some measurements", skip, "skip fewer")
    chosen = by_curve[kept]
    as_it_was = len(chosen) == len(present.value) and bool((np.diff(chosen) == 1).all())
    return present if as_it_was else present.take(chosen), findings


def _present(measurements: Measurements) -> tuple[Measurements, list[Finding]]:
    """The entries that have a finite value and a step."""
    position, has_value = measurements.position, np.isfinite(measurements.value)
    has_step = ~np.isnan(position)
    bad = position[has_step & ~((position >= 0) & np.isfinite(position))]
    if bad.size:
        rule = f"column {measurements.step_column!r} must hold numbers of at least 0"
        raise InputError(rule, bad[0], "give the column that counts updates with step_column=")
    findings = []
    if n_missing := int((~has_value).sum()):
        text = f"{n_missing} of {has_value.size} values are empty or not finite and were left out"
        findings.append(Finding("missing values", n_missing, text))
    if n_lost := int((has_value & ~has_step).sum()):
        findings.append(Finding("missing steps", n_lost, f"{n_lost} values without a step were left out"))
    if not (has_value & has_step).any():
        raise InputError("a file must hold measurements", f"{has_value.size} entries, none a number", "check columns=")
    if n_missing:
        findings += _ended(measurements.take(has_step), has_value[has_step])
    used = has_value & has_step
    return measurements if used.all() else measurements.take(used), findings


def _ended(measurements: Measurements, has_value: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[Finding]:
    """Runs without a value from some step on, in no skill."""
    silent = []
    for run, name in enumerate(measurements.run.names):
        own = measurements.run.codes == run
        measured = np.unique(measurements.position[own & has_value])
        if measured.size < 2:
            continue
        last, end = measured[-1], measurements.position[own].max()
        _, rows = np.unique(measurements.skill.codes[own][::-1], return_index=True)
        at_end = has_value[own][::-1][rows].any()  # measured in the last row of the file, on a counter of its own
        if end - last > _SILENT * np.diff(measured).max() and not at_end:
            who = f"run {name}" if len(measurements.run.names) > 1 else "the run"
            silent.append(f"{who} ended at {last:g}, with empty rows up to {end:g}")
    if not silent:
        return []
    return [Finding("ended early", len(silent), some(silent))]


def _require_counters_that_count_on(measurements: Measurements, curves: Sequence[Indices]) -> None:
    """Raise `InputError` where the steps of a run start again while its values go on."""
    of_run: dict[int, list[Indices]] = {}
    for entries in curves:
        of_run.setdefault(int(measurements.run.codes[entries[0]]), []).append(entries)
    for own in of_run.values():
        require_one_counter(measurements, own)


class _Order:
    """Puts curves in order one by one, and counts each kind of disorder."""

    def __init__(self, measurements: Measurements, findings: list[Finding]) -> None:
        self._measurements = measurements
        self._findings = findings
        self._rewound: list[int] = []
        self._unsorted: list[int] = []
        self._duplicates: list[int] = []
        self._n_conflicting = 0
        self._parting: dict[str, None] = {}

    def tidied(self, entries: Indices) -> Indices:
        """The entries of one curve to keep, by ascending step.

        Raises:
            InputError: if they are several curves.
        """
        position = self._measurements.position[entries]
        falls, over_sizes = falls_of(position), self._measurements.resource != STEP.name
        if falls.size:
            if over_sizes or out_of_order(position, falls):  # sizes never start again
                self._unsorted.append(falls.size)
                entries = entries[np.argsort(position, kind="stable")]
            else:
                self._require_one_run(entries, position, falls)
                surviving = last_branch(position, falls)
                self._rewound.append(len(entries) - len(surviving))
                self._parting.update(dict.fromkeys(separating(self._measurements, entries)[:1]))
                entries = entries[surviving]
            position = self._measurements.position[entries]
        again = np.flatnonzero(np.diff(position) == 0)
        if again.size:
            if conflict := conflict_in(self._measurements, entries):
                received = f"{self._curve(entries)}: {conflict}"
                raise several_curves(self._measurements, entries, received)
            value = self._measurements.value[entries]
            n_differing = int((value[again] != value[again + 1]).sum())
            # Models of one size are no measurements of one run.
            if over_sizes and 2 * n_differing > again.size and are_named_apart(self._measurements, entries):
                received = f"{self._curve(entries)}: {n_differing} of {again.size} repeated steps with another value"
                raise several_curves(self._measurements, entries, received)
            self._duplicates.append(again.size)
            self._n_conflicting += n_differing
        return np.delete(entries, again)

    def report(self) -> None:
        parting = "".join(f"; {name!r} changes there: if it names runs, run={name!r}" for name in self._parting)
        back = f"measured before a restart went back over their steps, were dropped{parting}"
        self._say("rewound steps", self._rewound, back)
        self._say("unsorted steps", self._unsorted, "times the steps fell; they were sorted")
        conflict = f"{self._n_conflicting} of them with another value: is there a column run?"
        what = "repeated a step, of which the last in the file was kept"
        self._say("duplicate steps", self._duplicates, f"{what}; {conflict}" if self._n_conflicting else what)

    def _require_one_run(self, entries: Indices, position: Floats, falls: Indices) -> None:
        """Raise `InputError` if steps start again after a run that got far, and the values disagree."""
        returns = falls[position[falls] <= position[0]]
        branches = np.split(np.arange(len(position)), returns[:_MOST])
        parts = [branch[np.argsort(position[branch], kind="stable")] for branch in branches]
        far = _GOT_FAR * position.max()
        for before, after in pairwise(parts):
            if position[before[-1]] >= far and overlap_conflict(self._measurements, entries[before], entries[after]):
                received = (
                    f"{self._curve(entries)}: {len(returns) + 1} times from {position[0]:g} up, as if in several runs"
                )
                raise several_curves(self._measurements, entries, received)

    def _curve(self, entries: Indices) -> str:
        return self._measurements.curve_name(self._measurements.curve[entries[:1]][0])

    def _say(self, kind: str, counts: Sequence[int], what: str) -> None:
        if counts:
            total = sum(counts)
            self._findings.append(Finding(kind, total, f"in {counted(len(counts), 'curve')}, {total} {what}"))
