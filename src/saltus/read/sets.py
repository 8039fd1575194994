"""Several files as one set of measurements: each is a run, a skill, a split, a moment, a size or a stretch of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from saltus.curves.report import Finding, counted, some
from saltus.errors import InputError
from saltus.read.constant_columns import WithConstants
from saltus.read.file_choices import names_from
from saltus.read.file_roles import differences, role_by_words, roles_of_files, tells_moment
from saltus.read.joined import joined
from saltus.read.long import by_metric
from saltus.read.measurements import Labels, Measurements, Quantity, Selection
from saltus.read.members import Member, Moment, is_nameless, read_members
from saltus.read.metric_names import metric_named
from saltus.read.path_parts import Part, differing_parts, names_below, number_in, tag_of_download, without_ending
from saltus.read.readers import open_table
from saltus.read.sources import Sources, apart
from saltus.read.tables import Table

_PREFERRED: tuple[Quantity, ...] = ("strength", "accuracy", "error_rate", "log_likelihood", "loss", "bits")


@dataclass(frozen=True)
class Grouping:
    """Choices of the caller about several files; None leaves a choice to their paths and contents.

    Attributes:
        run_from, skill_from: where the name of a file's run, or of its skill, is found
            (`saltus.read.file_choices.names_from`).
        step_from: where the step of a file is found that holds one moment.
    """

    run_from: str | None = None
    skill_from: str | None = None
    step_from: str | None = None


def read_set(sources: Sources, selection: Selection, grouping: Grouping) -> Measurements:
    """The measurements in all the files.

    Raises:
        InputError: if a file cannot be read, or they do not belong together.
    """
    if grouping.run_from is not None or grouping.skill_from is not None:
        sources = apart(sources)
    members, left_out = read_members(sources, selection, _moments(sources, grouping))
    paths = [member.path for member in members]
    names = names_below(paths)
    moments = [member.only_moment for member in members]
    parts = [part for part in differing_parts(names) if not tells_moment(part, moments)]
    run = _given("run", grouping.run_from, paths, parts)
    skill = _given("skill", grouping.skill_from, paths, parts)
    given = {role: labels for role, labels in (("run", run), ("skill", skill)) if labels is not None}
    roles = roles_of_files(members, [part for part in parts if not _is_told(part, given.values())], given)
    said = _said_of_choices(given, parts)
    run = roles.run if run is None else run
    skill = (
        _skill_of_download(paths[0]) if len(paths) == 1 and skill is None else roles.skill if skill is None else skill
    )
    named = [
        _named(member.measurements, *labels) for member, *labels in zip(members, run, skill, roles.split, strict=True)
    ]
    chosen = _in_order_of(selection, members, named)
    found = _of_one_quantity(named, paths, chosen, renamed=any(skill) or any(roles.split))
    return replace(found, findings=(*sources.findings, *left_out, *said, *roles.findings, *found.findings))


def tables_of(sources: Sources, wanted: Collection[str]) -> list[Table]:
    """Each file as a table of its own, with those of the wanted columns that it lacks and its path tells.

    These are ``file``, the path itself, and a column for each word with a number beside it in which the paths differ
    (``seed``, ``d``), or ``parameters`` for sizes (``70m``).

    Raises:
        InputError: if a file cannot be read.
    """
    paths = list(sources)
    told: dict[str, Sequence[float | str]] = {"file": [str(path) for path in paths]}
    for part in differing_parts(names_below(paths)):
        numbers = part.numbers
        if numbers is not None and (part.words or part.are_sizes):
            told.setdefault("parameters" if part.are_sizes else part.words[0], numbers)
    tables: list[Table] = []
    for i, path in enumerate(paths):
        table = open_table(path)
        further = {word: column[i] for word, column in told.items() if word in wanted and word not in table.names}
        tables.append(WithConstants(table, further) if further else table)
    return tables


def _moments(sources: Sources, grouping: Grouping) -> dict[Path, Moment]:
    if grouping.step_from is None:
        return {}
    paths = list(sources)
    found = {}
    parts = differing_parts(names_below(paths))
    for path, text in zip(paths, names_from(grouping.step_from, "step", paths, parts), strict=True):
        number = number_in(text)
        if number is None:
            raise InputError("step_from must lead to one number in each path", f"{text} in {path}", "give a template")
        found[path] = ("step", number)
    return found


def _given(role: str, choice: str | None, paths: Sequence[Path], parts: Sequence[Part]) -> tuple[str, ...] | None:
    """The name of each file by the caller's choice; None if it leaves that open."""
    if choice is None:
        return None
    other = ("skill", "split") if role == "run" else ("run",)
    own = [part for part in parts if role_by_words(part) not in other]
    return names_from(choice, role, paths, own or parts)


