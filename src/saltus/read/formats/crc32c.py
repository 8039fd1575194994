"""The checksum of TFRecord: CRC-32C (Castagnoli), turned by 15 bits and shifted by a constant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = 0x82F63B78
_SHIFT = 0xA282EAD8
_TOGETHER = 32  # records from which on NumPy is faster than a loop over their bytes
_AT_ONCE = 2**14  # records; their columns stay in the processor's cache


def masked_crc32c(data: bytes) -> int:
    """The checksum of bytes."""
    crc = _continued(0xFFFFFFFF, data) ^ 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _SHIFT) & 0xFFFFFFFF


def masked_crcs32c(data: bytes, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The checksum of each piece of the data; pieces are taken together, byte by byte."""
    parts = [
        _checksums(data, starts[i : i + _AT_ONCE], sizes[i : i + _AT_ONCE]) for i in range(0, len(starts), _AT_ONCE)
    ]
    return np.concatenate([np.empty(0, dtype=np.uint32), *parts])


def _checksums(data: bytes, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.uint32]:
    longest_first = np.argsort(-sizes, kind="stable")
    start, size = starts[longest_first], sizes[longest_first]
    content = np.frombuffer(data, dtype=np.uint8)
    crc = np.full(len(start), 0xFFFFFFFF, dtype=np.uint32)
    at = 0
    while (n := int(np.searchsorted(-size, -at))) >= _TOGETHER:  # pieces with a byte at this place
        crc[:n] = _TABLE_ARRAY[(crc[:n] ^ content[start[:n] + at]) & 0xFF] ^ crc[:n] >> 8
        at += 1
    for i in range(n):
        crc[i] = _continued(int(crc[i]), data[start[i] + at : start[i] + size[i]])
    found = np.empty_like(crc)
    crc ^= 0xFFFFFFFF
    found[longest_first] = (crc >> 15 | crc << 17) + np.uint32(_SHIFT)
    return found


def _continued(crc: int, data: bytes) -> int:
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()
_TABLE_ARRAY = np.array(_TABLE, dtype=np.uint32)
