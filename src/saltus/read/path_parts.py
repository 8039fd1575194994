"""Parts in which the paths of files differ, and the word beside each: ``seed0``, ``version_1``, ``run-a-tag-b``."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saltus.read.numbers import SUFFIXES

_TENSORBOARD = re.compile(r"(?:^|.*/)run-(?P<run>.*?)-tag-(?P<tag>[^/]*)", re.DOTALL)
"""Name that TensorBoard gives to the download of one tag."""
_LONGEST_NUMBER = 24  # letters
_TOKEN = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![a-z0-9])|\d+|[^\W\d_]+|[\W_]", re.IGNORECASE | re.ASCII)
_SIZE = re.compile(r"\d+(?:[._]\d+)?[kmbt]", re.IGNORECASE | re.ASCII)
_SIZE_INSIDE = re.compile(r"(?<![^\W_])\d+(?:\.\d+)?[kmbt](?![^\W_])", re.ASCII)
_DATE = r"\d{4}-\d\d-\d\d(?:[-_T ]\d\d[-_:.]\d\d(?:[-_:.]\d\d)?)?|\d{8}[-_T]\d{4,6}"
_WHOLE = re.compile(rf"(?<![^\W_])(\d+(?:\.\d+)?[kmbt]|{_DATE})(?![^\W_])", re.IGNORECASE | re.ASCII)
"""A size, or a date with or without the time of day."""
_ENDING = re.compile(r"\.(csv|tsv|txt|jsonl?|ndjson|npz|parquet|pq|log|out|gz|ya?ml|db|sqlite)$", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One part in which paths differ.

    Attributes:
        words: the letters in front of it, or the name of its folder, in lower case; several if parts differ together.
        texts: what stands there, for each path.
    """

    words: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def are_sizes(self) -> bool:
        """Whether all are sizes such as ``70m`` or ``1.4B``."""
        return all(_SIZE.fullmatch(text) for text in self.texts)

    @property
    def tell_sizes(self) -> bool:
        """Whether each names a size, alone or among other words, and not all the same."""
        found = [_SIZE_INSIDE.search(text.casefold()) for text in self.texts]
        return all(found) and len({match[0] for match in found if match}) > 1

    @property
    def are_numbers(self) -> bool:
        """Whether all are plain numbers, where there is something."""
        return all(re.fullmatch(r"(\d+(\.\d+)?)?", text, re.ASCII) for text in self.texts)

    @property
    def numbers(self) -> tuple[float, ...] | None:
        """The texts as numbers; None if one is none."""
        found = [number_in(text) for text in self.texts]
        return tuple(number for number in found if number is not None) if None not in found else None


def number_in(text: str) -> float | None:
    """The only number in a text, as ``step1000`` or ``1.4b`` has one; None if it has none or several."""
    found = re.findall(r"(\d+(?:[._]\d+)?(?:e[-+]?\d+)?)([kmbt]?)(?![a-z0-9])", text.casefold(), re.ASCII)
    if len(found) != 1 or len(found[0][0]) > _LONGEST_NUMBER:
        return None
    number, factor = found[0]
    return float(number.replace("_", ".")) * SUFFIXES[factor]


def size_in(text: str) -> float | None:
    """The only size in a name, 7e7 in ``pythia-70m``; None if it has none or several."""
    found = {match.group() for match in _SIZE_INSIDE.finditer(text.casefold())}
    return number_in(found.pop()) if len(found) == 1 else None


def tag_of_download(name: str) -> str | None:
    """The tag in the name of a download from TensorBoard, ``run-a-tag-b``; None if it is another name."""
    match = _TENSORBOARD.fullmatch(name)
    return None if match is None else match["tag"]


def names_below(paths: Sequence[Path]) -> list[str]:
    """Each path below the folder that they share, without the ending of its format, with ``/`` between folders."""
    absolute = [Path(os.path.abspath(path)) for path in paths]
    try:
        around = Path(os.path.commonpath([path.parent for path in absolute]))
    except ValueError:  # several drives
        return [path.as_posix() for path in absolute]
    return [without_ending(path.relative_to(around).as_posix()) for path in absolute]


