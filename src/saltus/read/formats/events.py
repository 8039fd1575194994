"""The format of TensorBoard event files, as far as scalars need it; TensorFlow is not involved.

An event file is a row of records (length, checksum of the length, data, checksum of the data); each holds one `Event`
message of protocol buffers. We follow the few fields that lead to a scalar and check every checksum on the way:

    Event: step = 2, summary = 5      Summary: value = 1      Value: tag = 1, simple_value = 2, tensor = 8, metadata = 9
    SummaryMetadata: plugin_data = 1  PluginData: plugin_name = 1
    TensorProto: dtype = 1, tensor_shape = 2, tensor_content = 4, and one field for the numbers of each kind of dtype
"""

from __future__ import annotations

import os
import re
import struct
from array import array
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from saltus.errors import InputError
from saltus.read.files import MAX_BYTES
from saltus.read.formats.crc32c import masked_crc32c, masked_crcs32c

MAX_RECORD = 2**16
"""Longer records hold images, histograms or graphs; they are passed over."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FLOATS: dict[int | bytes | None, tuple[str, int]] = {1: ("<f", 5), 2: ("<d", 6)}
"""Format of `struct`, and field of the numbers, by dtype: DT_FLOAT, DT_DOUBLE."""
_WHOLE: dict[int | bytes | None, tuple[str, int]] = {
    3: ("<i", 7),
    4: ("<B", 7),
    5: ("<h", 7),
    6: ("<b", 7),
    17: ("<H", 7),
    9: ("<q", 10),
    10: ("<?", 11),
    22: ("<I", 16),
    23: ("<Q", 17),
}
"""The same for whole numbers and DT_BOOL; their fields hold varints."""
_HALF, _BFLOAT16, _HALVES = 19, 14, 13

_HEADER, _FOOTER = 12, 4  # bytes around the content of a record: its length with a checksum, and another one
_LENGTH, _FLOAT = struct.Struct("<QI"), struct.Struct("<f")
_SIMPLE = re.compile(
    rb"\x09.{8}(?:\x10([\x80-\xff]{0,9}[\x00-\x7f]))?\x2a([\x00-\x7f])\x0a([\x00-\x7f])\x0a([\x00-\x7f])(.*)\x15(.{4})",
    re.DOTALL,
)
"""Time, step, and a summary of one value with tag and number, none longer than a length of one byte can say."""

Scalar = tuple[str, int, float]
Field = tuple[int, int | bytes]


class _Damaged(Exception):
    """The bytes are not what the format says."""


class TornError(Exception):
    """The end of what can be read of a file: why, and at which byte."""

    def __init__(self, reason: str, at: int) -> None:
        self.reason = reason
        self.at = at
        super().__init__(f"{reason}, byte {at}")


ENDS_EARLY = "it ends within a record"
MISMATCH = "a checksum does not match"


def scalars(path: Path) -> Iterator[Scalar | None]:
    """Tag, step and value of every scalar in a file; None for a record too large to hold one.

    Raises:
        TornError: behind the last whole record, if a checksum does not match there, or the file ends (`ENDS_EARLY`).
        InputError: if the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(min(os.fstat(file.fileno()).st_size, MAX_BYTES))
    except OSError as error:
        raise InputError("an event file must be readable", path.name, f"{error.strerror}") from error
    starts, sizes, torn = _records(data)
    for start, size in zip(starts, sizes, strict=True):
        if size > MAX_RECORD:
            yield None
            continue
        try:
            record = data[start : start + size]
            simple = _simple_scalar(record)
            if simple is None:
                yield from _scalars_of(record)
            else:
                yield simple
        except _Damaged as damage:
            raise TornError(str(damage), start - _HEADER) from None
    if torn is not None:
        raise torn


def _records(data: bytes) -> tuple[list[int], list[int], TornError | None]:
    """Start and size of the content of every record in front of the first damage; and this, if there is one."""
    starts, sizes = array("q"), array("q")
    at, torn = 0, None
    while at < len(data):
        header = data[at : at + _HEADER]
        if len(header) < _HEADER:
            torn = TornError(ENDS_EARLY, at)
            break
        size, checksum = _LENGTH.unpack(header)
        if _checksum_of_length(header[:8]) != checksum:
            torn = TornError(MISMATCH, at)
            break
        if at + _HEADER + size + _FOOTER > len(data):
            torn = TornError(ENDS_EARLY, at)
            break
        starts.append(at + _HEADER)
        sizes.append(size)
        at += _HEADER + size + _FOOTER
    start, size = np.array(starts, dtype=np.int64), np.array(sizes, dtype=np.int64)
    small = np.flatnonzero(size <= MAX_RECORD)
    content = np.frombuffer(data, dtype=np.uint8)
    place = (start + size)[small, None] + np.arange(_FOOTER)
    told = content[place].view("<u4").ravel() if small.size else np.empty(0, dtype=np.uint32)
    wrong = small[masked_crcs32c(data, start[small], size[small]) != told]
    if wrong.size:
        first = int(wrong[0])
        return starts[:first].tolist(), sizes[:first].tolist(), TornError(MISMATCH, starts[first] - _HEADER)
    return starts.tolist(), sizes.tolist(), torn


