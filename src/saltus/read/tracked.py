"""Runs as trackers of experiments keep them: one name each, and the settings that they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from saltus.curves.report import Finding, counted
from saltus.read.beside import settings_in

_CHANCE = ("seed", "random_state")  # ends of the names of settings in which repeated runs differ
_ID_SHOWN = 8  # letters of an identity that tell runs of one name apart


def unique_names(names: Mapping[str, str]) -> dict[str, str]:
    """A name for each identity: its own if no other has it, or else with the start of the identity."""
    count = Counter(names.values())
    found = {one: f"{name} ({one[:_ID_SHOWN]})" if count[name] > 1 else name for one, name in names.items()}
    return found if len(set(found.values())) == len(found) else {one: f"{name} ({one})" for one, name in names.items()}


def shared_settings(params: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], list[Finding]]:
    """The settings (`saltus.read.beside`) that all runs have alike; and a finding that names those that differ."""
    first, *others = params if params else ({},)
    every = dict.fromkeys(name for one in params for name in one)
    same = {
        name: _plain(first[name]) for name in every if all(name in p and p[name] == first.get(name) for p in params)
    }
    differing = [name for name in every if name not in same and not name.casefold().endswith(_CHANCE)]
    told = settings_in(same)
    if not others or not differing:
        return told, []
    some = ", ".join(differing[:4]) + (", ..." if len(differing) > 4 else "")
    text = f"{counted(len(params), 'run')} differ in {some}, not only by chance"
    return told, [Finding("different settings", len(differing), text)]


def _plain(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return {"True": True, "False": False, "None": None}.get(text, text)
