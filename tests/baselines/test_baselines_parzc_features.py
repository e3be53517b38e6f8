"""What ParZC reads: node statistics as arrays, and the cell's graph."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_tables import small_table

from evozc.baselines.parzc import NAMED
from evozc.baselines.parzc._features import Features
from evozc.baselines.parzc._graph import GraphEncoder, encode, laplacian_positions, largest_graph
from evozc.errors import DataError
from evozc.spaces import NasBench201, get_space

KEY = "layer.grad_l2"


def lists(table, key=KEY):
    offsets = table.offsets[key.partition(".")[0]]
    return [table.values[key][a:b] for a, b in pairwise(offsets)]


def test_published_features_are_scaled_within_each_architecture_and_padded_behind():
    table = small_table(20)
    found = Features.fit(table, replace(NAMED["parzc"], statistics=(KEY,)))(table)
    longest = max(map(len, lists(table)))
    assert found.shape == (20, 1, longest)
    assert found.dtype == np.float32
    for row, values in zip(found[:, 0], lists(table), strict=True):
        expected = (values - values.min()) / (values.max() - values.min())
        assert row[: len(values)] == pytest.approx(expected, abs=1e-6)
        assert not row[len(values) :].any()


def test_longer_lists_lose_their_tail_and_equal_or_missing_values_are_zero():
    table = small_table(20)
    shortest = [a for a, values in enumerate(lists(table)) if len(values) == 3]
    features = Features.fit(table.select(shortest), replace(NAMED["parzc"], statistics=(KEY,)))
    assert features(table).shape[2] == 3
    values = {**table.values, KEY: np.ones_like(table.values[KEY])}
    assert not features(replace(table, values=values)).any()
    values = {**table.values, KEY: np.full_like(table.values[KEY], np.nan)}
    assert not features(replace(table, values=values)).any()


def test_a_mask_tells_nodes_from_padding():
    table = small_table(20)
    found = Features.fit(table, replace(NAMED["parzc-scale"], statistics=(KEY,)))(table)
    assert found.shape[1] == 2
    assert found[:, 1].sum(axis=1).tolist() == [len(values) for values in lists(table)]


def test_table_wide_scaling_keeps_the_order_of_all_nodes_and_knows_no_unit():
    table = small_table(40)
    settings = replace(NAMED["parzc-scale"], statistics=(KEY,), mask=False)
    found = Features.fit(table, settings)(table)
    nodes = table.nodes["layer"]
    flat = found[nodes.owner, 0, nodes.position]
    order = np.argsort(table.values[KEY])
    assert (np.diff(flat[order]) >= 0).all()
    louder = replace(table, values={**table.values, KEY: 1e6 * table.values[KEY]})
    assert Features.fit(louder, settings)(louder) == pytest.approx(found, abs=1e-4)


@given(positions=st.integers(1, 20))
def test_alignment_by_depth_is_linear_interpolation(positions):
    table = small_table(10)
    settings = replace(
        NAMED["parzc-strong"], statistics=(KEY, "layer.count", "network.params"), positions=positions
    )
    found = Features.fit(table, settings)(table)
    # In one and the same scale: that of a list which is as long as there are positions.
    features = Features.fit(table, replace(settings, layout="padded", mask=False, segment=16))
    scaled = features(table)
    for row, whole, values in zip(found, scaled, lists(table), strict=True):
        n = len(values)
        places = np.clip((np.arange(positions) + 0.5) / positions * n - 0.5, 0, n - 1)
        assert row[0] == pytest.approx(np.interp(places, np.arange(n), whole[0, :n]), abs=1e-5)
        assert np.ptp(row[1]) == np.ptp(row[2]) == 0


def test_quotients_are_quotients():
    table = small_table(10)
    values = {**table.values, "layer.weight_mean": np.full_like(table.values["layer.weight_mean"], 2.0)}
    table = replace(table, values=values)
    settings = replace(NAMED["parzc-scale"], mask=False)
    whole, half = (
        Features.fit(table, replace(settings, statistics=(key,))) for key in (KEY, f"{KEY}/layer.weight_mean")
    )
    assert half.unit == pytest.approx(whole.unit / 2)
    assert half(table) == pytest.approx(whole(table), abs=1e-5)


@given(seed=st.integers(0, 10**6), size=st.integers(2, 9))
def test_positions_are_eigenvectors_of_the_normalised_laplacian(seed, size):
    generator = np.random.default_rng(seed)
    adjacency = np.triu(generator.random((size, size)) < 0.5, 1)
    found = laplacian_positions(adjacency, size - 1).astype(float)
    linked = (adjacency | adjacency.T).astype(float)
    degree = linked.sum(axis=1)
    scale = np.where(degree > 0, 1 / np.sqrt(np.maximum(degree, 1)), 0)
    laplacian = np.diag((degree > 0).astype(float)) - scale[:, None] * linked * scale
    assert np.allclose(found.T @ found, np.eye(size - 1), atol=1e-5)
    for vector in found.T:
        image = laplacian @ vector
        assert np.allclose(image, (vector @ image) * vector, atol=1e-5)
        assert vector.max() >= -vector.min() - 1e-5


def test_graphs_are_encoded_by_operation_and_position():
    space = NasBench201()
    texts = small_table(10).architectures
    operations, positions = encode(space, texts, 8)
    assert operations.shape == (10, 8)
    assert positions.shape == (10, 8, 7)
    for text, row in zip(texts, operations, strict=True):
        names = tuple(space.graph_operations[i] for i in row)
        assert names == ("input", *space.parse(text), "output")


def test_smaller_graphs_are_brought_to_the_size_of_the_largest():
    space = get_space("nasbench101")
    texts = ["0100:input|output", "011001000:input|conv3x3-bn-relu|output"]
    assert largest_graph(space, texts) == 3
    operations, positions = encode(space, texts, 3)
    index = space.graph_operations.index
    ends = (index("input"), index("output"))
    assert operations.tolist() == [[*ends, -1], [ends[0], index("conv3x3-bn-relu"), ends[1]]]
    assert not positions[0, 2].any()
    assert not positions[0, :, 1].any()
    with pytest.raises(DataError, match="has 3 nodes, those that the predictor was made for have up to 2"):
        encode(space, texts, 2)


def test_nodes_that_a_graph_does_not_have_change_nothing():
    torch.manual_seed(0)
    encoder = GraphEncoder(5, 4, 3, 8, 2, 2, 0.0).eval()
    mixed, positions = torch.randn(2, 32), torch.randn(2, 4, 3)
    operations = torch.tensor([[0, 3, 4, -1], [0, 2, 3, 4]])
    whole = encoder(mixed, operations, positions).unflatten(1, (4, 8))
    other = mixed.clone().unflatten(1, (4, 8))
    other[0, 3] += 5
    again = encoder(other.flatten(1), operations, positions).unflatten(1, (4, 8))
    torch.testing.assert_close(whole, again)
    assert not whole[0, 3].any()
    alone = encoder(mixed[1:], operations[1:], positions[1:]).unflatten(1, (4, 8))
    torch.testing.assert_close(whole[1:], alone)
