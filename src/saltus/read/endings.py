"""Runs that ended before their log did: no value is a number from some step on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from saltus.curves.report import Finding, counted
from saltus.read.measurements import Measurements

_SHORTEST = 2  # steps without a number at the end: one may be a summary


def ended_runs(measurements: Measurements) -> Iterator[Finding]:
    """The runs of a file, before empty values are left out, that end in steps without a value of any skill.

    The empty end must be longer than any pause between values before: rows that hold other things come in between.
    """
    found = []
    finite, position = np.isfinite(measurements.value), measurements.position
    for run, name in enumerate(measurements.run.names):
        own = (measurements.run.codes == run) & np.isfinite(position)
        steps, valued = np.unique(position[own]), np.unique(position[own & finite])
        if valued.size and (steps > valued[-1]).sum() >= _SHORTEST:
            longest = np.diff(valued).max(initial=0.0)
            if steps[-1] - valued[-1] > longest:
                of_run = f" of run {name}" if len(measurements.run.names) > 1 else ""
                found.append(f"the last value{of_run} is that of {valued[-1]:.12g}, with rows up to {steps[-1]:.12g}")
    if found:
        some = "; ".join(found[:3]) + ("; ..." if len(found) > 3 else "")
        yield Finding("run ended", len(found), f"{counted(len(found), 'run')} ended before the log: {some}")
