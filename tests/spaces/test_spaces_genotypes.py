"""DARTS, NAS-Bench-301 and the other cell spaces of NDS: texts, keys and networks."""

import itertools
import random
from collections import Counter

import pytest
import torch
from counting import macs, millions, parameters, unmaterialised
from hypothesis import given
from hypothesis import strategies as st
from space_checks import check_network, check_texts, images, published_rows

from evozc.errors import ConfigError, DataError
from evozc.extraction import thop_macs, tw_flops
from evozc.spaces import GraphSpace, get_space
from evozc.spaces.nds._genotype import Cell, Genotype, format_genotype, read_genotype
from evozc.testing import check_space

FAMILIES = ("darts", "enas", "pnas", "amoeba", "nasnet")
DARTS, NB301 = get_space("darts"), get_space("darts", network="suite-zero")
TINY = {"channels": 4, "cells": 3}

V1 = (
    "Genotype(normal=[('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 0), ('sep_conv_3x3', 1), "
    "('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 2)], "
    "normal_concat=range(2, 6), reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), "
    "('max_pool_3x3', 0), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), "
    "('avg_pool_3x3', 0)], reduce_concat=range(2, 6))"
)
V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], "
    "normal_concat=range(2, 6), reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), "
    "('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), "
    "('max_pool_3x3', 1)], reduce_concat=range(2, 6))"
)
#: Of NDS, with nodes that others read left out of the output.
AMOEBANET = (
    "Genotype(normal=[('avg_pool_3x3', 0), ('max_pool_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_5x5', 2), "
    "('sep_conv_3x3', 0), ('avg_pool_3x3', 3), ('sep_conv_3x3', 1), ('skip_connect', 1), "
    "('skip_connect', 0), ('avg_pool_3x3', 1)], normal_concat=[4, 5, 6], "
    "reduce=[('avg_pool_3x3', 0), ('sep_conv_3x3', 1), ('max_pool_3x3', 0), ('sep_conv_7x7', 2), "
    "('sep_conv_7x7', 0), ('avg_pool_3x3', 1), ('max_pool_3x3', 0), ('max_pool_3x3', 1), "
    "('conv_7x1_1x7', 0), ('sep_conv_3x3', 5)], reduce_concat=[3, 4, 6])"
)


def cell(*entries, concat=(2, 3, 4, 5)):
    return Cell(entries, concat)


def text(normal, reduce=None):
    """A genotype of DARTS by its normal cell."""
    return DARTS.format(Genotype(normal, reduce or DARTS.parse(V1).reduce))


# --- texts and classes -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAMILIES)
def test_texts_keep_the_contract(name):
    check_texts(get_space(name), draws=6, distinct=False)


def test_suite_zero_keeps_the_contract():
    check_texts(NB301, draws=6, distinct=False)
    check_space(get_space("darts", network="suite-zero", **TINY), builds=1)


@pytest.mark.parametrize(
    ("name", "billions"), [("darts", 242), ("enas", 5_063), ("pnas", 556_628), ("amoeba", 556_628),
                           ("nasnet", 71_465_842)],
)
def test_there_are_as_many_cells_as_published(name, billions):
    """Table 2 of NDS counts cells, of which a genotype has two."""
    cells = get_space(name).count ** 0.5
    assert cells / 1e9 == pytest.approx(billions, abs=0.6)


def test_suite_zero_has_as_many_architectures_as_nasbench301():
    assert NB301.count == pytest.approx(1.077e18, rel=1e-3)


def test_dead_cells_are_those_that_are_not_counted():
    """Over a space of one node, all of whose cells can be tried."""

    class Small(type(DARTS)):
        nodes = 1

    space = Small()
    alive = 0
    entries = list(itertools.product(space.operations, range(2)))
    for pair in itertools.product(entries, repeat=2):
        alive += not space.fault(Cell(pair, (2,)))
    assert alive**2 == space.count


