"""A small table with everything in it."""

import numpy as np
import pytest

from evozc.spaces import NasBench201
from evozc.table import Table, Target
from primitives import FULL, scalar

SPACE = NasBench201()


def make_table(architectures, train=None, seed=0):
    """A table of ragged layers and activations, a catalogue scalar and one of a file's own."""
    generator = np.random.default_rng(seed)
    n = len(architectures)
    offsets = {
        "layer": np.concatenate([[0], np.cumsum(generator.integers(0, 4, n))]),
        "activation": np.concatenate([[0], np.cumsum(generator.integers(0, 3, n))]),
    }
    statistics = (
        FULL.statistics["layer.grad_l2"], FULL.statistics["layer.output_mean"],
        FULL.statistics["activation.logdet"], FULL.statistics["network.params"], scalar("my_score"),
    )
    values = {}
    for statistic in statistics:
        length = offsets[statistic.node_set][-1] if statistic.node_set in offsets else n
        values[statistic.key] = generator.normal(size=length) * 10.0 ** generator.integers(-9, 9, length)
        values[statistic.key][generator.random(length) < 0.1] = np.nan
    return Table(
        architectures=tuple(architectures),
        keys=tuple(SPACE.canonical_key(a) for a in architectures),
        statistics=statistics,
        offsets=offsets,
        values=values,
        targets={
            "accuracy": Target("accuracy", generator.uniform(10, 94, n), noise_ceiling=0.9),
            "loss": Target("loss", generator.uniform(0, 2, n), unit="nat", higher_is_better=False),
        },
        train=train,
        provenance={"space": "nasbench201", "seed": seed, "nested": {"versions": ["1", None, 2.5]}},
    )


@pytest.fixture(scope="session")
def table():
    """Forty architectures, some of them isomorphic."""
    import random

    generator = random.Random(4)
    drawn = dict.fromkeys(SPACE.sample(generator) for _ in range(32))
    twins = {}
    for architecture in drawn:
        for near in SPACE.neighbours(architecture):
            if SPACE.canonical_key(near) == SPACE.canonical_key(architecture) and near not in drawn:
                twins[near] = None
    return make_table([*drawn, *list(twins)[:8]])
