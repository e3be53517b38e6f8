"""NAS-Bench-101: texts, cells and networks, against what its authors and others published."""

import itertools
import json
import random

import pytest
import torch
from counting import millions, parameters, unmaterialised
from hypothesis import given
from hypothesis import strategies as st
from space_checks import check_network, check_texts, images, published_rows

from evozc.errors import ConfigError, DataError
from evozc.extraction import tw_flops
from evozc.spaces import get_space
from evozc.spaces.nasbench101._network import channels_of
from evozc.spaces.nasbench101._space import OPERATIONS, Cell

SPACE = get_space("nasbench101")
TINY = get_space("nasbench101", channels=8, stacks=2, modules=1)
CONV3, CONV1, POOL = OPERATIONS


def text(fed, *inner):
    """The text of a cell by what feeds each vertex after the input."""
    return SPACE.format(Cell((frozenset(), *map(frozenset, fed)), ("input", *inner, "output")))


@st.composite
def cells(draw):
    """Cells of two to seven vertices, allowed or not."""
    size = draw(st.integers(2, 7))
    fed = [draw(st.sets(st.integers(0, vertex - 1))) if vertex else set() for vertex in range(size)]
    inner = draw(st.lists(st.sampled_from(OPERATIONS), min_size=size - 2, max_size=size - 2))
    return Cell(tuple(map(frozenset, fed)), ("input", *inner, "output"))


# --- texts and classes -----------------------------------------------------------------------------


def test_texts_keep_the_contract():
    check_texts(SPACE, distinct=False)


@given(cells())
def test_what_is_formatted_is_parsed_back_or_refused_with_a_reason(cell):
    try:
        assert SPACE.parse(SPACE.format(cell)) == cell
    except DataError as error:
        pruned = cell.pruned()
        why = "no path leads" if not pruned.fed else f"{pruned.edges} edges lie between input and output"
        assert why in str(error)  # noqa: PT017 - either outcome is right


@given(cells(), st.randoms(use_true_random=False))
def test_isomorphic_cells_share_a_key(cell, generator):
    """The inner vertices in any other order that keeps edges forward, and with a vertex that dangles."""
    if not cell.pruned().fed or cell.pruned().edges > 9:
        return
    size = len(cell.fed)
    order, left = [], set(range(size))
    while left:
        free = [v for v in left if not cell.fed[v] & left and (v != size - 1 or left == {v})]
        vertex = 0 if 0 in left else generator.choice(sorted(free))
        order.append(vertex)
        left.remove(vertex)
    places = {vertex: place for place, vertex in enumerate(order)}
    moved = Cell(
        tuple(frozenset(places[s] for s in cell.fed[v]) for v in order),
        tuple(cell.operations[v] for v in order),
    )
    key = SPACE.canonical_key(SPACE.format(cell))
    assert SPACE.canonical_key(SPACE.format(moved)) == key
    assert SPACE.canonical_key(SPACE.format(cell.pruned())) == key
    last = size - 1
    dangling = Cell(
        (*cell.fed[:last], frozenset({0}), frozenset(cell.fed[last])),
        (*cell.operations[:last], POOL, "output"),
    )
    assert SPACE.canonical_key(SPACE.format(dangling)) == key


@pytest.mark.parametrize(("vertices", "classes"), [(2, 1), (3, 6), (4, 84), (5, 2441)])
def test_all_cells_of_few_vertices_fall_into_the_published_number_of_classes(vertices, classes):
    """Of the 423,624 cells 359,082 have seven vertices, 62,010 six, and so on."""
    keys = set()
    pairs = list(itertools.combinations(range(vertices), 2))
    for bits in itertools.product((0, 1), repeat=len(pairs)):
        edges = list(itertools.compress(pairs, bits))
        fed = tuple(frozenset(a for a, b in edges if b == vertex) for vertex in range(vertices))
        bare = Cell(fed, ("input", *[POOL] * (vertices - 2), "output"))
        if len(bare.live()) == vertices and len(edges) <= 9:
            for inner in itertools.product(OPERATIONS, repeat=vertices - 2):
                keys.add(SPACE.canonical_key(SPACE.format(Cell(fed, ("input", *inner, "output")))))
    assert len(keys) == classes


