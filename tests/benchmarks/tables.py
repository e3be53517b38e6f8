"""Statistics tables of any size for measurements: log-normal values, some of which tell the target."""

import numpy as np

from evozc.table import Table, Target
from primitives import FULL, NETWORK


def synthetic_table(architectures, nodes=40, seed=0):
    """All statistics of layers, of which there are 0.75 to 1.25 times ``nodes``, and of networks."""
    draw, n = np.random.default_rng(seed), architectures
    lengths = draw.integers(3 * nodes // 4, 5 * nodes // 4 + 1, n)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    quality = draw.normal(size=n)
    values = {}
    kept = [s for s in FULL.statistics.values() if s.node_set in ("layer", NETWORK)]
    for index, statistic in enumerate(kept):
        per_node = statistic.node_set == "layer"
        size = int(offsets[-1]) if per_node else n
        carried = (index % 3 == 0) * 0.4 * (np.repeat(quality, lengths) if per_node else quality)
        column = np.exp(carried + draw.normal(size=size))
        if statistic.sign & 1:
            column *= draw.choice([-1.0, 1.0], size)
        values[statistic.key] = column
    names = tuple(f"architecture {a}" for a in range(n))
    accuracy = np.round(70 + 5 * quality + 2 * draw.normal(size=n), 2)
    return Table(
        architectures=names, keys=names, statistics=tuple(kept), offsets={"layer": offsets},
        values=values, targets={"accuracy": Target("accuracy", accuracy)},
    )
