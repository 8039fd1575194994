"""JSON text of any length, decoded piece by piece: only a window of it, and one value, is held at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from saltus.errors import InputError
from saltus.read.growing_column import readable

MAX_VALUE = 2**22
"""Most characters of a value that is decoded as a whole."""
_WINDOW = 2**17  # characters
_SINGLY = 32  # elements of an array that are decoded one by one, before many are at once
_SPACE = re.compile(r"[ \t\n\r]*")
_BETWEEN = re.compile(r"[ \t\n\r]*,[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


class JsonText:
    """A cursor in JSON text.

    Methods raise `InputError` where the text is no JSON, ends too early, or nests too deep.
    """

    def __init__(self, file: TextIO, path: Path) -> None:
        self._file, self._path = file, path
        self._text, self._at, self._is_all = "", 0, False

    def peek(self) -> str:
        """The next character that is no blank; none at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text) or self._is_all:
                return self._text[self._at : self._at + 1]
            self._fill(1)

    def value(self) -> Any:
        """The value at the cursor, decoded as a whole."""
        self.peek()
        size = 2**12
        while True:
            self._fill(size)
            is_rest = self._is_all or size >= MAX_VALUE
            try:
                value, end = _decode(self._text, self._at)
            except json.JSONDecodeError:
                if is_rest:
                    raise self._damaged() from None
            except (ValueError, RecursionError) as error:  # a whole number of thousands of digits
                raise self._damaged() from error
            else:
                if end < len(self._text) or is_rest:  # else a number might go on
                    self._at = end
                    return value
            size *= 4

    def members(self) -> Iterator[str]:
        """Keys of the object at the cursor; whoever takes a key must take its value before the next."""
        self._take("{")
        while self.peek() != "}":
            key = self.value()
            if not isinstance(key, str):
                raise self._damaged()
            self._take(":")
            yield key
            if self.peek() != "}":
                self._take(",")
                if self.peek() == "}":
                    raise self._damaged()
        self._take("}")

    def elements(self) -> Iterator[list[Any]]:
        """Elements of the array at the cursor, some at a time."""
        self._take("[")
        separator, n_singly = None, 0
        while self.peek() != "]":
            batch: list[Any] = [] if separator is None else self._many(separator)
            if not batch:
                opening = self.peek()
                batch = [self.value()]
                n_singly += 1
                between = _BETWEEN.match(self._text, self._at) if n_singly == _SINGLY else None
                separator = None if between is None else _around(between[0], opening)
            yield batch
            if self.peek() != "]":
                self._take(",")
                if self.peek() == "]":
                    raise self._damaged()
        self._take("]")

    def _many(self, separator: str) -> list[Any]:
        """As many elements as the window holds; none if they cannot be told apart by the separator."""
        self._fill(_WINDOW)
        end = self._text.rfind(separator, self._at)
        if end < 0:
            return []
        end += separator[0] in "}]"
        try:
            found: list[Any] = json.loads(f"[{self._text[self._at : end]}]")
        except (ValueError, RecursionError):
            return []
        self._at = end
        return found

    def _take(self, mark: str) -> None:
        if self.peek() != mark:
            raise self._damaged()
        self._at += 1

    def _fill(self, size: int) -> None:
        """Have that many characters ahead, or all that are left."""
        missing = size - (len(self._text) - self._at)
        if missing > 0 and not self._is_all:
            more = self._file.read(max(missing, _WINDOW))
            self._text = self._text[self._at :] + more
            self._at = 0
            self._is_all = not more

    def _damaged(self) -> InputError:
        if self._is_all and not self.peek():
            return InputError(
                "JSON must be whole", f"{self._path.name}: it ends too early", "copy it again when complete"
            )
        some = readable(self._text[self._at : self._at + 30])
        return InputError("a JSON file must be well-formed", f"{self._path.name}: {some}", "export it again")


def _around(between: str, opening: str) -> str:
    """The text between two elements, with the marks around it that tell it from others."""
    closing = {"{": "}", "[": "]"}.get(opening)
    return between if closing is None else f"{closing}{between}{opening}"