@given(st.integers(0, 4), st.integers())
def test_what_is_formatted_is_parsed_back(family, seed):
    space = get_space(FAMILIES[family])
    drawn = space.sample(random.Random(seed))
    genotype = space.parse(drawn)
    assert space.format(genotype) == drawn
    sized = format_genotype(genotype._replace(width=24, depth=7))
    assert sized.endswith(", width=24, depth=7)")
    assert space.parse(sized) == genotype._replace(width=24, depth=7)
    assert all(len(cell.entries) == 2 * space.nodes for cell in genotype.cells.values())


def test_a_text_may_be_written_in_several_ways():
    ways = [
        V1,
        V1.replace("range(2, 6)", "[2, 3, 4, 5]"),
        V1.replace("range(2, 6)", "range(2,6)").replace(", ", ","),
        V1.replace("'", '"'),
        V1.replace("[(", "((").replace(")]", "))").replace("range(2, 6)", "(2, 3, 4, 5)"),
        V1.replace("('sep_conv_3x3', 1)", "['sep_conv_3x3', 1]").replace(")]", ")\t]".replace("\t", ", ")),
    ]
    assert {DARTS.parse(way) for way in ways} == {DARTS.parse(V1)}
    assert {DARTS.canonical_key(way) for way in ways} == {DARTS.canonical_key(V1)}


def test_published_genotypes_are_read(shared):
    rows = published_rows(shared, "darts/sample")
    classes = {}
    for row in rows:
        classes.setdefault(DARTS.canonical_key(row["architecture"]), []).append(row["params"])
    # Two architectures stand there twice, their entries in another order.
    assert (len(rows), len(classes)) == (200, 198)
    assert all(len(set(params)) == 1 for params in classes.values())
    assert any("none" in row["architecture"] for row in rows)
    assert get_space("amoeba").format(get_space("amoeba").parse(AMOEBANET)) == AMOEBANET.replace(
        "[4, 5, 6]", "range(4, 7)"
    )


def test_nested_lists_are_the_same_architectures_as_genotypes(shared):
    rows = published_rows(shared, "suitezero/nasbench301")
    assert len(rows) == 362
    for row in rows:
        genotype = DARTS.parse(row["arch"])
        assert NB301.parse(row["arch"]) == genotype
        assert NB301.parse(NB301.format(genotype)) == genotype
        assert DARTS.canonical_key(DARTS.format(genotype)) == NB301.canonical_key(row["arch"])
        tuples = row["arch"].translate(str.maketrans("[]", "()"))  # as archs_nasbench301.json writes them
        assert NB301.parse(tuples) == genotype
    assert rows[0]["arch"].startswith("[[(0, 1), (1, 1), (0, 3), (1, 4)")
    first = NB301.parse(rows[0]["arch"]).normal.entries
    assert first[:4] == (("avg_pool_3x3", 0), ("avg_pool_3x3", 1), ("sep_conv_3x3", 0), ("sep_conv_5x5", 1))


def test_samples_are_uniform_over_operations_and_inputs():
    generator = random.Random(0)
    drawn = [DARTS.parse(DARTS.sample(generator)).normal.entries for _ in range(2400)]
    for place in (0, 5, 7):
        counts = Counter(entries[place][0] for entries in drawn)
        assert len(counts) == 8
        assert all(220 < count < 380 for count in counts.values()), counts
    assert all(700 < count < 900 for count in Counter(entries[3][1] for entries in drawn).values())


def test_suite_zero_draws_two_different_inputs_without_none():
    generator = random.Random(0)
    for _ in range(200):
        drawn = NB301.sample(generator)
        assert drawn.startswith("[[(0, ")
        for part in NB301.parse(drawn).cells.values():
            sources = [source for _, source in part.entries]
            assert all(one < other for one, other in zip(sources[::2], sources[1::2], strict=True))


