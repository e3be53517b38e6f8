"""What an architecture's graph holds: counts of each operation, and how deep it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evozc.errors import ConfigError, DataError
from evozc.spaces import GraphSpace, SearchSpace, get_space
from evozc.table import Table

#: Classes of operations, by what their names say in every published space.
_CLASSES = (
    ("pooling", re.compile(r"pool")),
    ("convolution", re.compile(r"conv")),
    ("skip", re.compile(r"skip|identity|^id$")),
    ("none", re.compile(r"none|zero")),
    ("input", re.compile(r"^(before_)?last$")),  # what a cell reads of those before it
)
_KERNEL = re.compile(r"(\d+)x(\d+)")


def operation_class(name: str) -> str:
    """``convolution``, ``pooling``, ``skip``, ``none``, ``input`` or ``other``, by an operation's name."""
    return next((kind for kind, pattern in _CLASSES if pattern.search(name.lower())), "other")


def kernel_size(name: str) -> int:
    """The larger side of a convolution's kernel, as 3 of ``nor_conv_3x3``; 0 where the name has none."""
    found = _KERNEL.findall(name)
    return max(map(int, found[-1])) if found else 0


@dataclass(frozen=True)
class Operations:
    """How often each architecture has each operation.

    Args:
        names: Of the operations, without input and output.
        counts: float64 (operations, architectures).
        depth: float64 (architectures,): the most operations, without skips and none, that a
            way from the input to the output passes; 0 where there is no way.
    """

    names: tuple[str, ...]
    counts: np.ndarray
    depth: np.ndarray

    @cached_property
    def classes(self) -> Mapping[str, np.ndarray]:
        """By class that the space has, how many of its operations an architecture holds."""
        kinds = [operation_class(name) for name in self.names]
        return {
            kind: self.counts[[k == kind for k in kinds]].sum(axis=0) for kind in dict.fromkeys(kinds)
        }

    @property
    def kernels(self) -> np.ndarray | None:
        """Convolutions with the largest kernel less those with the smallest; None for one size alone."""
        sizes = [kernel_size(n) if operation_class(n) == "convolution" else 0 for n in self.names]
        known = sorted(set(sizes) - {0})
        if len(known) < 2:
            return None
        least, most = ([size == edge for size in sizes] for edge in (known[0], known[-1]))
        return self.counts[most].sum(axis=0) - self.counts[least].sum(axis=0)

    @property
    def distinct(self) -> np.ndarray:
        """How many different operations an architecture has."""
        return (self.counts > 0).sum(axis=0).astype(np.float64)


def count_operations(table: Table) -> Operations | None:
    """The operations of a table's architectures; None where its space has no graphs.

    Raises:
        DataError: an architecture is none of the space that the table names.
    """
    known = graphs_of(table)
    if known is None:
        return None
    space, graphs = known
    names = tuple(name for name in space.graph_operations[1:-1] if operation_class(name) != "input")
    place = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(graphs)))
    width = max(len(operations) for _, operations in graphs)
    edges = np.zeros((len(graphs), width, width), dtype=bool)
    steps = np.zeros((len(graphs), width))
    last = np.zeros(len(graphs), dtype=np.int64)
    passing = {name for name in names if operation_class(name) in ("skip", "none")}
    for i, (adjacency, operations) in enumerate(graphs):
        nodes = len(operations)
        last[i] = nodes - 1
        edges[i, :nodes, :nodes] = adjacency
        for node, name in enumerate(operations[1:-1], start=1):
            if operation_class(name) == "input":
                continue
            if name not in place:
                raise DataError(f"the graph of {table.architectures[i][:80]!r} holds {name!r}, which its "
                                f"space {space.name!r} does not name")
            counts[place[name], i] += 1
            steps[i, node] = name not in passing
    return Operations(names, counts, _longest(edges, steps, last))


def graphs_of(table: Table) -> tuple[GraphSpace, list[tuple[np.ndarray, tuple[str, ...]]]] | None:
    """The space of a table and the graph of each of its architectures; None where there are none.

    Raises:
        DataError: an architecture is none of the space that the table names.
    """
    space = space_of(table)
    if not isinstance(space, GraphSpace):
        return None
    return space, [space.graph(architecture) for architecture in table.architectures]


def space_of(table: Table) -> SearchSpace | None:
    """The space that a table names; None where it names none, or one that is not installed here."""
    name = table.provenance.get("space")
    if not isinstance(name, str):
        return None
    try:
        return get_space(name, **(table.provenance.get("space_settings") or {}))
    except (ConfigError, TypeError):
        return None


def _longest(edges: np.ndarray, steps: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The longest way from node 0 to the last of every graph, nodes in topological order."""
    longest = np.full(steps.shape, -np.inf)
    longest[:, 0] = 0
    for node in range(1, steps.shape[1]):
        before = np.where(edges[:, :node, node], longest[:, :node], -np.inf).max(axis=1)
        longest[:, node] = before + steps[:, node]
    return np.maximum(0, longest[np.arange(len(last)), last])
