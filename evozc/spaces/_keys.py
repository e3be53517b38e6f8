"""Keys of cells: texts that two cells share exactly if one is the other with its nodes renumbered."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

#: Of an edge: it passes on what its node holds, or nothing at all.
PASS, NOTHING = "pass", "nothing"


def cell_key(
    edges: Iterable[tuple[int, int, str]],
    inputs: int,
    outputs: Sequence[int],
    fixed: Collection[str] = (),
) -> str:
    """The key of a cell whose nodes are sums and whose edges carry operations.

    Only what is fed by an input and reaches an output counts. An edge that passes on what its node holds
    adds that node's terms to the sum; every other edge is an operation of its own on its node's terms.
    Two edges with the same operation on the same terms are two operations, since each draws its own
    weights, but one where the operation has none.

    Args:
        edges: ``(source, target, operation)``, ordered by target; a target is above its sources.
            An operation may be ``PASS`` or ``NOTHING``.
        inputs: The nodes below are inputs.
        outputs: The nodes whose sums leave the cell, side by side in any order.
        fixed: Operations without weights.

    Returns:
        The key; ``dead`` if nothing reaches an output.
    """
    labels = [f"in{i}" for i in range(inputs)]
    sources: list[tuple[int, ...]] = [()] * inputs
    held: dict[int, Counter[int]] = {i: Counter([i]) for i in range(inputs)}
    known: dict[tuple[str, tuple[int, ...]], int] = {}
    for source, target, operation in edges:
        sums, terms = held.setdefault(target, Counter()), held.get(source)
        if operation == NOTHING or not terms:
            continue
        if operation == PASS:
            sums.update(terms)
            continue
        fed = tuple(sorted(terms.elements()))
        vertex = known.get((operation, fed), len(labels))
        if vertex == len(labels):
            labels.append(operation)
            sources.append(fed)
            if operation in fixed:
                known[operation, fed] = vertex
        sums[vertex] += 1
    leaving = [tuple(sorted(held[node].elements())) if node in held else () for node in outputs]
    if not any(leaving):
        return "dead"
    return smallest_form([*labels, *["out"] * len(leaving)], [*sources, *leaving], kept="out")


def smallest_form(labels: Sequence[str], sources: Sequence[Sequence[int]], kept: str = "") -> str:
    """A text that two labelled graphs share exactly if they are isomorphic.

    Vertices are told apart by their label, then by those of their sources and targets, until nothing
    new is learned. Where some remain alike, each is tried as the first of them, and the smallest text
    is taken; one that leads to a text seen already is like another one, and not tried further.

    Args:
        labels: Of the vertices.
        sources: Of each vertex, those that feed it, as often as they do.
        kept: Unless empty: the vertices that do not reach one of this label are left out.
    """
    if kept:
        labels, sources = _reaching(kept, labels, sources)
    graph = _Graph(labels, sources)
    ranks = {label: rank for rank, label in enumerate(sorted(set(labels)))}
    return min(graph.texts([ranks[label] for label in labels]))


class _Graph:
    """Labelled vertices; a colouring gives each a rank, equal for those that are alike so far."""

    def __init__(self, labels: Sequence[str], sources: Sequence[Sequence[int]]) -> None:
        self.labels = labels
        self.sources = sources
        self.targets: list[list[int]] = [[] for _ in labels]
        for vertex, feeding in enumerate(sources):
            for source in feeding:
                self.targets[source].append(vertex)

    def texts(self, colours: list[int]) -> set[str]:
        """One text for each essentially different numbering by these colours."""
        colours = self._refined(colours)
        alike = self._alike(colours)
        if not alike:
            return {self._text(colours)}
        found: set[str] = set()
        for vertex in alike:
            ahead = self._ahead(vertex, colours)
            if self._some_text(ahead) not in found:
                found |= self.texts(ahead)
        return found

    def _some_text(self, colours: list[int]) -> str:
        while True:
            colours = self._refined(colours)
            alike = self._alike(colours)
            if not alike:
                return self._text(colours)
            colours = self._ahead(alike[0], colours)

    def _refined(self, colours: list[int]) -> list[int]:
        """Vertices told apart by the colours of what feeds them and what they feed, as far as that goes."""
        count = len(set(colours))
        while True:
            seen = [
                (
                    colours[vertex],
                    sorted(colours[source] for source in self.sources[vertex]),
                    sorted(colours[target] for target in self.targets[vertex]),
                )
                for vertex in range(len(colours))
            ]
            ordered = sorted(seen)
            colours = [bisect_left(ordered, view) for view in seen]
            if len(set(colours)) == count:
                return colours
            count = len(set(colours))

    @staticmethod
    def _alike(colours: list[int]) -> list[int]:
        """The vertices of the first colour that several have."""
        shared = min((colour for colour, many in Counter(colours).items() if many > 1), default=None)
        return [vertex for vertex, colour in enumerate(colours) if colour == shared]

    @staticmethod
    def _ahead(vertex: int, colours: list[int]) -> list[int]:
        """The colours with one vertex put before those that it is like."""
        return [2 * colour - (other == vertex) for other, colour in enumerate(colours)]

    def _text(self, colours: list[int]) -> str:
        """The vertices in the order of their colours, which are all different, with their sources."""
        order = sorted(range(len(colours)), key=colours.__getitem__)
        places = {vertex: place for place, vertex in enumerate(order)}
        return "|".join(
            f"{self.labels[vertex]}({','.join(map(str, sorted(places[s] for s in self.sources[vertex])))})"
            for vertex in order
        )


def _reaching(
    label: str, labels: Sequence[str], sources: Sequence[Sequence[int]]
) -> tuple[list[str], list[list[int]]]:
    """The graph of those vertices alone that reach one of a label."""
    ahead = [vertex for vertex, own in enumerate(labels) if own == label]
    kept = set(ahead)
    while ahead:
        fresh = set(sources[ahead.pop()]) - kept
        kept |= fresh
        ahead.extend(fresh)
    places = {vertex: place for place, vertex in enumerate(sorted(kept))}
    return [labels[v] for v in places], [[places[s] for s in sources[v]] for v in places]