@pytest.mark.parametrize("name", ["enas", "amoeba", "nasnet"])
def test_only_nodes_that_no_other_reads_leave_a_drawn_cell(name):
    space = get_space(name)
    for drawn in [space.sample(random.Random(0)), *space.neighbours(space.sample(random.Random(1)))[::9]]:
        for part in space.parse(drawn).cells.values():
            read = {source for _, source in part.entries}
            assert set(part.concat) == set(range(2, 7)) - read


def test_neighbours_differ_in_one_operation_or_one_input():
    own = DARTS.parse(V2)
    near = [DARTS.parse(other) for other in DARTS.neighbours(V2)]
    # By cell 8 operations x 7 others, and 2 x (1 + 2 + 3 + 4) other inputs.
    assert len(near) == len(set(near)) == 2 * (8 * 7 + 20)
    for other in near:
        pairs = [
            (a, b)
            for mine, its in zip(own.cells.values(), other.cells.values(), strict=True)
            for a, b in zip(mine.entries, its.entries, strict=True)
            if a != b
        ]
        assert len(pairs) == 1
        assert (pairs[0][0][0] == pairs[0][1][0]) != (pairs[0][0][1] == pairs[0][1][1])
    sized = V2.replace("))", "), width=16, depth=5)")
    assert all(other.endswith(", width=16, depth=5)") for other in DARTS.neighbours(sized))


# --- keys ------------------------------------------------------------------------------------------


def permuted(cell, order):
    """The same cell with its inner nodes in another order, and the entries of each swapped."""
    places = {0: 0, 1: 1, **{2 + old: 2 + new for new, old in enumerate(order)}}
    entries = []
    for old in order:
        pair = cell.entries[2 * old : 2 * old + 2]
        entries += [(name, places[source]) for name, source in reversed(pair)]
    return Cell(tuple(entries), tuple(places[node] for node in cell.concat))


@given(st.integers(), st.permutations(range(4)))
def test_the_order_of_nodes_and_entries_counts_nothing(seed, order):
    genotype = DARTS.parse(DARTS.sample(random.Random(seed)))
    moved = permuted(genotype.normal, order)
    forward = all(
        source < 2 + place // 2 for place, (_, source) in enumerate(moved.entries)
    )
    if forward:
        same = DARTS.format(genotype._replace(normal=moved))
        assert DARTS.canonical_key(same) == DARTS.canonical_key(DARTS.format(genotype))


SEP, SKIP, NONE, POOL = "sep_conv_3x3", "skip_connect", "none", "max_pool_3x3"
TAIL = ((SEP, 0), (SEP, 1), (SEP, 0), (SEP, 1))


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        # `none` adds nothing, wherever from.
        ([(SEP, 0), (NONE, 1), (SEP, 1), (SEP, 0)], [(SEP, 0), (NONE, 0), (SEP, 1), (SEP, 0)], True),
        # A node that is an input passed on is that input.
        ([(SKIP, 0), (NONE, 1), (SEP, 2), (SEP, 1)], [(SKIP, 0), (NONE, 1), (SEP, 0), (SEP, 1)], True),
        # A sum that is passed on has its own operations, not others of their kind.
        ([(POOL, 0), (SEP, 1), (SKIP, 2), (NONE, 0)], [(POOL, 0), (SEP, 1), (POOL, 0), (SEP, 1)], False),
        ([(SEP, 0), (NONE, 1), (SKIP, 2), (NONE, 0)], [(SEP, 0), (NONE, 1), (SEP, 0), (NONE, 1)], False),
        # Pools of the same terms are one.
        ([(POOL, 0), (NONE, 1), (SKIP, 2), (NONE, 0)], [(POOL, 0), (NONE, 1), (POOL, 0), (NONE, 1)], True),
        # The two inputs of a cell are not the same.
        ([(SEP, 0), (POOL, 1), (SEP, 0), (SEP, 1)], [(SEP, 1), (POOL, 0), (SEP, 0), (SEP, 1)], False),
    ],
)
def test_what_normal_cells_have_in_common(first, second, same):
    keys = [DARTS.canonical_key(text(cell(*entries, *TAIL))) for entries in (first, second)]
    assert (keys[0] == keys[1]) == same


