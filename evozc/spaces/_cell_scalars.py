"""What the graph of an architecture's cell says, without any network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from evozc.spaces._space import GraphSpace

#: Of so many operations all subsets are taken; of more those of one or two, and all together.
_FEW = 4
#: What spaces call the operation that passes nothing on.
_NOTHING = "none"
_SOURCE = "GRAF, Kadlecova et al., ICML 2024"


def cell_scalars(space: GraphSpace, architectures: Sequence[str]) -> dict[str, tuple[str, np.ndarray]]:
    """Numbers of each architecture's graph, after GRAF (Kadlecova et al., ICML 2024).

    How often each operation is there; and for subsets of the operations the shortest and longest path
    from the input to the output on which there are no others, the most operations of the subset on
    any path, and how many of the subset read the input or feed the output.

    Args:
        space: Whose architectures have graphs.
        architectures: Their texts.

    Returns:
        By name what it is, and float64 (architectures,).

    Raises:
        DataError: a text is no architecture of the space.
    """
    operations = space.graph_operations[1:-1]
    graphs = [space.graph(architecture) for architecture in architectures]
    found: dict[str, tuple[str, list[float]]] = {}
    for operation in operations:
        counts = [float(names.count(operation)) for _, names in graphs]
        found[f"cell_count_{operation}"] = f"how often {operation} is in the cell", counts
    passing = [operation for operation in operations if operation != _NOTHING]
    sizes = range(1, len(passing) + 1) if len(passing) <= _FEW else (1, 2, len(passing))
    for subset in (chosen for size in sizes for chosen in combinations(passing, size)):
        label = "any" if len(subset) == len(passing) else "_".join(subset)
        told = "any operation" if label == "any" else " or ".join(subset)
        rows = np.array([_of_subset(edges, names, frozenset(subset)) for edges, names in graphs])
        for column, (name, what) in enumerate(_WHAT.items()):
            found[f"cell_{name}_{label}"] = what.format(told), rows[:, column].tolist()
    return {name: (f"{what}; {_SOURCE}", np.array(values)) for name, (what, values) in found.items()}


_WHAT = {
    "shortest": "fewest operations on a path from the input to the output of the cell all of which are {}; "
    "0 where there is none",
    "longest": "most operations on a path from the input to the output of the cell all of which are {}",
    "most": "most operations that are {} on any path from the input to the output of the cell",
    "reading": "number of operations that are {} and read the input of the cell",
    "feeding": "number of operations that are {} and feed the output of the cell",
}


def _of_subset(edges: np.ndarray, names: Sequence[str], subset: frozenset[str]) -> tuple[int, ...]:
    """The numbers of :data:`_WHAT` of one graph."""
    last = len(names) - 1
    inside = [name in subset for name in names]
    shortest: dict[int, int] = {0: 0}
    longest: dict[int, int] = {0: 0}
    most: dict[int, int] = {0: 0}
    for v in range(1, last + 1):
        before = [u for u in np.flatnonzero(edges[:, v]).tolist() if u in most]
        if before:
            most[v] = max(most[u] for u in before) + inside[v]
        pure = [u for u in before if u in shortest]
        if pure and (inside[v] or v == last):
            shortest[v] = min(shortest[u] for u in pure) + inside[v]
            longest[v] = max(longest[u] for u in pure) + inside[v]
    ends = (sum(inside[v] for v in np.flatnonzero(e)) for e in (edges[0], edges[:, last]))
    return shortest.get(last, 0), longest.get(last, 0), most.get(last, 0), *ends
