"""What the graph of a network says: how far its layers are, along how many paths, what goes around them."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from evozc.extraction._group import Group, Node, Pass, Vertex


class Graph(Group):
    """Distances, paths and skips of every layer; paths, width and merges of the network.

    Of what ran, the graph has the input, every use of a weight, and every function that joins
    what comes from different ones of these; whatever else ran hands on what it was given. Counted
    is what leads to the scores.
    """

    name = "graph"

    def before_loss(self, run: Pass) -> None:
        """The forward pass is over."""
        if run.sink is None:
            return
        paths = _Paths(run.vertices, run.sink)
        uses: dict[Node, list[int]] = defaultdict(list)
        for place in paths.live:
            node = run.vertices[place].layer
            if node is not None:
                uses[node].append(place)
        for node, places in uses.items():
            node.values.update(
                from_input_min=min(paths.least_before[v] for v in places),
                from_input_max=max(paths.most_before[v] for v in places),
                to_output_min=min(paths.least_after[v] for v in places) + 1,
                to_output_max=max(paths.most_after[v] for v in places) + 1,
                log_paths=math.log(sum(paths.before[v] * paths.after[v] for v in places)),
                skipped=float(any(paths.skipped >> v & 1 for v in places)),
            )
        levels = Counter(paths.most_before[v] for places in uses.values() for v in places)
        run.scalars.update(
            path_min=paths.least_before[run.sink],
            path_max=paths.most_before[run.sink],
            log_paths=math.log(paths.before[run.sink]),
            width=max(levels.values(), default=0),
            merges=sum(len(paths.sources[v]) > 1 for v in paths.live),
            cycles=sum(len(paths.sources[v]) for v in paths.live) - len(paths.live) + 1,
        )


class _Paths:
    """The paths from the input, vertex 0, to the output.

    Attributes:
        live: The vertices on them, in the order in which they ran.
        sources: By vertex, those before it.
        before: By vertex, the number of paths from the input to it; ``after`` to the output.
        least_before: By vertex, the fewest layers on one of them, itself included; ``most_before`` the most.
        least_after: By vertex, the fewest layers from it to the output, without itself.
        skipped: Bit v is set if a path without layers leads around vertex v.
    """

    def __init__(self, vertices: Sequence[Vertex], sink: int) -> None:
        reached = {sink}
        for v in range(sink, -1, -1):
            if v in reached:
                reached.update(vertices[v].sources)
        self.live = sorted(reached)
        self.sources = {v: vertices[v].sources for v in self.live}
        weights = {v: int(vertices[v].layer is not None) for v in self.live}
        self.before, self.after = {0: 1}, defaultdict(int, {sink: 1})
        self.least_before, self.most_before = {0: 0}, {0: 0}
        self.least_after, self.most_after = {sink: 0}, {sink: 0}
        ancestors = {0: 0}
        for v in self.live[1:]:
            sources = self.sources[v]
            self.before[v] = sum(self.before[u] for u in sources)
            self.least_before[v] = min(self.least_before[u] for u in sources) + weights[v]
            self.most_before[v] = max(self.most_before[u] for u in sources) + weights[v]
            ancestors[v] = 0
            for u in sources:
                ancestors[v] |= ancestors[u] | 1 << u
        descendants = dict.fromkeys(self.live, 0)
        for v in reversed(self.live):
            least, most = self.least_after[v] + weights[v], self.most_after[v] + weights[v]
            for u in self.sources[v]:
                self.after[u] += self.after[v]
                self.least_after[u] = min(self.least_after.get(u, least), least)
                self.most_after[u] = max(self.most_after.get(u, most), most)
                descendants[u] |= descendants[v] | 1 << v
        # What lies behind a vertex from which a path without layers leads to v lies beside that path.
        beside = dict.fromkeys(self.live, 0)
        self.skipped = 0
        for v in self.live[1:]:
            if not weights[v]:
                for u in self.sources[v]:
                    beside[v] |= descendants[u] | beside[u]
                self.skipped |= beside[v] & ancestors[v]
