"""Roles of the files of a set: each is a run, a skill, a split or a stretch of one run, by what differs among them.

What is in the files decides first: other skills, or steps that go on where another file ends, need no name. Otherwise
the words of their paths do.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from saltus.curves.report import Finding, counted, some
from saltus.errors import InputError
from saltus.read.members import Member, is_nameless
from saltus.read.metric_names import split_named
from saltus.read.path_parts import Part
from saltus.read.vocabulary import FILE_MODELS, FILE_OPTIMIZERS, FILE_RUNS, FILE_SEEDS, FILE_SETTINGS, FILE_SKILLS

Role = Literal["run", "skill", "split", "stretch", "unknown"]

_RUN = re.compile(r"(run|exp|trial|seed|version|job)", re.IGNORECASE)
_DATE = re.compile(r"\d{6}|\d[-_:]\d\d[-_:]\d", re.ASCII)


@dataclass(frozen=True)
class FileRoles:
    """The names that each file's place in a set gives it; empty where it gives none.

    Attributes:
        run, skill, split: for each file; names of skills and splits stand in front of those in the file.
        findings: what was decided, in words.
    """

    run: tuple[str, ...]
    skill: tuple[str, ...]
    split: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


def roles_of_files(members: Sequence[Member], parts: Sequence[Part], chosen: Collection[str] = ()) -> FileRoles:
    """The roles of files by their contents and the parts in which their paths differ.

    Args:
        members: the files.
        parts: of their paths.
        chosen: roles ("run", "skill") that the user settled himself; no part is then taken for them.

    Raises:
        InputError: if the files are of different models.
    """
    roles = {part: role_by_words(part) for part in parts}
    open_parts = [part for part in parts if not _is_settled(part, roles[part])]
    said: list[Finding] = []
    if open_parts:
        settled = [part for part in parts if part not in open_parts]
        role, why = _by_content(_groups(members, settled), open_parts, roles)
        for part in open_parts:
            roles[part] = roles[part] if roles[part] != "unknown" and role in ("run", "skill") else role
        if role == "stretch" and "run" not in chosen:
            said.append(Finding("files of one run", len(members), f"{counted(len(members), 'file')}: {why}"))
    if "run" not in chosen:
        said += _require_seeds([part for part in parts if roles[part] == "run"])
    return _named(members, parts, roles, said, chosen)


def _named(
    members: Sequence[Member],
    parts: Sequence[Part],
    roles: dict[Part, Role],
    said: Sequence[Finding],
    chosen: Collection[str],
) -> FileRoles:
    findings = list(said)
    n_files = len(members)
    names = {role: [""] * n_files for role in ("run", "skill", "split")}
    for role, labels in names.items():
        of_role = [part for part in parts if roles[part] == role]
        if of_role and role not in chosen:
            labels[:] = ["_".join(part.texts[i] or "0" for part in of_role) for i in range(n_files)]
            findings.append(_decided(role, of_role, n_files))
    counters = sorted({member.moment[0] for member in members if member.moment})
    if counters:
        text = f"{counted(n_files, 'file')}: one point each, at the {' or '.join(counters)} in its name"
        findings.append(Finding("positions by file name", n_files, text))
    return FileRoles(tuple(names["run"]), tuple(names["skill"]), tuple(names["split"]), tuple(findings))


def _decided(role: str, parts: Sequence[Part], n_files: int) -> Finding:
    words = [word for part in parts for word in part.words]
    by = f"named by {' and '.join(map(repr, dict.fromkeys(words)))} in the paths" if words else "named by the paths"
    names = list(dict.fromkeys(text[:40] or "0" for text in parts[0].texts))
    start, end = counted(n_files, "file"), f"{by} ({some(names)})"
    if role == "run":
        return Finding("files of runs", n_files, f"{start}: each a run, {end}; skill_from= makes them skills")
    if role == "split":
        text = f"{start}: parts of the data of one run, {end}; run_from= makes them runs"
        return Finding("files of splits", n_files, text)
    order = "they count in the order of these; run_from= makes them runs"
    return Finding("files of skills", n_files, f"{start}: each a skill, {end}; {order}")


def role_by_words(part: Part) -> Role:
    """The role that the words in and beside a part tell, "unknown" if none do."""
    texts = [text for text in part.texts if text]
    words = set(part.words)
    if texts and all(split_named(text) is not None for text in texts):
        return "split"
    if words & (FILE_SEEDS | FILE_RUNS | FILE_SETTINGS) or _tells_model(part):
        return "run"
    if any(text.casefold() in FILE_OPTIMIZERS for text in texts):
        return "run"
    if all(_DATE.search(text) or _RUN.match(text) for text in texts):
        return "run"
    if words & FILE_SKILLS and not part.are_numbers:
        return "skill"
    return "unknown"


def _is_settled(part: Part, role: Role) -> bool:
    """Whether words alone settle a role, whatever is in the files."""
    return role in ("split", "skill") or bool(set(part.words) & FILE_SEEDS) or _tells_model(part)


def _tells_model(part: Part) -> bool:
    return part.tell_sizes or bool(set(part.words) & FILE_MODELS)


def tells_moment(part: Part, moments: Sequence[tuple[str, float] | None]) -> bool:
    """Whether the part is the number that was taken for the moment of each file."""
    numbers = [re.findall(r"\d+(?:[._]\d+)?[kmbt]?", text, re.IGNORECASE | re.ASCII) for text in part.texts]
    if any(moment is None for moment in moments) or not all(len(found) == 1 for found in numbers):
        return False
    pairs = {(found[0].casefold(), moment[1]) for found, moment in zip(numbers, moments, strict=True) if moment}
    one_to_one = len(pairs) == len({number for number, _ in pairs}) == len({amount for _, amount in pairs})
    return one_to_one and all(_digits(number) == _digits(f"{amount:.0f}") for number, amount in pairs)


def _digits(number: str) -> str:
    return re.sub(r"[^1-9]", "", number)


def _groups(members: Sequence[Member], parts: Sequence[Part]) -> list[list[Member]]:
    """Files that are alike in these parts."""
    found: dict[tuple[str, ...], list[Member]] = {}
    for i, member in enumerate(members):
        found.setdefault(tuple(part.texts[i] for part in parts), []).append(member)
    return list(found.values())


def _by_content(groups: Sequence[Sequence[Member]], parts: Sequence[Part], roles: dict[Part, Role]) -> tuple[Role, str]:
    """The role of files that differ in these parts, and the reason for it."""
    if all(_have_other_curves(group) for group in groups):
        return "stretch", "they hold different skills or runs, joined by the names in them"
    if all(member.has_one_position for group in groups for member in group) and all(map(_go_on, groups)):
        return "stretch", "one point of the same curves each; run_from= makes them runs"
    if all(map(_go_on, groups)):
        return "stretch", "the steps of each go on where another ends, so they are one run; run_from= makes them runs"
    texts = [text for part in parts for text in part.texts]
    every = [member for group in groups for member in group]
    nameless = all(is_nameless(member.measurements) and not member.path.is_dir() for member in every)
    in_words = nameless and all(re.search(r"[^\W\d_]", text) for text in texts)
    if in_words and all(roles[part] == "unknown" for part in parts) and not _look_like_runs(texts):
        return "skill", ""
    return "run", ""


def _look_like_runs(texts: Iterable[str]) -> bool:
    """Whether names differ in nothing but their numbers: ``lr0.1`` and ``lr0.01``."""
    distinct = set(texts)
    return len({re.sub(r"[\d.]+", "", text) for text in distinct}) == 1 and len(distinct) > 1


def _have_other_curves(group: Sequence[Member]) -> bool:
    """Whether no skill of a run is in two files."""
    curves = [
        (run, skill)
        for member in group
        for run in member.measurements.run.names
        for skill in member.measurements.skill.names
    ]
    if len(group) > 1 and any(is_nameless(member.measurements) for member in group) and len(set(curves)) < len(curves):
        return False
    return len(set(curves)) == len(curves)


def _go_on(group: Sequence[Member]) -> bool:
    """Whether the files are stretches of one run: none begins with another, and the later ones end later.

    A single moment a file is such a stretch; where a run went back to a checkpoint, stretches overlap.
    """
    spans = []
    for member in group:
        position = member.measurements.position
        position = position[np.isfinite(position)]
        if not position.size:
            return False
        spans.append((float(position.min()), float(position.max()), np.unique(position).size))
    spans.sort()
    for (first, last, count), (later, end, _) in itertools.pairwise(spans):
        if not (later > first and end > last):
            return False
        if later <= last and (count < 2 or later - first < (last - first) / 2):
            return False
    return True


def _require_seeds(parts: Sequence[Part]) -> list[Finding]:
    """A remark on runs whose paths tell settings that differ; raise `InputError` if they tell different models."""
    for part in parts:
        if _tells_model(part):
            names = ", ".join(list(dict.fromkeys(part.texts))[:4])
            advice = "give a narrower pattern, or run_from='path' to read each as a run"
            raise InputError("files of one set must be of one model, as different models are not seeds", names, advice)
    return differences(parts)


def differences(parts: Sequence[Part]) -> list[Finding]:
    """A remark on each part of the paths of runs that tells another model or setting."""
    said = []
    for part in parts:
        optimizers = any(text.casefold() in FILE_OPTIMIZERS for text in part.texts)
        if optimizers or set(part.words) & FILE_SETTINGS or _tells_model(part):
            values = list(dict.fromkeys(part.texts))
            text = f"runs differ in {', '.join(part.words) or 'their names'} ({some(values)}), not only by chance"
            said.append(Finding("different settings", len(values), text))
    return said
