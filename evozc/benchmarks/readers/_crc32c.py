"""The checksum of tfrecord files: CRC-32C (Castagnoli et al., IEEE Transactions on Communications 1993)."""

from __future__ import annotations

import numpy as np

from evozc._compiling import compiled


def _table() -> np.ndarray:
    """By the next byte, what eight steps of the division by the polynomial make of it."""
    sums = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        sums = np.where(sums & 1, (sums >> 1) ^ np.uint32(0x82F63B78), sums >> 1)
    return sums.astype(np.uint32)


_TABLE = _table()


@compiled
def _crc(content: np.ndarray, table: np.ndarray) -> np.uint32:
    value = np.uint32(0xFFFFFFFF)
    for byte in content:
        value = table[(value ^ byte) & np.uint32(0xFF)] ^ (value >> np.uint32(8))
    return value ^ np.uint32(0xFFFFFFFF)


def crc32c(content: bytes) -> int:
    """The checksum of some bytes."""
    return int(_crc(np.frombuffer(content, dtype=np.uint8), _TABLE))


def masked_crc32c(content: bytes) -> int:
    """The checksum as tfrecord files store it: rotated, and a constant added."""
    value = crc32c(content)
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF
