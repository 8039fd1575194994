"""The format of TensorBoard event files, as far as scalars need it; TensorFlow is not involved.

An event file is a row of records (length, checksum of the length, data, checksum of the data); each holds one `Event`
message of protocol buffers. We follow the few fields that lead to a scalar and check every checksum on the way:

    Event: step = 2, summary = 5      Summary: value = 1      Value: tag = 1, simple_value = 2, tensor = 8, metadata = 9
    SummaryMetadata: plugin_data = 1  PluginData: plugin_name = 1
    TensorProto: dtype = 1, tensor_shape = 2, tensor_content = 4, and one field for the numbers of each kind of dtype
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from saltus.errors import InputError

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


def scalars(path: Path) -> Iterator[Scalar | None]:
    """Tag, step and value of every scalar in a file; None for a record too large to hold one.

    Raises:
        TornError: behind the last whole record, if a checksum does not match there, or the file ends (`ENDS_EARLY`).
        InputError: if the file cannot be opened.
    """
    offset = 0
    try:
        with path.open("rb") as file:
            left = os.fstat(file.fileno()).st_size
            while left:
                offset = file.tell()
                record, left = _record(file, left)
                if record is None:
                    yield None
                else:
                    yield from _scalars_of(record)
    except _Damaged as damage:
        raise TornError(str(damage), offset) from None
    except OSError as error:
        raise InputError("an event file must be readable", path.name, f"{error.strerror}") from error


def _record(file: BinaryIO, left: int) -> tuple[bytes | None, int]:
    """The next record's data, None if it is large, and how many bytes are left behind it."""
    header = file.read(12)
    if len(header) < 12:
        raise _Damaged(ENDS_EARLY)
    length, checksum = struct.unpack("<QI", header)
    if _checksum_of_length(header[:8]) != checksum:
        raise _Damaged("a checksum does not match")
    left -= 12 + length + 4
    if left < 0:
        raise _Damaged(ENDS_EARLY)
    if length > MAX_RECORD:
        file.seek(length + 4, 1)
        return None, left
    data = file.read(length)
    if struct.pack("<I", masked_crc32c(data)) != file.read(4):
        raise _Damaged("a checksum does not match")
    return data, left


def _scalars_of(event: bytes) -> Iterator[Scalar]:
    fields = list(_fields(event))
    step = next((value for number, value in fields if number == 2 and isinstance(value, int)), 0)
    step -= (step >> 63) << 64  # a signed number in two's complement
    for summary in _messages(fields, 5):
        for entry in _messages(_fields(summary), 1):
            parts = list(_fields(entry))
            tag = next(_messages(parts, 1), b"")
            value = _value_of(parts)
            if value is not None:
                try:
                    yield tag.decode(), step, value
                except UnicodeDecodeError:
                    raise _Damaged("a tag is not text") from None


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
    return None if content is None else float(content - ((content >> 63) << 64))


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


def masked_crc32c(data: bytes) -> int:
    """The checksum of TFRecord: CRC-32C (Castagnoli), turned by 15 bits and shifted by a constant."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@lru_cache(maxsize=2**12)
def _checksum_of_length(length: bytes) -> int:
    return masked_crc32c(length)


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc_table()
