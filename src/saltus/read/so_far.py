"""An account of files of which something is wrong beyond their columns: whatever is known of them by then."""

from __future__ import annotations

from saltus.curves.report import counted, names_line
from saltus.read.measurements import Measurements


def so_far(source: str, measurements: Measurements) -> tuple[str, ...]:
    """Lines on measurements that are not yet curves, as a `saltus.curves.report.ReadingReport` has them."""
    skills, runs = measurements.skill.names, measurements.run.names
    entries = counted(len(measurements.value), "value")
    return (
        f"{source}: {measurements.layout}, {counted(len(runs), 'run')}, {counted(len(skills), 'skill')}, {entries}",
        f"{measurements.resource} (column {measurements.step_column!r}), values taken for {measurements.quantity}",
        *names_line(skills),
        *(f"{finding.kind}: {finding.text}" for finding in measurements.findings),
    )
