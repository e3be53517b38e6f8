"""Where the engine keeps a table's values: architectures in bundles, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evozc.table import Table
from primitives import LANES, NETWORK, NODE_SETS

#: How a value is laid out: by its type, or as a constant that all bundles share.
KINDS = {name: kind for kind, name in enumerate((*NODE_SETS, NETWORK))}
CONSTANT = len(KINDS)
_LINE = 64


class Layout:
    """Bundles of :data:`~primitives.LANES` architectures with about as many nodes.

    A value of a node set is kept row by row, bundle after bundle: row ``r`` of a bundle
    holds node ``r`` of its architectures, and NaN where an architecture has fewer. So
    reductions are sums of rows, and a value of one bundle stays in the nearest cache.

    Args:
        table: The architectures.
        first: Those of the first bundle, at most :data:`~primitives.LANES`; the rest
            are sorted by their numbers of nodes.

    Attributes:
        position: int64 (architectures,), the column of each, counted through all bundles.
        rows: int64 (kinds, bundles), at least 1.
        start: int64 (kinds + 1, bundles), rows before a bundle; 0 for constants.
        lengths: float64 (kinds, bundles, columns), nodes of each architecture.
    """

    def __init__(self, table: Table, first: Sequence[int] | np.ndarray = ()) -> None:
        n = len(table)
        self.bundles = -(-n // LANES)
        counts = np.zeros((len(KINDS), n), dtype=np.int64)
        counts[KINDS[NETWORK]] = 1
        for node_set, nodes in table.nodes.items():
            counts[KINDS[node_set]] = nodes.lengths
        rest = np.setdiff1d(np.arange(n), first)
        order = np.concatenate([np.asarray(first, np.int64), rest[np.lexsort(counts[:, rest])]])
        self.position = np.empty(n, dtype=np.int64)
        self.position[order] = np.arange(n)
        padded = np.zeros((len(KINDS), self.bundles * LANES), dtype=np.int64)
        padded[:, : n] = counts[:, order]
        self.lengths = padded.reshape(len(KINDS), self.bundles, LANES).astype(np.float64)
        self.rows = np.maximum(1, self.lengths.max(axis=2, initial=0).astype(np.int64))
        before = np.cumsum(self.rows, axis=1) - self.rows
        self.start = np.concatenate([before, np.zeros((1, self.bundles), np.int64)])
        self._places = {NETWORK: self.position}
        for node_set, nodes in table.nodes.items():
            bundle, column = np.divmod(self.position[nodes.owner], LANES)
            self._places[node_set] = (before[KINDS[node_set], bundle] + nodes.position) * LANES + column

    def empty(self, type_: str) -> np.ndarray:
        """Room for one value of a type, all NaN."""
        array = aligned(LANES * int(self.rows[KINDS[type_]].sum()))
        array.fill(np.nan)
        return array

    def put(self, values: np.ndarray, type_: str, into: np.ndarray | None = None) -> np.ndarray:
        """One number a node, or an architecture, in the order of the table -> as laid out here."""
        into = self.empty(type_) if into is None else into
        into[self._places[type_]] = values
        return into

    def take(self, array: np.ndarray, type_: str) -> np.ndarray:
        """The inverse of :meth:`put`."""
        return array[..., self._places[type_]]


def aligned(size: int) -> np.ndarray:
    """An array of float64 that begins with a cache line; what it holds is undefined."""
    array = np.empty(size + _LINE // 8)
    skipped = -(array.ctypes.data // 8) % (_LINE // 8)
    return array[skipped : skipped + size]
