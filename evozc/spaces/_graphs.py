"""Cells with operations on their edges as graphs with operations on their nodes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

#: The edges (from, to) of a complete cell of four nodes, ordered by target and then by source.
FOUR_NODES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))


def operation_graph(
    edges: Sequence[tuple[int, Collection[int], str]], start: int, end: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The graph whose nodes are the input, one operation an edge, and the output.

    An operation feeds those that start where it ends. ``none`` feeds and reads nothing.

    Args:
        edges: ``(source, targets, operation)`` in topological order; several targets are told the same.
        start: The node that edges from the input leave.
        end: The node that edges to the output enter.

    Returns:
        bool (edges + 2, edges + 2), true from a node to those that it feeds, and the operation of each node.
    """
    adjacency = np.zeros((len(edges) + 2, len(edges) + 2), dtype=bool)
    for i, (source, targets, operation) in enumerate(edges):
        if operation == "none":
            continue
        adjacency[0, i + 1] = source == start
        adjacency[i + 1, -1] = end in targets
        for j, (other, _, reader) in enumerate(edges):
            adjacency[i + 1, j + 1] = other in targets and reader != "none"
    return adjacency, ("input", *(operation for _, _, operation in edges), "output")
