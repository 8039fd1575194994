"""Frequencies of skills from a text file of their own.

The command line imports this module at its start: nothing heavy is imported before a file is read.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from saltus.errors import InputError
from saltus.read.files import bounded_text

if TYPE_CHECKING:
    from saltus.theory.frequencies import SkillFrequencies


def read_frequencies(path: Path) -> SkillFrequencies:
    """Frequencies or counts from a text file, numbers apart by commas, spaces or lines, most frequent first.

    Raises:
        InputError: if it is no such file or longer than 256 MiB, or its numbers do not descend from the first.
    """
    from saltus.theory.frequencies import Frequencies

    rule, advice = "frequencies must be a file of numbers", "give a text file with one number a skill"
    try:
        words = bounded_text(path, of="frequencies").replace(",", " ").split()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(rule, str(path), advice) from error
    try:
        values = [float(word) for word in words]
    except ValueError as error:
        raise InputError(rule, str(path), advice) from error
    if any(later > earlier for earlier, later in pairwise(values)):
        raise InputError("frequencies must descend: skill 1 is the most frequent", values, "sort them, and the skills")
    return Frequencies(values)
