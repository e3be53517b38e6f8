"""Sorting packed scores: by numpy, or by our own radix sort, whichever is quicker for that many."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable

import numpy as np

from evozc._compiling import ENABLED, compiled

_SAMPLED = 32
#: By how many places insertion may move a number on average.
_MOVES = 8


@functools.cache
def fastest_sort(n: int) -> Callable[[np.ndarray, int], None]:
    """What sorts rows of n packed scores in less time on this machine, measured once.

    Vector sorts differ by ten times between processors that have the same instructions.
    """
    if not ENABLED:
        return by_numpy
    shift = max(1, (n - 1).bit_length())
    drawn = np.random.default_rng(0).normal(2.0**40, 2.0**38, size=(1 + 2**13 // n, n)).astype(np.uint64)
    rows = drawn << np.uint64(shift) | np.arange(n, dtype=np.uint64)
    seconds = {}
    for sort in (by_numpy, by_radix):
        sort(rows.copy(), shift)  # compiled, and in the cache
        seconds[sort] = min(_timed(sort, rows.copy(), shift) for _ in range(9))
    return min(seconds, key=seconds.__getitem__)


def _timed(sort: Callable[[np.ndarray, int], None], rows: np.ndarray, shift: int) -> float:
    start = time.perf_counter()
    sort(rows, shift)
    return time.perf_counter() - start


def by_numpy(packed: np.ndarray, shift: int) -> None:  # noqa: ARG001 - as the other
    """Sort each row of uint64, whose lowest ``shift`` bits count up along it, in place."""
    packed.sort(axis=1)


def by_radix(packed: np.ndarray, shift: int) -> None:
    """Likewise; rows whose numbers crowd together in places are left to numpy."""
    for row in np.flatnonzero(_sorted_by_digits(packed, shift)):
        packed[row].sort()


@compiled
def _sorted_by_digits(packed, shift):
    """Sort rows, but for those that it returns as left.

    Two passes by digits of about 4 + log2(n) / 2 bits leave few numbers out of place; insertion
    does the rest. The digits are cut out of where a sample of the numbers lies, and what lies outside
    shares the first or the last one.
    """
    n = packed.shape[1]
    digit = np.uint64(4 + shift // 2)
    size = np.int64(1) << np.int64(digit)
    mask, most = np.uint64(size - 1), np.uint64(size * size - 1)
    other, sample = np.empty(n, np.uint64), np.empty(min(n, _SAMPLED), np.uint64)
    ends, left = np.empty((2, size), np.int32), np.zeros(len(packed), np.bool_)
    for row in range(len(packed)):
        numbers = packed[row]
        for k in range(len(sample)):
            sample[k] = numbers[k * n // len(sample)]
        _insert(sample, n * n)
        low, high = sample[0], sample[-1]
        margin = (high - low) >> np.uint64(1)
        width, cut = high - low + np.uint64(2) * margin, np.uint64(0)
        low = low - margin if low > margin else np.uint64(0)
        while (width >> cut) > most:
            cut += np.uint64(1)
        alike = 0
        for k in range(1, len(sample)):
            apart = sample[k] >> np.uint64(shift) != sample[k - 1] >> np.uint64(shift)
            alike += apart and (sample[k] - low) >> cut == (sample[k - 1] - low) >> cut
        if alike > 1:
            left[row] = True
            continue
        ends[:] = 0
        for i in range(n):
            key = _clipped(numbers[i], low, cut, most)
            ends[0, key & mask] += 1
            ends[1, key >> digit] += 1
        _starts(ends[0])
        _starts(ends[1])
        for i in range(n):
            d = _clipped(numbers[i], low, cut, most) & mask
            other[ends[0, d]] = numbers[i]
            ends[0, d] += 1
        for i in range(n):
            d = _clipped(other[i], low, cut, most) >> digit
            numbers[ends[1, d]] = other[i]
            ends[1, d] += 1
        left[row] = not _insert(numbers, _MOVES * n)
    return left


@compiled
def _clipped(number, low, cut, most):
    return min((number - low if number > low else np.uint64(0)) >> cut, most)


@compiled
def _starts(counts):
    """Counts of digits -> where each digit's numbers begin."""
    before = 0
    for d in range(len(counts)):
        count = counts[d]
        counts[d] = before
        before += count


@compiled
def _insert(numbers, moves):
    """Insertion sort; whether so many moves sufficed."""
    for i in range(1, len(numbers)):
        number = numbers[i]
        j = i
        while j > 0 and numbers[j - 1] > number:
            numbers[j] = numbers[j - 1]
            j -= 1
        numbers[j] = number
        moves -= i - j
        if moves < 0:
            return False
    return True