def without_ending(name: str) -> str:
    """The name without the endings of formats and compressions."""
    while (short := _ENDING.sub("", name)) != name and short and not short.endswith("/"):
        name = short
    return name


def differing_parts(names: Sequence[str]) -> list[Part]:
    """The parts in which the names differ; parts that differ together are one.

    All names apart are told apart by them.
    """
    if len(names) < 2:
        return []
    downloads = [_TENSORBOARD.fullmatch(name) for name in names]
    if all(downloads):
        columns = [Part((word,), tuple(match[word] for match in downloads if match)) for word in ("run", "tag")]
    else:
        columns = _columns(names)
    return _merged([column for column in columns if len(set(column.texts)) > 1])


def _columns(names: Sequence[str]) -> list[Part]:
    """Aligned parts of the names: word by word, or folder by folder, or what differs as a whole."""
    folders = [name.split("/") for name in names]
    if len({len(parts) for parts in folders}) > 1:
        return [Part((), tuple(names))]
    found: list[Part] = []
    around = ""
    for texts in zip(*folders, strict=True):
        tokens = [_tokens(text) for text in texts]
        shapes = {tuple(map(_kind, row)) for row in tokens}
        if len(shapes) == 1:
            found += _aligned(tokens, around)
        else:
            found.append(_trimmed(tokens, around))
        if len(set(texts)) == 1:
            around = texts[0]
    return found


def _tokens(text: str) -> list[str]:
    """Words, numbers and signs; a size or a date is one token."""
    return [
        token
        for place, piece in enumerate(_WHOLE.split(text))
        for token in ([piece] if place % 2 else _TOKEN.findall(piece))
    ]


def _kind(token: str) -> str:
    if _WHOLE.fullmatch(token):
        return "size" if _SIZE.fullmatch(token) else "date"
    return "number" if token[0].isdigit() else "word" if token.isalpha() else token


def _aligned(tokens: Sequence[Sequence[str]], around: str) -> list[Part]:
    found = []
    word = ""
    columns = list(zip(*tokens, strict=True))
    for column, after in zip(columns, [*columns[1:], ("",)], strict=True):
        if len(set(column)) > 1:
            is_unit = not word and len(set(after)) == 1 and after[0].isalpha()  # 5shot
            found.append(Part(_words(after[0] if is_unit else word or around), column))
        elif column[0].isalpha():
            word = column[0]
    return found


def _trimmed(tokens: Sequence[Sequence[str]], around: str) -> Part:
    """The rest between the tokens that all names begin with, and those that all end with."""
    shortest = min(map(len, tokens))
    start = 0
    while start < shortest and len({row[start] for row in tokens}) == 1:
        start += 1
    end = 0
    while end < shortest - start and len({row[-1 - end] for row in tokens}) == 1:
        end += 1
    words = [token for token in tokens[0][:start] if token.isalpha()]
    texts = tuple("".join(row[start : len(row) - end]).strip("-_. ") for row in tokens)
    return Part(_words(words[-1] if words else around), texts)


def _words(text: str) -> tuple[str, ...]:
    return (text.casefold(),) if text else ()


def _merged(parts: Sequence[Part]) -> list[Part]:
    """Parts that tell the same files apart are one."""
    groups: dict[tuple[int, ...], list[Part]] = {}
    for part in parts:
        known: dict[str, int] = {}
        groups.setdefault(tuple(known.setdefault(text, len(known)) for text in part.texts), []).append(part)
    found = []
    for same in groups.values():
        words = tuple(dict.fromkeys(word for part in same for word in part.words))
        joined = tuple("_".join(dict.fromkeys(texts)) for texts in zip(*(part.texts for part in same), strict=True))
        found.append(Part(words, joined))
    return found
