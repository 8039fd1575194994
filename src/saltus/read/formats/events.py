"""The format of TensorBoard event files, as far as scalars need it; TensorFlow is not involved.

An event file is a row of records (length, checksum of the length, data, checksum of the data); each holds one `Event`
message of protocol buffers. We follow the few fields that lead to a scalar and check every checksum on the way:

    Event: step = 2, summary = 5      Summary: value = 1      Value: tag = 1, simple_value = 2, tensor = 8
    TensorProto: dtype = 1, tensor_shape = 2, tensor_content = 4, float_val = 5, double_val = 6
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from saltus.errors import InputError

MAX_RECORD = 2**16
"""Longer records hold images, histograms or graphs; they are passed over."""
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TENSOR_OF_DTYPE: dict[int | bytes | None, tuple[str, int]] = {
    1: ("<f", 5),
    2: ("<d", 6),
}  # struct format and field of DT_FLOAT, DT_DOUBLE

Scalar = tuple[str, int, float]
Field = tuple[int, int | bytes]


class _Damaged(Exception):
    """The bytes are not what the format says."""


def scalars(path: Path) -> Iterator[Scalar | None]:
    """Tag, step and value of every scalar in a file; None for a record too large to hold one.

    Raises:
        InputError: if a checksum does not match, or the file ends within a record.
    """
    offset = 0
    try:
        with path.open("rb") as file:
            left = path.stat().st_size
            while left:
                offset = file.tell()
                record, left = _record(file, left)
                if record is None:
                    yield None
                else:
                    yield from _scalars_of(record)
    except _Damaged as damage:
        where = f"{path.name}, byte {offset}"
        raise InputError(f"an event file must be whole: {damage}", where, "copy it again when it is complete") from None
    except OSError as error:
        raise InputError("an event file must be readable", path.name, f"{error.strerror}") from error


def _record(file: BinaryIO, left: int) -> tuple[bytes | None, int]:
    """The next record's data, None if it is large, and how many bytes are left behind it."""
    header = file.read(12)
    if len(header) < 12:
        raise _Damaged("it ends within a record")
    length, checksum = struct.unpack("<QI", header)
    if masked_crc32c(header[:8]) != checksum:
        raise _Damaged("a checksum does not match")
    left -= 12 + length + 4
    if left < 0:
        raise _Damaged("it ends within a record")
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
    """The number in a `Value`: a simple value, or a tensor of one float; None for anything else."""
    for number, part in parts:
        if number == 2 and isinstance(part, bytes) and len(part) == 4:
            return float(struct.unpack("<f", part)[0])
        if number == 8 and isinstance(part, bytes):
            tensor = dict(_fields(part))
            form, field = _TENSOR_OF_DTYPE.get(tensor.get(1), ("", 0))
            content = tensor.get(4) or tensor.get(field)
            is_scalar = not tensor.get(2)  # a shape without dimensions is empty
            if is_scalar and form and isinstance(content, bytes) and len(content) == struct.calcsize(form):
                return float(struct.unpack(form, content)[0])
    return None


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


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc_table()
