"""Choices of the caller where the name of a file's run, skill or step is found: a word, or a template of its path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from saltus.errors import InputError
from saltus.read.path_parts import Part, without_ending

WORDS = ("path", "folder", "name", "file", "none")
_PIECE = re.compile(r"\{(\w+)\}|(\*\*)|(\*)|(\?)|([^*?{]+|\{)")


def names_from(choice: str, role: str, paths: Sequence[Path], parts: Sequence[Part]) -> tuple[str, ...]:
    """The name that each file has by the caller's choice.

    Args:
        choice: "path" (the parts in which the paths differ), "folder" (that holds the file, or is read as a whole),
            "name" or "file" (of the file, without its ending), "none" (all are one), or a template of the path, as
            ``"runs/seed{run}/*.csv"``: ``*`` stands for any letters of one folder, ``**`` for any folders.
        role: "run", "skill" or "step": the name of the argument and of the place in a template.
        paths: of the files.
        parts: in which the paths differ, as far as they are for this role.

    Raises:
        InputError: if the choice is none of these, or a path is not as the template.
    """
    if choice == "none":
        return ("",) * len(paths)
    if choice in ("name", "file"):
        return tuple(without_ending(path.name) for path in paths)
    if choice == "folder":
        return tuple((path if path.is_dir() else path.parent).resolve().name for path in paths)
    if choice == "path":
        return tuple("_".join(part.texts[i] or "0" for part in parts) for i in range(len(paths)))
    pattern = _pattern_of(choice, role)
    found = []
    for path in paths:
        match = pattern.search(path.resolve().as_posix())
        if match is None:
            raise InputError(f"every path must be as {role}_from says ({choice})", str(path), "give a wider template")
        found.append(match[1])
    return tuple(found)


def _pattern_of(template: str, role: str) -> re.Pattern[str]:
    """The template as an expression with one group, at the end of a path with or without its ending."""
    pieces = list(_PIECE.finditer(template))
    marks = [piece for piece in pieces if piece[1] == role]
    stars = [piece for piece in pieces if piece[3]]
    if not marks and len(stars) == 1:
        marks = stars
    if len(marks) != 1 or any(piece[1] not in (None, role) for piece in pieces):
        rule = f"{role}_from must be {', '.join(WORDS)}, or a template of the path with one {{{role}}}"
        raise InputError(rule, template, f"give e.g. {role}_from='*/seed{{{role}}}/*'")
    expression = ""
    for piece in pieces:
        if piece is marks[0]:
            expression += "([^/]+?)"
        elif piece[5] is not None:
            expression += re.escape(piece[5])
        else:
            expression += ".*?" if piece[2] else "[^/]*?" if piece[3] else "[^/]"
    return re.compile(f"(?:^|/){expression.removeprefix('/')}(?:/.*|[.][^/]*)?$")
