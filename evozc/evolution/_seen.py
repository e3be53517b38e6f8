"""What a search has met before, in bounded memory."""

from __future__ import annotations

from array import array


class Seen:
    """Remembers texts by 64 bits each: the last ``limit`` at least, twice as many at most.

    A text is taken for another one with a chance of about 1e-13 for each text remembered
    a million times. Memory grows with what is remembered up to 32 bytes for each of ``limit``.

    Args:
        limit: How many are remembered at least.
    """

    def __init__(self, limit: int = 2**20) -> None:
        self._limit = limit
        self._young, self._old = _Table(), _Table()

    def __contains__(self, text: str) -> bool:
        key = hash(text) or 1
        return key in self._young or (self._old.used > 0 and key in self._old)

    def __len__(self) -> int:
        return self._young.used + self._old.used

    def add(self, text: str) -> bool:
        """Remember a text; whether it was new."""
        key = hash(text) or 1
        if self._old.used and key in self._old:
            return False
        if self._young.used >= self._limit:
            self._young, self._old = _Table(), self._young
            return self.add(text)
        return self._young.add(key)


class _Table:
    """A set of integers other than 0, open addressing, at most half full."""

    def __init__(self, slots: int = 2**12) -> None:
        self._slots = array("q", bytes(8 * slots))
        self.used = 0

    def __contains__(self, key: int) -> bool:
        return self._slots[self._place(key)] != 0

    def _place(self, key: int) -> int:
        slots, last = self._slots, len(self._slots) - 1
        place = key & last
        while slots[place] and slots[place] != key:
            place = (place + 1) & last
        return place

    def add(self, key: int) -> bool:
        place = self._place(key)
        if self._slots[place]:
            return False
        self._slots[place] = key
        self.used += 1
        if 2 * self.used > len(self._slots):
            kept, self._slots = self._slots, array("q", bytes(16 * len(self._slots)))
            for held in kept:
                if held:
                    self._slots[self._place(held)] = held
        return True