def test_a_skip_that_halves_the_map_is_an_operation():
    one = cell((SKIP, 0), (NONE, 1), (SEP, 2), (SEP, 1), *TAIL)
    other = cell((SKIP, 0), (NONE, 1), (SEP, 0), (SEP, 1), *TAIL)
    normal = DARTS.parse(V1).normal
    assert DARTS.canonical_key(text(normal, one)) != DARTS.canonical_key(text(normal, other))
    assert DARTS.canonical_key(text(one)) == DARTS.canonical_key(text(other))


def test_width_and_depth_of_a_text_are_part_of_its_key():
    keys = {DARTS.canonical_key(V1 + size) for size in ("",)} | {
        DARTS.canonical_key(V1.replace("reduce_concat=range(2, 6))", f"reduce_concat=range(2, 6), {size})"))
        for size in ("width=36, depth=20", "width=32, depth=20", "width=36, depth=8")
    }
    assert len(keys) == 3


def outputs_with_equal_weights(space, architecture):
    """What a network gives all of whose weights of one shape are one number."""
    network = space.build(architecture).eval()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.fill_((0.5 + weight.numel() % 7 / 7) / weight[0].numel())
        network.head[-1].bias.zero_()
        return network(torch.linspace(-1, 1, 2 * 3 * 12 * 12).reshape(2, 3, 12, 12))


def test_architectures_of_one_key_compute_the_same():
    generator, space, tried = random.Random(0), get_space("darts", **TINY), 0
    while tried < 6:
        genotype = space.parse(space.sample(generator))
        order = generator.sample(range(4), 4)
        moved = Genotype(permuted(genotype.normal, order), permuted(genotype.reduce, order))
        left, right = space.format(genotype), space.format(moved)
        if order == [0, 1, 2, 3] or any(map(space.fault, moved.cells.values())):
            continue
        assert space.canonical_key(left) == space.canonical_key(right)
        torch.testing.assert_close(*(outputs_with_equal_weights(space, one) for one in (left, right)))
        tried += 1


# --- texts that are no architectures ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", "expected Genotype"),
        (V1[:-1], "expected Genotype"),
        (V1 + ")", "expected Genotype"),
        (V1.replace("Genotype", "Genotyp"), "expected Genotype"),
        (V1.replace("normal=", "normal=[], normal="), "expected Genotype"),
        (V1.replace("), ('skip_connect', 2)]", ")]", 1), "the normal cell has 7 operations, not 8"),
        (V1.replace("(2, 6))", "(2, 7))"), "the reduce cell puts out nodes .* some of 2 to 5"),
        (V1.replace("range(2, 6)", "[2, 2, 3, 4]"), "the normal cell puts out nodes"),
        (V1.replace("range(2, 6)", "[0, 3]"), "the normal cell puts out nodes"),
        (V1.replace("range(2, 6)", "range(2, 2)"), "the normal cell puts out nodes"),
        (V1.replace("avg_pool_3x3", "avg_pool_5x5"), "reduce cell has an unknown operation 'avg_pool_5x5'"),
        (V1.replace("('sep_conv_3x3', 1), ('sep", "('sep_conv_3x3', 2), ('sep", 1), "reads node 2 in node 2"),
        (text(cell(*[(NONE, 0)] * 8)), "the normal cell has no path from an input to its output"),
        (text(cell((NONE, 0), (NONE, 1), (SEP, 2), (SKIP, 2), (NONE, 0), (SEP, 3), (SEP, 2), (SKIP, 4))),
         "the normal cell has no path"),
        (V1.replace("6))", "6), width=0, depth=8)"), "width and depth must be 1 to 512 and 1 to 100"),
        (V1.replace("6))", "6), width=16, depth=1000)"), "not 16 and 1000"),
        (V1.replace("6))", "6), width=16)"), "expected Genotype"),
        (AMOEBANET, "the normal cell has 10 operations, not 8"),
        ("[[(0, 4), (1, 3)], [(0, 4), (1, 3)]]", "the normal cell has 2 operations"),
        ("[[(0, 9), (1, 3)], [(0, 4), (1, 3)]]", "expected Genotype"),
    ],
)
def test_a_text_that_is_no_architecture_is_refused_with_the_reason(wrong, why):
    for method in (DARTS.canonical_key, DARTS.build, DARTS.graph, DARTS.neighbours):
        with pytest.raises(DataError, match=f"not of the DARTS space: .*{why}"):
            method(wrong)


