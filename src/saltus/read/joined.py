"""Measurements of several files, one after the other, with the names that their files give them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from saltus._types import Floats
from saltus.curves.report import Finding, counted
from saltus.errors import InputError
from saltus.read.measurements import Labels, Measurements
from saltus.read.shared_settings import shared_settings


def joined(parts: Sequence[Measurements], files: Sequence[str]) -> Measurements:
    """All measurements; ``files`` are the names of their files, for errors.

    Raises:
        InputError: if the files count different resources or hold different quantities.
    """
    first = parts[0]
    for part, file in zip(parts, files, strict=True):
        if _counter(part) != _counter(first):
            received = f"{first.step_column!r} in {files[0]}, {part.step_column!r} in {file}"
            raise InputError("files of one set must count the same steps", received, "give step_column=")
    in_all = [name for name in first.settings if all(name in part.settings for part in parts)]
    settings, said = shared_settings([{name: part.settings[name] for name in in_all} for part in parts], "file")
    sizes = [len(part.value) for part in parts]
    beside = dict.fromkeys(name for part in parts for name in part.beside)
    further = dict.fromkeys(name for part in parts for name in part.further)
    return Measurements(
        layout=_layout(parts),
        resource=first.resource,
        step_column=first.step_column,
        quantity=first.quantity,
        run=joined_labels([part.run for part in parts]),
        skill=joined_labels([part.skill for part in parts]),
        position=np.concatenate([part.position for part in parts]),
        value=np.concatenate([part.value for part in parts]),
        beside={name: _column([p.beside.get(name) for p in parts], sizes) for name in beside},
        findings=(*joined_findings(parts), *said),
        settings=settings,
        further={
            name: joined_labels([p.further.get(name, Labels.all_the_same(len(p.value), "")) for p in parts])
            for name in further
        },
    )


def joined_labels(columns: Sequence[Labels]) -> Labels:
    """Labels one after the other; a name that several have is one."""
    known: dict[str, int] = {}
    codes = []
    for column in columns:
        own = np.array([known.setdefault(name, len(known)) for name in column.names], dtype=np.int32)
        codes.append(own[column.codes])
    return Labels(np.concatenate(codes), tuple(known))


def joined_findings(parts: Sequence[Measurements]) -> list[Finding]:
    """The remarks on all files, those that say the same in one."""
    found: dict[str, list[Finding]] = {}
    for part in parts:
        for finding in part.findings:
            found.setdefault(finding.kind, []).append(finding)
    result = []
    for kind, same in found.items():
        texts = list(dict.fromkeys(finding.text for finding in same))
        text = texts[0] if len(same) == 1 else f"in {counted(len(same), 'file')}: {texts[0]}"
        others = f" (and {len(texts) - 1} more of the kind)" if len(texts) > 1 else ""
        result.append(Finding(kind, sum(finding.count for finding in same), text + others))
    return result


def _counter(part: Measurements) -> tuple[str, str]:
    return part.resource, part.step_column.casefold().strip("_").rsplit("/", 1)[-1].removeprefix("global_")


def _column(columns: Sequence[Floats | None], sizes: Sequence[int]) -> Floats:
    return np.concatenate(
        [np.full(size, np.nan) if column is None else column for column, size in zip(columns, sizes, strict=True)]
    )


def _layout(parts: Sequence[Measurements]) -> str:
    counts: dict[str, int] = {}
    for part in parts:
        counts[part.layout] = counts.get(part.layout, 0) + 1
    if len(counts) == 1:
        return f"{len(parts)} files: {parts[0].layout}"
    return f"{len(parts)} files: {', '.join(f'{count} {layout}' for layout, count in counts.items())}"
