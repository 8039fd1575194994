"""How far a store of runs has come, as data and in words."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from saltus.store.status import Standing

_MOST_REASONS = 10  # most reasons for failures that get a line


def standing_data(standing: Standing) -> dict[str, Any]:
    """Counts, foreign files and failures as plain data for JSON."""
    return {
        "stored": len(standing.stored),
        "failed": len(standing.failed),
        "missing": len(standing.missing),
        "under_way": len(standing.under_way),
        "damaged": len(standing.damaged),
        "foreign": [str(path) for path in standing.foreign],
        "failures": [{"run": key, **record} for key, record in standing.failed.items()],
    }


def standing_lines(standing: Standing, store: Path) -> list[str]:
    """The same in lines, with the most frequent reasons for failures."""
    planned = len(set(standing.stored) | set(standing.failed)) + len(standing.missing)
    lines = [
        f"{store}: {planned} runs, {len(standing.stored)} stored, {len(standing.failed)} failed, "
        f"{len(standing.missing)} missing ({len(standing.under_way)} under way, {len(standing.damaged)} damaged)"
    ]
    reasons = Counter(f"{record['status']}: {record['reason']}" for record in standing.failed.values())
    lines += [f"  {count} x {reason}" for reason, count in reasons.most_common(_MOST_REASONS)]
    if len(reasons) > _MOST_REASONS:
        lines.append(f"  and {len(reasons) - _MOST_REASONS} other reasons: saltus sweep status {store} --json")
    if standing.foreign:
        lines.append(f"  {len(standing.foreign)} files that are no runs, left alone, such as {standing.foreign[0]}")
    return lines