def test_draws_are_as_often_allowed_as_in_the_literature():
    """The share of seven-vertex texts that are allowed is 73.2 %, over all bits."""
    generator, allowed = random.Random(0), 0
    for _ in range(4000):
        fed = [frozenset(s for s in range(v) if generator.random() < 0.5) for v in range(7)]
        try:
            SPACE.parse(SPACE.format(Cell(tuple(fed), ("input", *[POOL] * 5, "output"))))
        except DataError:
            continue
        allowed += 1
    assert allowed / 4000 == pytest.approx(0.732, abs=0.03)


def test_a_suite_zero_tuple_is_the_same_cell_padded(shared):
    document = json.loads((shared / "suitezero" / "zc_nasbench101_v0.json").read_text())
    texts = list(document["nasbench101"]["cifar10"])
    assert len(texts) == 200
    for architecture in texts:
        cell = SPACE.parse(architecture)
        assert len(cell.fed) == 7
        assert SPACE.canonical_key(SPACE.format(cell)) == SPACE.canonical_key(architecture)
    assert SPACE.parse("(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 2, 1)") == SPACE.parse(text([{0}, {1}], POOL))


def test_published_columns_are_read(shared):
    rows = published_rows(shared, "nasbench101/sample")
    assert len(rows) == 400
    for row in rows:
        cell = SPACE.parse(SPACE.from_columns(row))
        assert (len(cell.fed), cell.edges) == (int(row["n_nodes"]), int(row["n_edges"]))
    with pytest.raises(DataError, match="no column 'matrix'"):
        SPACE.from_columns({"ops": "input|output"})


@pytest.mark.parametrize(
    ("architecture", "why"),
    [
        ("", "expected <bits of the matrix, row by row>:input"),
        ("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", "expected <bits"),
        ("(1, 0, 1, 4, 0, 1)", "expected <bits .* or NAS-Bench-Suite-Zero's tuple"),
        ("(0, 1, 0, 0, 0, 1, 0, 0)", "8 numbers are no matrix and its operations"),
        ("0100010:input|maxpool3x3|output", "3 operations need 9 bits, not 7"),
        ("010001000:input|maxpool5x5|output", "unknown operation 'maxpool5x5'; known are conv3x3"),
        ("010001000:input|maxpool3x3|maxpool3x3", "must begin with input and end with output"),
        ("010001000:output|maxpool3x3|input", "must begin with input and end with output"),
        ("010001000:input|input|output", "unknown operation 'input'"),
        ("010001100:input|maxpool3x3|output", "upper triangular"),
        ("110001000:input|maxpool3x3|output", "upper triangular"),
        ("0000:input|output", "no path leads from input to output"),
        ("010000000:input|maxpool3x3|output", "no path leads from input to output"),
        (text([{0}, {1}, {2}, {3}, {4}, {5}, {6}], *[POOL] * 6), "8 vertices lie between .* at most 7 may"),
        (text([{0}, {0, 1}, {0, 1, 2}, {0, 1, 2, 3}], *[POOL] * 3), "10 edges lie between .* at most 9 may"),
    ],
)
def test_a_text_that_is_no_cell_is_refused_with_the_reason(architecture, why):
    for method in (SPACE.canonical_key, SPACE.build, SPACE.graph, SPACE.neighbours):
        with pytest.raises(DataError, match=f"not of NAS-Bench-101: .*{why}"):
            method(architecture)


def test_limits_are_those_of_the_cell_without_dangling_vertices():
    chain = [{0}, {1}, {2}, {3}, {4}, {5}]
    assert len(SPACE.parse(text([*chain[:5], {0, 1, 2, 3, 4}, {5}], *[POOL] * 6)).pruned().fed) == 7


def test_neighbours_show():
    own = text([{0}, {0}, {1}], CONV3, POOL)  # the pool feeds nothing
    near = SPACE.neighbours(own)
    key = SPACE.canonical_key(own)
    assert all(SPACE.canonical_key(other) != key for other in near)
    # Two other operations of the convolution; the pool fed by it as well changes nothing, feeding the output
    # does; so does the input, if it feeds the output too.
    assert set(near) == {
        text([{0}, {0}, {1}], CONV1, POOL), text([{0}, {0}, {1}], POOL, POOL),
        text([{0}, {0}, {1, 2}], CONV3, POOL), text([{0}, {0}, {0, 1}], CONV3, POOL),
    }


