"""The report of a reading: rule of conversion, spacing, and every irregularity with its count."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from saltus.errors import InputError

if TYPE_CHECKING:
    import xarray as xr


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


def counted(number: int, noun: str) -> str:
    """``1 curve``, ``2 curves``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