def _said_of_choices(given: Mapping[str, Sequence[str]], parts: Sequence[Part]) -> list[Finding]:
    """Remarks on the names that the caller's choices led to, and on runs among them that are of different settings."""
    said = []
    for role, labels in given.items():
        names = list(dict.fromkeys(labels))
        if len(names) > 1:
            text = f"{counted(len(labels), 'file')}: {counted(len(names), role)} by {role}_from= ({some(names)})"
            said.append(Finding(kind=f"files of {role}s", count=len(labels), text=text))
    if len(set(given.get("run", ()))) > 1:
        said += differences([part for part in parts if _is_told(part, [given["run"]])])
    return said


def _is_told(part: Part, given: Iterable[Sequence[str]]) -> bool:
    """Whether one of the given columns of names tells the part of every file."""
    return any(len(set(zip(labels, part.texts, strict=True))) == len(set(labels)) for labels in given)


def _skill_of_download(path: Path) -> tuple[str]:
    return (tag_of_download(without_ending(path.name)) or "",)


def _named(measurements: Measurements, run: str, skill: str, split: str) -> Measurements:
    """The same measurements under the names that their file gives them."""
    own_run = measurements.run
    if run:
        alone = len(own_run.names) == 1
        own_run = replace(own_run, names=tuple(run if alone else f"{run}/{name}" for name in own_run.names))
    own = ("",) if skill and is_nameless(measurements) else measurements.skill.names
    names = tuple("/".join(filter(None, (split, skill, name))) for name in own)
    return replace(measurements, run=own_run, skill=Labels(measurements.skill.codes, names))


def _in_order_of(selection: Selection, members: Sequence[Member], named: Sequence[Measurements]) -> Selection:
    """The selection with the whole names of skills in the place of patterns, which may speak of names in a file."""
    if selection.columns is None:
        return selection
    names: dict[str, str] = {}
    for member, measurements in zip(members, named, strict=True):
        for own, name in zip(member.measurements.skill.names, measurements.skill.names, strict=True):
            names.setdefault(name, name if is_nameless(member.measurements) else own)
    chosen: dict[str, None] = {}
    for pattern in selection.columns:
        matching = [
            name for name, own in names.items() if any(n == pattern or fnmatchcase(n, pattern) for n in (name, own))
        ]
        chosen.update(dict.fromkeys(matching or selection.choose(list(names))))
    return replace(selection, columns=tuple(chosen))


def _of_one_quantity(
    named: Sequence[Measurements], paths: Sequence[Path], selection: Selection, renamed: bool
) -> Measurements:
    """All measurements of one quantity, the one that most files hold; a remark on the others."""
    kinds = {metric_named(name).quantity for part in named for name in part.skill.names} - {None}
    files = [path.name for path in paths]
    count = Counter(part.quantity for part in named)
    held = sorted(count, key=lambda kind: (-count[kind], _PREFERRED.index(kind)))
    said: list[Finding] = []
    if len(held) > 1 and not kinds:
        others = [file for part, file in zip(named, files, strict=True) if part.quantity != held[0]]
        text = (
            f"{held[0]} was read; {counted(len(others), 'file')} of {' and '.join(held[1:])} left out: {some(others)}"
        )
        said.append(Finding("several quantities", len(others), f"{text}; quantity= chooses"))
        files = [file for part, file in zip(named, files, strict=True) if part.quantity == held[0]]
        named = [part for part in named if part.quantity == held[0]]
    whole = joined(named, files) if len(named) > 1 else named[0]
    if renamed or (len(kinds) > 1 and len(paths) > 1):
        whole = by_metric(whole, selection)
    elif selection.columns is not None and len(paths) > 1:
        whole = whole.choose(selection)
    return replace(whole, findings=(*whole.findings, *said))
