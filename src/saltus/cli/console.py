"""Readable output on consoles without UTF-8: a dash for a dash, "alpha" for its letter, never an exception."""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata

_PLAIN = {"–": "-", "−": "-", "±": "+-", "²": "^2", "∞": "inf", "×": "x", "·": ".", "≥": ">=", "≤": "<=", "…": "..."}


def readable_anywhere() -> None:
    """From now on stdout and stderr write characters that their encoding lacks in ASCII."""
    codecs.register_error("saltus.plain", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # and not what a test or a notebook has put there
            stream.reconfigure(errors="saltus.plain")


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


def _plain(character: str) -> str:
    name = unicodedata.name(character, "")
    if name.startswith("GREEK SMALL LETTER "):
        return name.split()[-1].lower()
    return _PLAIN.get(character, "?")
