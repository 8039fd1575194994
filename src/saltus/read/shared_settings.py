"""Settings that several trainings share, and the names of those in which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saltus.curves.report import Finding, counted, some

_CHANCE = ("seed", "random_state")  # ends of the names of settings in which repeated runs differ


def shared_settings(settings: Sequence[Mapping[str, Any]], noun: str) -> tuple[dict[str, Any], list[Finding]]:
    """The settings that all have alike, and a remark on those in which they differ.

    Args:
        settings: by name, of each training.
        noun: for one of them, e.g. "run".
    """
    first = settings[0] if settings else {}
    every = dict.fromkeys(name for one in settings for name in one)
    same = {name: first[name] for name in every if all(name in one and one[name] == first[name] for one in settings)}
    differing = [name for name in every if name not in same and not name.casefold().endswith(_CHANCE)]
    if not differing:
        return same, []
    text = f"{counted(len(settings), noun)} differ in {some(differing, 4)}, not only by chance"
    return same, [Finding("different settings", len(differing), text)]
