"""What the graph of a network says, against all of its paths written out one by one."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from evozc.extraction import measure
from evozc.spaces import NasBench201, cell_scalars

torch.set_num_threads(1)
LAYER = ("from_input_min", "from_input_max", "to_output_min", "to_output_max", "log_paths", "skipped")
NETWORK = ("path_min", "path_max", "log_paths", "width", "merges", "cycles")


def graph_of(network, *inputs):
    found = measure(network, *inputs, groups=["graph"])
    assert found.failures == {}
    return {k.split(".", 1)[1]: v.tolist() for k, v in found.items() if k.startswith("layer")}, [
        found[f"network.{name}"] for name in NETWORK
    ], found.names["layer"]


class Residual(nn.Module):
    """stem -> (a -> b) + skip -> swish written out -> head, with a projection beside c."""

    def __init__(self):
        super().__init__()
        self.stem, self.a, self.b, self.c, self.project = (nn.Conv2d(n, 4, 1) for n in (3, 4, 4, 4, 4))
        self.head = nn.Linear(4, 5)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        y = self.b(functional.relu(self.a(x)))
        y += x
        y = y * torch.sigmoid(y)
        y = self.c(y) + self.project(y)
        return self.head(y.mean((2, 3)))


def test_distances_paths_and_skips_of_a_network_by_hand():
    layers, network, names = graph_of(Residual(), torch.randn(2, 3, 4, 4))
    assert names == ("stem", "a", "b", "c", "project", "head")
    assert layers["from_input_min"] == [1, 2, 3, 2, 2, 3]
    assert layers["from_input_max"] == [1, 2, 3, 4, 4, 5]
    assert layers["to_output_min"] == [3, 4, 3, 2, 2, 1]
    assert layers["to_output_max"] == [5, 4, 3, 2, 2, 1]
    np.testing.assert_allclose(layers["log_paths"], np.log([4, 2, 2, 2, 2, 4]))
    assert layers["skipped"] == [0, 1, 1, 0, 0, 0]  # a projection is no skip
    assert network == [3, 5, math.log(4), 2, 2, 2]


def all_paths(edges, last):
    def walk(v):
        if v == last:
            yield (v,)
        for w in np.flatnonzero(edges[v]):
            for rest in walk(int(w)):
                yield (v, *rest)

    return list(walk(0))


@pytest.mark.parametrize("seed", range(8))
def test_a_cell_has_the_paths_of_its_graph(seed):
    generator = np.random.default_rng(seed)
    operations = ["nor_conv_3x3", "nor_conv_1x1", "skip_connect", "avg_pool_3x3", "none"]
    drawn = generator.choice(operations[:4] if seed % 2 else operations, 6)
    space = NasBench201(4, 1, 1)
    text = space.format(tuple(drawn.tolist()))
    edges, names = space.graph(text)
    paths = all_paths(edges, len(names) - 1)
    layers, network, found = graph_of(space.build(text), torch.randn(2, 3, 4, 4))
    lengths = [sum("conv" in names[v] for v in path) for path in paths]
    convolutions = [v for v, name in enumerate(names) if "conv" in name]
    # Branches between the same two places that have no layers are one path.
    plain = len({tuple(v for v in path if v in convolutions) for path in paths}) == len(paths)
    if "none" not in drawn:  # whose zeros come from the input as well
        assert network[0] == min(lengths) + 2  # the stem and the head
        assert network[1] == max(lengths) + 2
        assert network[2] == pytest.approx(math.log(len(paths))) or not plain
    for name in found[1:-1]:
        place = int(name.split("edges.")[1].split(".")[0]) + 1
        assert place in convolutions
        if "none" in drawn or not any(place in path for path in paths):
            continue
        k = found.index(name)
        through = [path for path in paths if place in path]
        before = [sum("conv" in names[v] for v in p[: p.index(place) + 1]) for p in through]
        after = [sum("conv" in names[v] for v in p[p.index(place):]) for p in through]
        assert layers["from_input_min"][k] == 1 + min(before)
        assert layers["from_input_max"][k] == 1 + max(before)
        assert layers["to_output_min"][k] == min(after) + 1
        assert layers["to_output_max"][k] == max(after) + 1
        assert layers["log_paths"][k] == pytest.approx(math.log(len(through))) or not plain


def test_a_module_used_twice_counts_its_paths_twice():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.head = nn.Linear(6, 6), nn.Linear(6, 3)

        def forward(self, x):
            return self.head(self.a(torch.tanh(self.a(x))))

    layers, network, _ = graph_of(Twice(), torch.randn(2, 6))
    assert [layers[name] for name in LAYER[:4]] == [[1, 3], [2, 3], [2, 1], [3, 1]]
    np.testing.assert_allclose(layers["log_paths"], [math.log(2), 0], atol=1e-12)
    assert network == [3, 3, 0, 1, 0, 0]


def test_what_does_not_lead_to_the_scores_is_missing():
    class Aside(nn.Module):
        def __init__(self):
            super().__init__()
            self.lost, self.head = nn.Linear(6, 6), nn.Linear(6, 3)

        def forward(self, x):
            self.lost(x)
            return self.head(x)

    layers, network, _ = graph_of(Aside(), torch.randn(2, 6))
    assert all(math.isnan(values[0]) and not math.isnan(values[1]) for values in layers.values())
    assert network == [1, 1, 0, 1, 0, 0]


def test_masks_of_tokens_are_no_paths():
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.places = nn.Embedding(9, 8), nn.Embedding(5, 8)
            self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
            self.head = nn.Linear(8, 3)

        def forward(self, tokens):
            x = self.words(tokens) + self.places(torch.arange(5))
            return self.head(self.layer(x, src_key_padding_mask=tokens == 0).mean(1))

    tokens = torch.randint(1, 9, (2, 5))
    layers, network, names = graph_of(Masked(), tokens)
    assert network[0] == 2
    assert layers["from_input_min"][: len(names)][0] == 1
    assert layers["skipped"][0] == 0
    assert layers["skipped"][-1] == 0
    assert sum(layers["skipped"]) == 4  # both projections of attention and both of the perceptron


def test_the_order_of_a_sum_and_a_mere_copy_change_nothing():
    class Sums(nn.Module):
        def __init__(self, how):
            super().__init__()
            torch.manual_seed(0)
            self.how, self.head = how, nn.Linear(6, 3)
            self.parts = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))

        def forward(self, x):
            a, b, c = (part(x.clone()) for part in self.parts)
            total = {"left": lambda: (a + b) + c, "right": lambda: a + (b + c), "all": lambda: sum([a, b, c]),
                     "stack": lambda: torch.stack([a, b, c]).sum(0)}[self.how]()
            return self.head(total)

    found = {how: graph_of(Sums(how), torch.randn(2, 6))[:2] for how in ("left", "right", "all", "stack")}
    for layers, network in found.values():
        assert layers == found["left"][0]
        assert network[:4] == [2, 2, math.log(3), 3]
        assert network[5] == 2
    assert [network[4] for _, network in found.values()] == [2, 2, 2, 1]


def test_cell_scalars_are_those_of_all_paths():
    space = NasBench201()
    generator = np.random.default_rng(1)
    names = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
    texts = sorted({space.format(tuple(generator.choice(names, 6).tolist())) for _ in range(40)})
    found = cell_scalars(space, texts)
    assert len(found) > 60
    for k, text in enumerate(texts):
        edges, operations = space.graph(text)
        paths = all_paths(edges, len(operations) - 1)
        assert found["cell_count_none"][1][k] == operations.count("none")
        for subset in itertools.chain.from_iterable(itertools.combinations(names[1:], n) for n in (1, 2, 3)):
            ordered = [name for name in space.graph_operations[1:-1] if name in subset]
            label = "_".join(ordered)
            pure = [len(p) - 2 for p in paths if {operations[v] for v in p[1:-1]} <= set(subset)]
            counted = [sum(operations[v] in subset for v in p) for p in paths]
            assert found[f"cell_shortest_{label}"][1][k] == min(pure, default=0)
            assert found[f"cell_longest_{label}"][1][k] == max(pure, default=0)
            assert found[f"cell_most_{label}"][1][k] == max(counted, default=0)
            reading = sum(operations[v] in subset for v in np.flatnonzero(edges[0]))
            assert found[f"cell_reading_{label}"][1][k] == reading


def test_a_table_takes_the_scalars_of_its_architectures(tmp_path):
    from evozc.benchmarks import with_cell_scalars
    from evozc.formula import parse
    from evozc.table import Table, load_table, save_table
    from primitives import FULL

    space = NasBench201()
    texts = tuple(f"|{a}~0|+|{b}~0|none~1|+|none~0|none~1|nor_conv_3x3~2|" for a in ("none", "nor_conv_3x3")
                  for b in ("skip_connect", "nor_conv_1x1"))
    bare = Table(texts, tuple(map(space.canonical_key, texts)), (), {}, {}, {})
    save_table(with_cell_scalars(bare, space), tmp_path / "t.npz")
    table = load_table(tmp_path / "t.npz")
    assert [s.group for s in table.statistics] == ["graph"] * 80
    assert table.values["network.cell_count_nor_conv_3x3"].tolist() == [1, 1, 2, 2]
    assert table.values["network.cell_longest_any"].tolist() == [2, 2, 2, 2]
    assert table.values["network.cell_most_nor_conv_3x3"].tolist() == [1, 1, 1, 1]
    parse("log(network.cell_count_nor_conv_3x3)", FULL.with_statistics(table.statistics))
