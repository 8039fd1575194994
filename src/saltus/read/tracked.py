"""Runs as trackers of experiments keep them: one name each, and the settings that they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from saltus.curves.report import Finding
from saltus.read.beside import settings_in
from saltus.read.shared_settings import shared_settings

_ID_SHOWN = 8  # letters of an identity that tell runs of one name apart


def unique_names(names: Mapping[str, str]) -> dict[str, str]:
    """A name for each identity: its own if no other has it, or else with the start of the identity."""
    count = Counter(names.values())
    found = {one: f"{name} ({one[:_ID_SHOWN]})" if count[name] > 1 else name for one, name in names.items()}
    return found if len(set(found.values())) == len(found) else {one: f"{name} ({one})" for one, name in names.items()}


def settings_of_runs(params: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[Finding]]:
    """The settings (`saltus.read.beside`) that all runs have alike; and a finding that names those that differ."""
    same, said = shared_settings([{name: _plain(value) for name, value in one.items()} for one in params], "run")
    return settings_in(same), said


def _plain(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "None": None}.get(text, text)
