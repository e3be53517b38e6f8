"""The Pareto front of tau against size over everything ever scored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evozc.formula import Formula


@dataclass(frozen=True)
class Entry:
    """A formula of the hall of fame, its tau on the labelled sample and its ranking's digest."""

    formula: Formula
    tau: float
    ranking: str

    @property
    def size(self) -> int:
        """Number of symbols."""
        return self.formula.size


class HallOfFame:
    """The best formula of each size that no shorter formula matches.

    Which formulas it holds does not depend on the order in which they were offered.
    """

    def __init__(self) -> None:
        self._front: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        """From the shortest to the best."""
        return iter(self._front)

    def __len__(self) -> int:
        return len(self._front)

    @property
    def best(self) -> Entry | None:
        """The entry of the highest tau."""
        return self._front[-1] if self._front else None

    def admits(self, tau: float, size: int) -> bool:
        """Whether no entry of that size or shorter is better; a quick look before :meth:`offer`."""
        best = None
        for held in self._front:
            if held.size > size:
                break
            best = held.tau
        return best is None or tau >= best

    def may_admit(self, taus: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """As :meth:`admits`, of many; more may be refused once some of them have been taken in."""
        best = np.full(1 + max([0, *sizes, *(held.size for held in self._front)]), -np.inf)
        for held in self._front:
            best[held.size :] = held.tau
        return taus >= best[sizes]

    def offer(self, entry: Entry) -> bool:
        """Take an entry in if nothing here is at least as good and as short; drop what it beats."""

        def beats(one: Entry, other: Entry) -> bool:
            better = (one.tau >= other.tau) and (one.size <= other.size)
            tied = (one.tau, one.size) == (other.tau, other.size)
            return better and (not tied or one.formula.text <= other.formula.text)

        if any(beats(held, entry) for held in self._front):
            return False
        self._front = [held for held in self._front if not beats(entry, held)] + [entry]
        self._front.sort(key=lambda held: held.size)
        return True
