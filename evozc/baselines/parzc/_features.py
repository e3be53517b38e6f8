"""From the node statistics of a table to the input of the mixer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evozc.baselines.parzc._settings import ParZCSettings
from evozc.errors import DataError
from evozc.table import Table
from primitives import NETWORK, Nodes

#: Standardised values are cut here, so that one outlier does not decide.
_LARGEST = 5.0
#: Below this quantile of its magnitudes a statistic is scaled linearly, above it logarithmically.
_SMALL = 0.02


@dataclass(frozen=True, eq=False)
class Features:
    """How a table becomes an array float32 (architectures, channels, positions).

    Args:
        statistics: As :class:`ParZCSettings` names them, resolved.
        scaling: See there.
        layout: See there.
        mask: See there.
        positions: Places of every node list.
        unit: float64 (statistics,), the magnitude around which table-wide scaling turns logarithmic.
        center: float64 (statistics,), what it then subtracts.
        spread: float64 (statistics,), what it divides by.
    """

    statistics: tuple[str, ...]
    scaling: str
    layout: str
    mask: bool
    positions: int
    unit: np.ndarray
    center: np.ndarray
    spread: np.ndarray

    @classmethod
    def fit(cls, table: Table, settings: ParZCSettings) -> Features:
        """Take length and scale from a table's statistics; its targets are not looked at.

        Raises:
            DataError: the table lacks a statistic, or has none.
        """
        statistics = settings.statistics or (
            *(s.key for s in table.statistics), *(f"{node_set}.count" for node_set in table.offsets)
        )
        columns = [_column(table, key) for key in statistics]
        sets = {_node_set(key) for key in statistics} - {NETWORK}
        if not sets:
            raise DataError("ParZC: the table holds no statistic of layers, activations or blocks")
        longest = max(int(table.nodes[name].lengths.max(initial=1)) for name in sets)
        scales = np.array([_scales(column) for column in columns]).T
        positions = longest if settings.layout == "padded" else settings.positions
        return cls(statistics, settings.scaling, settings.layout, settings.mask, positions, *scales)

    @property
    def channels(self) -> int:
        """Channels of the array, the mask's included."""
        return len(self.statistics) + (self.mask and self.layout == "padded")

    def __call__(self, table: Table) -> np.ndarray:
        """The array of a table; what is missing or not finite becomes 0.

        A node list longer than ``positions`` loses its tail in the padded layout.

        Raises:
            DataError: the table lacks a statistic.
        """
        with np.errstate(all="ignore"):  # what overflows is no number, and becomes 0
            channels = [self._channel(table, c) for c in range(len(self.statistics))]
            if self.channels > len(channels):
                first = next(key for key in self.statistics if _node_set(key) != NETWORK)
                nodes = table.nodes[_node_set(first)]
                channels.append(self._pad(np.ones(len(nodes.owner)), nodes))
            stacked = np.stack(channels, axis=1).astype(np.float32)
        return np.where(np.isfinite(stacked), stacked, np.float32(0))

    def _channel(self, table: Table, index: int) -> np.ndarray:
        key = self.statistics[index]
        values = _column(table, key)
        if self.scaling == "table":
            values = (_signed_log(values, self.unit[index]) - self.center[index]) / self.spread[index]
            values = np.clip(values, -_LARGEST, _LARGEST)
        elif _node_set(key) != NETWORK:
            nodes = table.nodes[_node_set(key)]
            low, high = nodes.spread(nodes.min(values)), nodes.spread(nodes.max(values))
            values = (values - low) / (high - low)
        if _node_set(key) == NETWORK:
            return np.repeat(values[:, None], self.positions, axis=1)
        nodes = table.nodes[_node_set(key)]
        return self._pad(values, nodes) if self.layout == "padded" else self._resample(values, nodes)

    def _pad(self, values: np.ndarray, nodes: Nodes) -> np.ndarray:
        padded = np.zeros((len(nodes.lengths), self.positions))
        kept = nodes.position < self.positions
        padded[nodes.owner[kept], nodes.position[kept]] = values[kept]
        return padded

    def _resample(self, values: np.ndarray, nodes: Nodes) -> np.ndarray:
        """Linear interpolation along relative depth; an architecture without nodes gives NaN."""
        lengths = nodes.lengths
        places = (np.arange(self.positions) + 0.5) / self.positions * lengths[:, None] - 0.5
        places = np.clip(places, 0, np.maximum(lengths - 1, 0)[:, None])
        before = np.floor(places).astype(np.int64)
        after = np.minimum(before + 1, np.maximum(lengths - 1, 0)[:, None])
        share = places - before
        padded = np.append(values, np.nan)  # what an empty node list at the end points at
        start = nodes.offsets[:-1, None]
        found = padded[start + before] * (1 - share) + padded[start + after] * share
        return np.where(lengths[:, None] > 0, found, np.nan)


def _node_set(key: str) -> str:
    return key.partition(".")[0]


def _column(table: Table, key: str) -> np.ndarray:
    """The values of a statistic, of a quotient of two of one node set, or a node's number of fellows."""
    if key in table.values:
        return table.values[key]
    above, slash, below = key.partition("/")
    node_set, _, name = key.partition(".")
    if name == "count" and node_set in table.nodes:
        return table.nodes[node_set].spread(table.nodes[node_set].lengths.astype(np.float64))
    for part in (above, below) if slash else (above,):
        if part not in table.values:
            raise DataError(f"ParZC needs {part}, which the table does not hold")
    if _node_set(above) != _node_set(below):
        raise DataError(f"ParZC: {key} divides statistics of different node sets")
    with np.errstate(all="ignore"):
        return table.values[above] / table.values[below]


def _scales(column: np.ndarray) -> tuple[float, float, float]:
    """Unit, centre and spread of a statistic over a table."""
    finite = column[np.isfinite(column)]
    magnitudes = np.abs(finite[finite != 0])
    unit = float(np.quantile(magnitudes, _SMALL)) if magnitudes.size else 1.0
    logarithms = _signed_log(finite, unit)
    spread = float(logarithms.std()) if finite.size else 0.0
    return unit, float(logarithms.mean()) if finite.size else 0.0, spread if spread > 1e-12 else 1.0


def _signed_log(values: np.ndarray, unit: float) -> np.ndarray:
    """``sign(x) log(1 + |x| / unit)``: a logarithm that zero and negative numbers have as well."""
    with np.errstate(all="ignore"):
        magnitude, shares = np.abs(values), np.abs(values) / unit
        # A quotient that overflows has a logarithm all the same.
        logarithms = np.where(np.isinf(shares), np.log(magnitude) - np.log(unit), np.log1p(shares))
        return np.sign(values) * logarithms
