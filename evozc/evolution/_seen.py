"""What a search has met before, in bounded memory."""

from __future__ import annotations

import numpy as np

_FEWEST = 2**12


class Seen:
    """Remembers 64 bits for each thing met: the last ``limit`` at least, twice as many at most.

    A thing is taken for another one with a chance of about 1e-13 for each thing remembered
    a million times. Memory grows with what is remembered up to 32 bytes for each of ``limit``.

    Args:
        limit: How many are remembered at least.

    Attributes:
        young, old: uint64, hash tables of what was met lately and before, for compiled functions.
    """

    def __init__(self, limit: int = 2**20) -> None:
        from evozc.evolution import _seen_compiled  # numba takes half a second to import

        self._code = _seen_compiled
        self._limit = limit
        self.young, self.old = np.zeros(_FEWEST, np.uint64), np.zeros(1, np.uint64)
        self._used = [0, 0]

    def __len__(self) -> int:
        return sum(self._used)

    def __contains__(self, key: int) -> bool:
        bits = np.uint64(key or 1)
        return bool(self._code.holds(self.young, bits) or self._code.holds(self.old, bits))

    def add(self, keys: np.ndarray) -> np.ndarray:
        """Remember uint64 keys, one after another; bool, whether each was new."""
        new, done = np.empty(len(keys), bool), 0
        while done < len(keys):
            if self._used[0] >= self._limit:
                self.old, self._used = self.young, [0, self._used[0]]
                self.young = np.zeros(_FEWEST, np.uint64)
            most = min(self._limit - self._used[0], len(self.young) // 2 - self._used[0])
            done, added = self._code.add(self.young, self.old, keys, new, done, most)
            self._used[0] += added
            if 2 * self._used[0] >= len(self.young):
                larger = np.zeros(2 * len(self.young), np.uint64)
                self._code.move(self.young, larger)
                self.young = larger
        return new
