"""The report of a reading: rule of conversion, spacing, and every irregularity with its count."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from saltus.errors import InputError

if TYPE_CHECKING:
    import xarray as xr

_NAMED = 12  # skills that a line lists
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """One kind of irregularity.

    Attributes:
        kind: its name, e.g. "duplicate steps"; `docs/reading.md` lists all.
        count: how often it was met.
        text: one line: how many, where, and what was done or can be done.
    """

    kind: str
    count: int
    text: str


@dataclass(frozen=True)
class ReadingReport:
    """Account of how a file became curves.

    Attributes:
        source: the path.
        layout: recognised layout, e.g. "wide CSV".
        resource: name of the resource that the curves run along: "step", "data" or "parameters".
        step_column: name of the column of its amounts.
        rule: conversion of values to strengths, in full.
        skills: name of each skill, skill 1 first.
        runs: name of each run.
        n_measurements: number of those kept.
        first, last: lowest and highest step.
        spacing: smallest, median and largest distance between neighbouring measurements of a curve.
        findings: irregularities, in the order of reading.
        quantity: kind of the values that were read, e.g. "accuracy"; empty in reports of 0.1.0.
    """

    source: str
    layout: str
    resource: str
    step_column: str
    rule: str
    skills: tuple[str, ...]
    runs: tuple[str, ...]
    n_measurements: int
    first: float
    last: float
    spacing: tuple[float, float, float]
    findings: tuple[Finding, ...]
    quantity: str = ""

    @property
    def lines(self) -> tuple[str, ...]:
        """The report as text, one line each: the file, the rule, the findings."""
        low, middle, high = self.spacing
        every = f"every {low:g}" if low == high else f"every {low:g} to {high:g}, mostly {middle:g}"
        sizes = f"{counted(len(self.runs), 'run')}, {counted(len(self.skills), 'skill')}"
        return (
            f"{self.source}: {self.layout}, {sizes}, {counted(self.n_measurements, 'measurement')}",
            f"{self.resource} (column {self.step_column!r}) {self.first:.12g} to {self.last:.12g}, {every}",
            self.rule,
            *(f"{finding.kind}: {finding.text}" for finding in self.findings),
        )

    @property
    def json(self) -> str:
        """The report as one JSON object, as curves carry it."""
        return json.dumps(asdict(self), sort_keys=True)


def reading_report(curves: xr.Dataset) -> ReadingReport:
    """The report of the reading that made these curves.

    Args:
        curves: from `read_curves`, whole or a part of them.

    Raises:
        InputError: if the curves were not read from a file.
    """
    if "reading" not in curves.attrs:
        raise InputError("curves must come from read_curves to have a report", "curves without one", "read them again")
    plain = json.loads(curves.attrs["reading"])
    plain["findings"] = tuple(Finding(**finding) for finding in plain["findings"])
    for name in ("skills", "runs", "spacing"):
        plain[name] = tuple(plain[name])
    return ReadingReport(**plain)


def quantity_of(curves: xr.Dataset) -> str:
    """Kind of the values that the curves were read from, e.g. "accuracy"; empty for curves that no file gave."""
    return reading_report(curves).quantity if "reading" in curves.attrs else ""


@contextmanager
def explaining(lines: Callable[[], Sequence[str]]) -> Iterator[None]:
    """Give an `InputError` that is raised within these lines as its note, unless it has one."""
    try:
        yield
    except InputError as error:
        if not getattr(error, "__notes__", ()) and (told := lines()):
            error.add_note("\n".join(told))
        raise


def explained(function: Callable[P, T]) -> Callable[P, T]:
    """The function of curves, its first argument, with errors whose note is the report of the curves' reading."""

    @functools.wraps(function)
    def with_notes(*given: P.args, **named: P.kwargs) -> T:
        curves = given[0] if given else named.get("curves")
        with explaining(lambda: reading_lines(curves)):
            return function(*given, **named)

    return with_notes


def reading_lines(curves: object) -> tuple[str, ...]:
    """The lines of the curves' report and the names of their skills; none where curves have no report."""
    if "reading" not in getattr(curves, "attrs", {}):
        return ()
    report = reading_report(curves)  # type: ignore[arg-type]
    return (*report.lines, *names_line(report.skills))


def names_line(skills: Sequence[str]) -> tuple[str, ...]:
    """A line with the names of skills, the first ones of many; none where they have but numbers."""
    if all(name == str(number) for number, name in enumerate(skills, start=1)):
        return ()
    more = f" and {len(skills) - _NAMED} more" if len(skills) > _NAMED else ""
    return (f"skills: {', '.join(skills[:_NAMED])}{more}",)


def some(names: Sequence[str], most: int = 3) -> str:
    """The first names, and a mark if there are more."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def counted(number: int, noun: str) -> str:
    """``1 curve``, ``2 curves``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
