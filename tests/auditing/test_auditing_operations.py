"""Operations of a space's graphs: counted, classed, and how deep they lie."""

from dataclasses import replace

import numpy as np
import pytest
from small_tables import small_table

from evozc.auditing._baselines import trivial_baselines
from evozc.auditing._operations import count_operations, kernel_size, operation_class
from evozc.errors import ConfigError
from evozc.spaces import NasBench201
from evozc.table import Table, Target
from primitives import scalar

ARCHITECTURES = (
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|",
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|",
)


def in_space(architectures, **columns):
    space = NasBench201()
    statistics = tuple(scalar(name) for name in columns)
    return Table(
        architectures=tuple(architectures), keys=tuple(map(space.canonical_key, architectures)),
        statistics=statistics, offsets={},
        values={s.key: np.asarray(columns[s.name], dtype=float) for s in statistics},
        targets={"accuracy": Target("accuracy", np.arange(len(architectures), dtype=float))},
        provenance={"space": "nasbench201", "space_settings": {}},
    )


@pytest.mark.parametrize(("name", "kind", "kernel"), [
    ("nor_conv_3x3", "convolution", 3), ("avg_pool_3x3", "pooling", 3), ("skip_connect", "skip", 0),
    ("none", "none", 0), ("conv1x1-bn-relu", "convolution", 1), ("maxpool3x3", "pooling", 3),
    ("sep_conv_5x5", "convolution", 5), ("conv_7x1_1x7", "convolution", 7), ("attention", "other", 0),
])
def test_operations_are_classed_by_their_names(name, kind, kernel):
    assert operation_class(name) == kind
    assert kernel_size(name) == kernel


def test_counts_and_depth():
    found = count_operations(in_space(ARCHITECTURES))
    counts = dict(zip(found.names, found.counts, strict=True))
    assert counts["nor_conv_1x1"].tolist() == [2, 0, 0]
    assert counts["nor_conv_3x3"].tolist() == [0, 5, 1]
    assert counts["none"].tolist() == [0, 0, 5]
    assert found.counts.sum(axis=0).tolist() == [6, 6, 6]
    assert found.classes["convolution"].tolist() == [2, 5, 1]
    assert found.kernels.tolist() == [-2, 5, 1]
    assert found.distinct.tolist() == [3, 2, 2]
    assert found.depth.tolist() == [1, 3, 0]  # the last one's convolution is fed nothing


def test_a_table_without_graphs_has_no_counts():
    table = in_space(ARCHITECTURES)
    for provenance in ({}, {"space": "texts"}, {"space": "not.installed:Space"}):
        assert count_operations(replace(table, provenance=provenance)) is None


def test_sizes_are_known_by_their_columns():
    table = in_space(
        ARCHITECTURES, params=[1, 2, 3], flops=[3, 2, 1], params_attn=[1, 1, 2], n_layer=[4, 5, 6],
        zen=[1, 2, 4], flat=[1, 1, 1],
    )
    found = {b.name: b.kind for b in trivial_baselines(table, None)}
    assert found == {"params": "parameters", "flops": "FLOPs", "params_attn": "attention parameters",
                     "n_layer": "depth"}
    named = {b.name: b.kind for b in trivial_baselines(table, None, ["zen", "flat"])}
    assert named["zen"] == "named"
    assert "flat" not in named  # constant: it explains nothing
    with pytest.raises(ConfigError, match="no column 'zan'"):
        trivial_baselines(table, None, ["zan"])


def test_layers_and_operations_are_baselines_too():
    table = replace(small_table(40), provenance={"space": "nasbench201", "space_settings": {}})
    found = {b.name: b for b in trivial_baselines(table, count_operations(table))}
    assert {"params", "layers", "depth of the graph", "#nor_conv_3x3", "#convolutions"} <= set(found)
    assert (found["layers"].values == np.diff(table.offsets["layer"])).all()
    both = found["#nor_conv_1x1"].values + found["#nor_conv_3x3"].values
    assert (found["#convolutions"].values == both).all()