@lru_cache(maxsize=2**12)
def _checksum_of_length(length: bytes) -> int:
    return masked_crc32c(length)


def _simple_scalar(event: bytes) -> Scalar | None:
    """The scalar in an event of nothing but one simple value, as nearly all are; None for any other."""
    match = _SIMPLE.fullmatch(event)
    if match is None:
        return None
    step, summary, value, name, tag, number = match.groups()
    if name[0] != len(tag) or value[0] != len(tag) + 7 or summary[0] != len(tag) + 9:
        return None
    return _text(tag), _signed(_varint(step, 0)[0]) if step else 0, _FLOAT.unpack(number)[0]


def _scalars_of(event: bytes) -> Iterator[Scalar]:
    fields = list(_fields(event))
    step = next((value for number, value in fields if number == 2 and isinstance(value, int)), 0)
    for summary in _messages(fields, 5):
        for entry in _messages(_fields(summary), 1):
            parts = list(_fields(entry))
            tag = next(_messages(parts, 1), b"")
            value = _value_of(parts)
            if value is not None:
                yield _text(tag), _signed(step), value


def _text(tag: bytes) -> str:
    try:
        return tag.decode()
    except UnicodeDecodeError:
        raise _Damaged("a tag is not text") from None


def _signed(number: int) -> int:
    """A number of 64 bits in two's complement."""
    return number - ((number >> 63) << 64)


def _value_of(parts: list[Field]) -> float | None:
    """The number in a `Value`: a simple value, or a tensor of one number; None for anything else."""
    for number, part in parts:
        if number == 2 and isinstance(part, bytes) and len(part) == 4:
            return float(struct.unpack("<f", part)[0])
        if number == 8 and isinstance(part, bytes):
            return None if _is_of_other_plugin(parts) else _number_of(dict(_fields(part)))
    return None


def _is_of_other_plugin(parts: list[Field]) -> bool:
    """Whether the metadata say that the tensor is no scalar, but a hyperparameter, text, or an image."""
    for metadata in _messages(parts, 9):
        for plugin in _messages(_fields(metadata), 1):
            return next(_messages(_fields(plugin), 1), b"scalars") != b"scalars"
    return False


def _number_of(tensor: dict[int, int | bytes]) -> float | None:
    """The number in a tensor without dimensions."""
    dtype = tensor.get(1)
    if tensor.get(2):  # a shape without dimensions is empty
        return None
    content = tensor.get(4)
    if dtype in _FLOATS:
        form, field = _FLOATS[dtype]
        return _unpacked(form, content or tensor.get(field))
    if dtype in _WHOLE:
        form, field = _WHOLE[dtype]
        return _unpacked(form, content) if content else _whole(tensor.get(field))
    if dtype in (_HALF, _BFLOAT16):
        bits = int.from_bytes(content, "little") if isinstance(content, bytes) else _whole(tensor.get(_HALVES))
        if bits is None or not 0 <= bits < 2**16:
            return None
        two = int(bits).to_bytes(2, "little")
        return _unpacked("<e", two) if dtype == _HALF else _unpacked("<f", bytes(2) + two)  # the upper half of a float
    return None


def _unpacked(form: str, content: int | bytes | None) -> float | None:
    if isinstance(content, bytes) and len(content) == struct.calcsize(form):
        return float(struct.unpack(form, content)[0])
    return None


def _whole(content: int | bytes | None) -> float | None:
    """A varint, alone or as the only one of a packed field."""
    if isinstance(content, bytes):
        content, _ = _varint(content, 0)
    return None if content is None else float(_signed(content))


def _messages(fields: Iterable[Field], wanted: int) -> Iterator[bytes]:
    return (value for number, value in fields if number == wanted and isinstance(value, bytes))


def _fields(data: bytes) -> Iterator[Field]:
    """Number and content of every field of a message: an int for varints, bytes for all else."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise _Damaged("a record is no event")
        if at + size > len(data):
            raise _Damaged("a record is no event")
        yield number, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and the place behind it."""
    value = 0
    for i, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at + i + 1
    raise _Damaged("a record is no event")