def test_nasbench301_has_no_none_and_no_input_twice():
    genotype = DARTS.parse(V1)
    with pytest.raises(DataError, match="has the operation 'none', which NAS-Bench-301 has not"):
        NB301.build(V1.replace("max_pool_3x3", "none"))
    twice = (genotype.normal.entries[0], *genotype.normal.entries[:1], *genotype.normal.entries[2:])
    with pytest.raises(DataError, match="the normal cell reads node 1 twice in node 2"):
        NB301.build(text(Cell(twice, (2, 3, 4, 5))))
    with pytest.raises(DataError, match=r"the normal cell puts out nodes \[2, 3\], not all"):
        NB301.build(text(genotype.normal._replace(concat=(2, 3))))


@pytest.mark.parametrize(
    "hostile", ["(" * 1999, "Genotype(normal=[" + "('a',1)," * 200, "1" * 1999, "[[" + "(0,1)," * 300]
)
def test_a_hostile_text_is_refused_at_once(hostile):
    assert read_genotype(hostile) is None
    with pytest.raises(DataError, match="expected Genotype"):
        DARTS.parse(hostile)


def test_settings_are_checked_and_the_network_has_its_published_size():
    assert DARTS.settings()["channels"] == 36
    assert NB301.settings() == {
        "network": "suite-zero", "channels": 32, "cells": 8, "imagenet": False, "input_channels": 3,
        "classes": 10,
    }
    for wrong, why in (
        ({"network": "search"}, "network must be one of trained, suite-zero"),
        ({"channels": -1}, "channels must be a whole number above 0"),
        ({"imagenet": 1}, "imagenet must be true or false"),
        ({"classes": "10"}, "classes must be a whole number above 0"),
    ):
        with pytest.raises(ConfigError, match=why):
            get_space("darts", **wrong)


def test_graphs_chain_the_two_cells():
    assert isinstance(DARTS, GraphSpace)
    adjacency, operations = DARTS.graph(V1)
    assert operations == (
        "input", "before_last", "last", *[name for name, _ in DARTS.parse(V1).normal.entries],
        "before_last", "last", *[name for name, _ in DARTS.parse(V1).reduce.entries], "output",
    )
    fed = {(int(a), int(b)) for a, b in zip(*adjacency.nonzero(), strict=True)}
    assert {b for a, b in fed if a == 0} == {1, 2}
    assert {b for a, b in fed if a == 2} == {3, 6, 8}  # the entries that read the last cell
    assert {b for a, b in fed if a == 3} == {10, 11, 12}  # node 2 is read by node 5, and leaves the cell
    assert {a for a, b in fed if b == 21} == set(range(13, 21))
    assert adjacency.shape == (22, 22)


# --- networks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAMILIES)
def test_networks_of_every_operation_keep_the_contract(name):
    """A cell with all operations on the cell's inputs, so that each halves the map once."""
    space = get_space(name, **TINY)
    live = [operation for operation in space.operations if operation != "none"]
    for part in range(0, len(live), 2 * space.nodes):
        names = (live * 4)[part : part + 2 * space.nodes]
        entries = tuple((operation, place % 2) for place, operation in enumerate(names))
        one = Cell(entries, tuple(range(2, 2 + space.nodes)))
        check_network(space, space.format(Genotype(one, one)), images(space, 16))