def test_settings_are_checked():
    with pytest.raises(ConfigError, match="channels must be at least 5, not 4"):
        get_space("nasbench101", channels=4)
    with pytest.raises(ConfigError, match="stacks must be a whole number above 0"):
        get_space("nasbench101", stacks=0)


def test_graphs_are_those_of_the_cell():
    adjacency, operations = SPACE.graph(text([{0}, {0}, {1}, {0, 3}], CONV3, POOL, CONV1))
    assert operations == ("input", CONV3, CONV1, "output")
    fed = {(int(a), int(b)) for a, b in zip(*adjacency.nonzero(), strict=True)}
    assert fed == {(0, 1), (1, 2), (2, 3), (0, 3)}


# --- networks --------------------------------------------------------------------------------------


def test_channels_are_shared_as_published():
    assert channels_of([{}, {0}, {0}, {0}, {1, 2, 3}], 128)[1:4] == [43, 43, 42]
    assert channels_of([{}, {0}, {1}, {1, 2}, {0, 2, 3}], 128)[1:4] == [64, 64, 64]
    assert channels_of([{}, {0}, {1}, {1}, {2, 3}], 9)[1:4] == [5, 5, 4]  # as wide as the widest it feeds


@pytest.mark.parametrize(
    "architecture",
    [text([{0}]), text([{0}, {1}], POOL), text([{0}, {1}, {1}, {0, 2, 3}], CONV3, CONV1, POOL),
     text([{0}, {0, 1}, {0}, {1, 2, 3}], CONV1, CONV1, CONV3)],
)
def test_networks_keep_the_contract(architecture):
    check_network(TINY, architecture, images(TINY, 16))
    other = get_space("nasbench101", channels=9, stacks=3, modules=2, input_channels=1, classes=3)
    check_network(other, architecture, images(other, 8))


def test_weights_are_drawn_as_published():
    torch.manual_seed(0)
    network = get_space("nasbench101", channels=64, stacks=1, modules=1).build(text([{0}, {1}], CONV3))
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            fan_out = module.kernel_size[0] ** 2 * module.out_channels
            assert module.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.06)
    assert network.head.weight.std().item() == pytest.approx(0.01, rel=0.1)
    assert not network.head.bias.any()


def counted(architecture):
    with unmaterialised():
        network = SPACE.build(architecture)
        return parameters(network), tw_flops(network, torch.zeros(1, 3, 32, 32))


@pytest.mark.parametrize(
    ("architecture", "params"),
    [(text([{0}]), 882_570), (text([{0}, {1}], POOL), 882_570), (text([{0}, {1}], CONV1), 1_920_138),
     (text([{0}, {1}], CONV3), 10_177_674), (text([{0}, {1}, {0, 2}], CONV3, CONV3), 20_346_506)],
)
def test_parameters_are_those_worked_out_by_hand(architecture, params):
    assert counted(architecture)[0] == params


def check_published(rows):
    for row in rows:
        found = tuple(map(millions, counted(SPACE.from_columns(row))))
        assert found == (float(row["params"]), float(row["flops"])), row


def test_counts_are_the_published_ones(shared):
    rows = published_rows(shared, "suitezero/nasbench101")
    check_published(random.Random(0).sample(rows, 25))
    document = json.loads((shared / "suitezero" / "zc_nasbench101_v0.json").read_text())
    records = document["nasbench101"]["cifar10"]
    for architecture in random.Random(1).sample(list(records), 10):
        params, flops = counted(architecture)
        assert (params, flops) == (
            round(records[architecture]["params"] * 1e6), round(records[architecture]["flops"] * 1e6)
        )


@pytest.mark.slow
def test_counts_are_the_published_ones_on_every_row(shared):
    rows = published_rows(shared, "suitezero/nasbench101")
    assert len(rows) == 250
    check_published(rows)
