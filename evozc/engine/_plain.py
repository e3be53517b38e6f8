"""What the compiled part of Kendall's tau gives, by numpy alone: for where nothing may be compiled."""

from __future__ import annotations

import numpy as np

from evozc.engine._kendall_compiled import INFINITE, MAGNITUDE, ROUNDED, agree, balances

__all__ = ["agree", "balances", "count", "pack"]  # the first two are plain Python that numba compiles

_CHUNK = 512


def pack(
    scores: np.ndarray, columns: np.ndarray, shift: int, packed: np.ndarray, state: np.ndarray
) -> None:
    """As :func:`evozc.engine._kendall_compiled.pack`."""
    bits = scores[:, columns].view(np.int64)
    magnitude = bits & MAGNITUDE
    finite = magnitude < INFINITE
    rounded = (magnitude + (1 << (ROUNDED - 1))) >> ROUNDED
    low = np.where(rounded > 0, rounded, INFINITE).min(axis=1, keepdims=True) - 1
    high = np.where(finite, rounded, 0).max(axis=1, keepdims=True)
    span = np.where(high > 0, high - low + 1, 1)
    above = np.where(rounded > 0, rounded - low, 0)
    keys = np.where(finite, span + np.where(bits >= 0, above, -above), 0)
    packed[:] = keys.astype(np.uint64) << np.uint64(shift) | np.arange(len(columns), dtype=np.uint64)
    state[:] = np.count_nonzero(~finite, axis=1)
    alike = (keys == keys[:, :1]).all(axis=1)
    state[(2 * span[:, 0] >= 1 << (63 - shift)) & ~(alike & (state == 0))] = -2
    state[alike & (state == 0)] = -1


def count(
    packed: np.ndarray, shift: int, last: np.ndarray, wanted: np.ndarray, total: int, tied_target: int,
    _before: np.ndarray, taus: np.ndarray, digests: np.ndarray,
) -> None:
    """As :func:`evozc.engine._kendall_compiled.count`, in quadratic time."""
    n = packed.shape[1]
    for row in np.flatnonzero(wanted):
        places = (packed[row] & np.uint64((1 << shift) - 1)).astype(np.int64)
        keys, ends = packed[row] >> np.uint64(shift), last[places]
        group = 1 + np.cumsum(np.diff(keys, prepend=keys[:1]) != 0)
        discordant = 0
        for first in range(0, n, _CHUNK):
            rows = np.arange(first, min(n, first + _CHUNK))
            later = places[None, : rows[-1] + 1] > ends[rows, None]
            discordant += int(np.count_nonzero(later & (np.arange(rows[-1] + 1) < rows[:, None])))
        tied = _pairs(np.bincount(group))
        tied_both = _pairs(np.unique(group * n + ends, return_counts=True)[1])
        mixed = (places | group << 32).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
        digests[row] = (mixed ^ (mixed >> np.uint64(32))).sum(dtype=np.uint64)
        balance = total - tied - tied_target + tied_both - 2 * discordant
        if total > max(tied, tied_target):
            tau = balance / np.sqrt(float(total - tied)) / np.sqrt(float(total - tied_target))
            taus[row] = max(-1.0, min(1.0, tau))
        else:
            taus[row] = np.nan


def _pairs(counts: np.ndarray) -> int:
    return int((counts * (counts - 1) // 2).sum())
