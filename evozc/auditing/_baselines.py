"""Trivial baselines: how large a network is, and how often it has each operation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evozc.auditing._operations import Operations, space_of
from evozc.errors import ConfigError
from evozc.spaces import SizedSpace
from evozc.table import Table
from primitives import NETWORK

#: Kinds of the parts that a space counts the parameters of.
_PARTS = {"attention": "attention parameters", "ffn": "feed-forward parameters"}
#: Kinds of size, by the names of columns that published tables give them; the first that fits counts.
_SIZES = (
    ("attention parameters", re.compile(r"(.*_)?(params?|parameters)_att?e?n(tion)?|att?e?n(tion)?_params?")),
    ("feed-forward parameters", re.compile(r"(.*_)?(params?|parameters)_ffn|ffn_params?")),
    ("parameters", re.compile(r"#?(n_|num_|number_of_)?(params|parameters)(_.*)?")),
    ("FLOPs", re.compile(r"(flops?|macs)(_.*)?")),
    ("depth", re.compile(r"depth|(n_|num_)?layers?|n_nodes")),
)


@dataclass(frozen=True, eq=False)
class Baseline:
    """What every proxy has to beat.

    Args:
        name: As tables show it.
        kind: ``parameters``, ``FLOPs``, ``depth``, ``attention parameters``, ``operations`` and so on.
        values: float64 (architectures,), all finite.
    """

    name: str
    kind: str
    values: np.ndarray

    @property
    def is_size(self) -> bool:
        """Whether it says how large a network is, rather than what it is made of."""
        return self.kind not in ("operations", "named")


def trivial_baselines(
    table: Table, operations: Operations | None, named: Sequence[str] = ()
) -> list[Baseline]:
    """All that a table and its space allow, those that are constant left out.

    Args:
        table: Columns named as sizes are; layers, where it holds statistics of layers.
        operations: Counts of the space's graphs.
        named: Further columns to take for trivial.

    Raises:
        ConfigError: a named column is not in the table.
    """
    columns = {s.name: table.values[s.key] for s in table.statistics if s.type == NETWORK}
    found = [
        Baseline(name, kind, values)
        for kind, pattern in _SIZES
        for name, values in columns.items()
        if kind == next((k for k, p in _SIZES if p.fullmatch(name)), None)
    ]
    space = space_of(table)
    if isinstance(space, SizedSpace):
        counts = [space.parameters(architecture) for architecture in table.architectures]
        for part in counts[0]:
            values = np.array([count[part] for count in counts], dtype=np.float64)
            if not any(np.array_equal(values, b.values) for b in found):
                found.append(Baseline(f"{part} parameters", _PARTS.get(part, "parameters"), values))
    if "layer" in table.offsets:
        found.append(Baseline("layers", "depth", np.diff(table.offsets["layer"]).astype(np.float64)))
    for name in named:
        if name not in columns:
            offered = ", ".join(columns) or "none"
            raise ConfigError(f"no column {name!r} to take as a baseline; the table holds {offered}")
        if name not in {b.name for b in found}:
            found.append(Baseline(name, "named", columns[name]))
    if operations is not None:
        found.append(Baseline("depth of the graph", "depth", operations.depth))
        found += [
            Baseline(f"#{name}", "operations", counts)
            for name, counts in zip(operations.names, operations.counts, strict=True)
        ]
        if np.count_nonzero([name for name in operations.names if "conv" in name]) > 1:
            found.append(Baseline("#convolutions", "operations", operations.classes["convolution"]))
    return [b for b in found if np.isfinite(b.values).all() and b.values.min() < b.values.max()]