def test_networks_of_suite_zero_keep_the_contract():
    space = get_space("darts", network="suite-zero", **TINY)
    check_network(space, V1, images(space, 16))
    norms = [m for m in space.build(V1).modules() if isinstance(m, torch.nn.BatchNorm2d)]
    inner = [name for name, m in space.build(V1).named_modules()
             if isinstance(m, torch.nn.BatchNorm2d) and ".operations." in name]
    assert sum(not norm.affine for norm in norms) == len(inner)


@pytest.mark.parametrize("odd", [8, 9, 15])
def test_maps_of_odd_sides_are_halved_alike(odd):
    space = get_space("darts", **TINY)
    assert space.build(V1)(torch.randn(2, 3, odd, odd)).shape == (2, 10)


def test_the_stem_for_imagenet():
    space = get_space("amoeba", imagenet=True, channels=8, cells=4, classes=7)
    check_network(space, AMOEBANET, images(space, 64))
    with unmaterialised():
        network = space.build(AMOEBANET)
        stem = network.stem(torch.zeros(1, 3, 224, 224))
        assert stem.shape == (1, 8, 56, 56)
        assert network.second_stem(stem).shape == (1, 8, 28, 28)
    assert type(network.cells[0].before_last).__name__ == "FactorizedReduce"


def test_a_text_has_its_own_width_and_depth():
    space = get_space("amoeba")
    sized = AMOEBANET.replace("6])", "6], width=8, depth=5)")
    assert sized.endswith("depth=5)")
    with unmaterialised():
        network = space.build(sized)
        assert len(network.cells) == 5
        assert [c.last[1].out_channels for c in network.cells] == [8, 16, 16, 32, 32]
        # The outputs of a cell are as many times wider as nodes leave it: three of each cell here.
        assert network.head[-1].in_features == 3 * 32
        assert len(space.build(AMOEBANET).cells) == 20


# --- counts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("space", "architecture", "params", "expected_macs"),
    [
        (DARTS, V2, 3_349_342, 528_359_040), (DARTS, V1, 3_169_414, 500_987_520),
        (NB301, V1, 862_826, 152_441_856), (NB301, V2, 909_866, 159_765_504),
    ],
)
def test_counts_are_those_worked_out_by_hand(space, architecture, params, expected_macs):
    with unmaterialised():
        network = space.build(architecture)
        assert (parameters(network), macs(network, torch.zeros(1, 3, 32, 32))) == (params, expected_macs)


def check_darts(rows):
    for row in rows:
        with unmaterialised():
            network = DARTS.build(row["architecture"])
            flop = thop_macs(network, torch.zeros(1, 3, 32, 32))
        assert parameters(network) == round(float(row["params"]) * 1e6), row["architecture"]
        assert float(f"{flop / 1e6:.8g}") == float(row["flop"]), row["architecture"]


def check_suite_zero(rows):
    for row in rows:
        with unmaterialised():
            network = NB301.build(row["arch"])
            flops = tw_flops(network, torch.zeros(1, 3, 32, 32))
        found = millions(parameters(network)), millions(flops)
        assert found == (float(row["params"]), float(row["flops"])), row["arch"]


TABLES = {"darts/sample": (check_darts, 200), "suitezero/nasbench301": (check_suite_zero, 362)}


@pytest.mark.parametrize("table", TABLES)
def test_counts_are_the_published_ones(shared, table):
    check, _ = TABLES[table]
    check(random.Random(0).sample(published_rows(shared, table), 6))


@pytest.mark.slow
@pytest.mark.parametrize("table", TABLES)
def test_counts_are_the_published_ones_on_every_row(shared, table):
    check, number = TABLES[table]
    rows = published_rows(shared, table)
    assert len(rows) == number
    check(rows)
