"""Roles of the folders in a TensorBoard log: runs, splits (training, validation) of one run, or skills.

TensorBoard itself has one meaning for a folder, but loggers have three: Keras writes ``train`` and ``validation``
beside each other, `add_scalars` a folder for each curve, and people a folder for each run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

from saltus.curves.report import Finding

Named = Callable[[str, str], tuple[str, str]]
"""Run and tag of the entries in a folder with a tag."""

_HERE = "."
_OTHERWISE = "run='folder' with skill='tag_in_folder' makes them runs"
_SPLITS = {"train", "training", "validation", "valid", "val", "dev", "eval", "evaluation", "test"}
_RUN_LIKE = re.compile(
    r"(^|[^a-z])(version|seed|run|trial|rep|replicate|repeat|fold|exp|experiment|job|attempt|sweep)s?([^a-z]|$)"
    r"|^[\W\d]+$|\d{6}|\d[-_:]\d\d[-_:]\d",
    re.IGNORECASE,
)


def roles_of_folders(tags: Mapping[str, tuple[str, ...]]) -> tuple[Named, list[Finding]]:
    """The run and tag of what is in each folder, and what was taken for what.

    Args:
        tags: the tags in each folder, whose name is its path below the root; "." is the root itself.
    """
    findings: list[Finding] = []
    curves = _added_scalars(tags)
    splits = _splits([folder for folder in tags if folder not in curves])
    if splits:
        words = ", ".join(dict.fromkeys(split for _, split in splits.values()))
        text = f"{words} were taken for parts of the data of one run, not for runs: {_OTHERWISE}"
        findings.append(Finding("folders of splits", len(splits), text))
    run_of = {folder: splits[folder][0] if folder in splits else folder for folder in tags}
    if curves:
        text = f"{_some(curves)} were taken for curves of add_scalars, each a skill: {_OTHERWISE}"
    elif curves := _single_tag(tags, run_of):
        text = f"{_some(curves)} hold the one tag {tags[next(iter(curves))][0]!r}, and were taken for skills: "
        text += _OTHERWISE
    if curves:
        findings.append(Finding("folders of skills", len(curves), text))
    run_of |= {folder: run for folder, (run, _) in curves.items()}

    def named(folder: str, tag: str) -> tuple[str, str]:
        run = "0" if run_of[folder] == _HERE else run_of[folder]
        if folder in curves:
            return run, curves[folder][1]
        if folder in splits and tag.split("/")[0].casefold() not in _SPLITS:
            return run, f"{splits[folder][1]}/{tag}"
        return run, tag

    return named, findings


def _parts(folder: str) -> tuple[str, str]:
    """The folder around a folder, and its own name."""
    path = PurePosixPath(folder)
    return path.parent.as_posix(), path.name


def _splits(folders: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Run and split of every folder that is named as one, if some run has two measurements of it."""
    named = {folder: _parts(folder) for folder in folders if _parts(folder)[1].casefold() in _SPLITS}
    around = [run for run, _ in named.values()]
    if any(around.count(run) > 1 or run in folders for run in around):
        return named
    return {}


def _added_scalars(tags: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, str]]:
    """Run and skill of the folders that `add_scalars` made: their name is their only tag, with that of a curve.

    PyTorch joins the two by ``_``, and tensorboardX by ``/``.
    """
    found = {}
    for folder, (tag, *others) in tags.items():
        for start in (tag.replace("/", "_") + "_", tag.strip("/") + "/"):
            around, is_there, curve = f"/{folder}".rpartition(f"/{start}")
            if not others and is_there and curve and "/" not in curve and not _RUN_LIKE.search(curve):
                name = f"{curve}/{tag}" if curve.casefold() in _SPLITS else f"{tag}_{curve}"
                found[folder] = (around.strip("/") or _HERE, name)
    return found


def _single_tag(tags: Mapping[str, tuple[str, ...]], run_of: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Run and skill of all folders, if one tag is all that they hold and no name is like that of a run."""
    folders = [folder for folder in tags if run_of[folder] == folder]
    if len(folders) < 2 or len(folders) < len(tags) or _HERE in folders:
        return {}
    if len({tags[folder] for folder in folders}) > 1 or len(tags[folders[0]]) > 1:
        return {}
    if any(_RUN_LIKE.search(part) for folder in folders for part in folder.split("/")) or _differ_in_numbers(folders):
        return {}
    return {folder: (_HERE, f"{folder}/{tags[folder][0]}") for folder in folders}


def _differ_in_numbers(folders: list[str]) -> bool:
    """Whether names differ in nothing but their numbers: ``lr0.1`` and ``lr0.01``."""
    return len({re.sub(r"[\d.]+", "", folder) for folder in folders}) < len(folders)


def _some(folders: Mapping[str, object]) -> str:
    names = list(folders)
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more folders" if len(names) > 3 else "")
