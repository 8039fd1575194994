"""Frequencies of skills from a text file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saltus.theory.frequencies import SkillFrequencies


def read_frequencies(path: Path) -> SkillFrequencies:
    """Frequencies or counts from a text file, numbers apart by commas, spaces or lines, most frequent first.

    Raises:
        InputError: if the file is none, or its numbers do not descend from the first.
    """
    from saltus.errors import InputError
    from saltus.theory.frequencies import Frequencies

    advice = "give a text file with one number a skill"
    try:
        values = [float(word) for word in path.read_text(encoding="utf-8").replace(",", " ").split()]
    except (OSError, ValueError) as error:
        raise InputError("frequencies must be a file of numbers", str(path), advice) from error
    if any(later > earlier for earlier, later in pairwise(values)):
        raise InputError("frequencies must descend: skill 1 is the most frequent", values, "sort them, and the skills")
    return Frequencies(values)
