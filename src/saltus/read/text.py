"""Opening of text and of packed text (gzip): UTF-8, of bounded size once unpacked, with one line for any damage."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from saltus.errors import InputError
from saltus.read.files import require_bytes

_GZIP = b"\x1f\x8b"
_AT_ONCE = 2**16  # packed bytes
_UNPACKED_AT_ONCE = 2**18  # bytes
_MAX_PARTS = 100_000  # parts of one file, each of which takes time even if it is empty


def suffix_of(path: Path) -> str:
    """The ending of a file's name in small letters, ``.gz`` aside."""
    path = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return path.suffix.lower()


def first_bytes(path: Path, size: int = 4096) -> bytes:
    """The first bytes of a file once unpacked, without a byte order mark; none if it cannot be read."""
    try:
        with open_bytes(path, lambda: None) as file:
            return file.read(size + 3).removeprefix(b"\xef\xbb\xbf")[:size]
    except InputError:
        return b""


@contextmanager
def open_bytes(path: Path, on_tear: Callable[[], None] | None = None) -> Iterator[BinaryIO]:
    """The content of a file, unpacked if it is gzip.

    Args:
        on_tear: called where a packed file ends too early; its content then ends there. By default such a file is
            refused.

    Raises:
        InputError: if the file cannot be read, is damaged, or takes more than `files.MAX_BYTES` unpacked.
    """
    try:
        with path.open("rb") as packed:
            is_packed = packed.read(2) == _GZIP
            packed.seek(0)
            yield io.BufferedReader(_Unpacked(packed, path, on_tear)) if is_packed else packed
    except OSError as error:
        raise InputError("a file must be readable", path.name, f"{error.strerror}") from error


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """The text of a file in UTF-8, unpacked if it is gzip, with its line breaks as they are.

    Raises:
        InputError: as `open_bytes`, or if the file is no UTF-8.
    """
    try:
        with open_bytes(path) as file:
            yield io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    except UnicodeDecodeError as error:
        raise InputError("a table must be UTF-8 text", path.name, "save it in UTF-8") from error


class _Unpacked(io.RawIOBase):
    """Content of a gzip file of one part or several, unpacked piece by piece."""

    def __init__(self, packed: BinaryIO, path: Path, on_tear: Callable[[], None] | None) -> None:
        self._packed, self._path, self._on_tear = packed, path, on_tear
        self._part = zlib.decompressobj(31)
        self._waiting = b""
        self._size = self._n_parts = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._next_piece(min(len(buffer), _UNPACKED_AT_ONCE))
        self._size += len(piece)
        require_bytes(self._size, self._path)
        buffer[: len(piece)] = piece
        return len(piece)

    def _next_piece(self, size: int) -> bytes:
        while not self._ended:
            if self._part.eof:
                # Zeros after the last part are padding.
                self._waiting = (self._part.unused_data or self._packed.read(_AT_ONCE)).lstrip(b"\0")
                if not self._waiting:
                    self._ended = True
                    break
                self._part = zlib.decompressobj(31)
                self._n_parts += 1
                if self._n_parts > _MAX_PARTS:
                    rule = f"a packed file must have at most {_MAX_PARTS:,} parts"
                    raise InputError(rule, self._path.name, "pack it as a whole")
            self._waiting = self._waiting or self._packed.read(_AT_ONCE)
            if not self._waiting:
                self._tear()
                break
            try:
                piece = self._part.decompress(self._waiting, size)
            except zlib.error as error:
                raise InputError("a packed file must be whole gzip", self._path.name, "pack it again") from error
            self._waiting = self._part.unconsumed_tail
            if piece:
                return piece
        return b""

    def _tear(self) -> None:
        self._ended = True
        if self._on_tear is None:
            raise InputError("a packed file must be whole gzip", self._path.name, "copy it again when it is complete")
        self._on_tear()
