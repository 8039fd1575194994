"""Event files, bit by bit."""

from __future__ import annotations

import struct


def crc32c_by_long_division(data: bytes) -> int:
    """The remainder of the message by Castagnoli's polynomial 0x1EDC6F41, bit by bit and not reflected."""
    register = 0xFFFFFFFF
    for byte in data:
        for i in range(8):  # the lowest bit of a byte goes first
            bit = byte >> i & 1
            register = (register << 1 & 0xFFFFFFFF) ^ (0x1EDC6F41 if (register >> 31) ^ bit else 0)
    return int(f"{register ^ 0xFFFFFFFF:032b}"[::-1], 2)


def masked(data: bytes) -> int:
    crc = crc32c_by_long_division(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


def varint(value: int) -> bytes:
    value %= 2**64
    groups = [value >> shift & 0x7F for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([group | 0x80 for group in groups[:-1]] + groups[-1:])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def record(event: bytes) -> bytes:
    length = struct.pack("<Q", len(event))
    return length + struct.pack("<I", masked(length)) + event + struct.pack("<I", masked(event))


def event(step: int, *values: bytes) -> bytes:
    wall_time = b"\x09" + struct.pack("<d", 1.7e9)
    return wall_time + b"\x10" + varint(step) + field(5, b"".join(field(1, value) for value in values))


def simple(tag: str, value: float) -> bytes:
    return field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)
