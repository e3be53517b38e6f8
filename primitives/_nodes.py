"""Ragged vectors: the nodes of many architectures, one after another."""

from __future__ import annotations

import numpy as np


class Nodes:
    """Which nodes of a flat array belong to which architecture.

    Every reduction, ``count`` included, leaves out the nodes whose value is not
    finite and gives NaN for an architecture where no node is left.

    Args:
        offsets: int64 (architectures + 1,), rising from 0: architecture ``a`` owns
            the nodes ``offsets[a]`` to ``offsets[a + 1]``.
    """

    def __init__(self, offsets: np.ndarray) -> None:
        self.offsets = np.asarray(offsets, dtype=np.int64)
        self.lengths = np.diff(self.offsets)
        self.owner = np.repeat(np.arange(len(self.lengths)), self.lengths)
        self.position = np.arange(len(self.owner)) - np.repeat(self.offsets[:-1], self.lengths)
        self._filled = np.flatnonzero(self.lengths)
        self._starts = self.offsets[self._filled]

    def spread(self, scalars: np.ndarray) -> np.ndarray:
        """One value an architecture (architectures,) -> the same value at each of its nodes."""
        return scalars[self.owner]

    def reduce(
        self, ufunc: np.ufunc, values: np.ndarray, empty: float, among: np.ndarray | None = None
    ) -> np.ndarray:
        """``ufunc`` over the finite nodes of each architecture; NaN where it has none.

        With ``among``, those nodes count at which ``among`` is finite: a value computed
        from a finite one that overflowed is then not left out, but makes the result infinite.
        """
        finite = np.isfinite(values if among is None else among)
        kept = np.where(finite, values, empty)
        result = np.full(len(self.lengths), np.nan)
        if len(self._starts):
            some = np.logical_or.reduceat(finite, self._starts)
            result[self._filled] = np.where(some, ufunc.reduceat(kept, self._starts), np.nan)
        return result

    def sum(self, values: np.ndarray, among: np.ndarray | None = None) -> np.ndarray:
        """Sum of the finite nodes, or of those finite in ``among``."""
        return self.reduce(np.add, values, 0.0, among)

    def max(self, values: np.ndarray) -> np.ndarray:
        """Largest finite node."""
        return self.reduce(np.maximum, values, -np.inf)

    def min(self, values: np.ndarray) -> np.ndarray:
        """Smallest finite node."""
        return self.reduce(np.minimum, values, np.inf)

    def count(self, values: np.ndarray) -> np.ndarray:
        """How many nodes are finite."""
        return self.sum(np.where(np.isfinite(values), 1.0, np.nan))

    def mean(self, values: np.ndarray) -> np.ndarray:
        """Mean of the finite nodes."""
        return self.sum(values) / self.count(values)
