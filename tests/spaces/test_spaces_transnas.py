"""TransNAS-Bench-101: texts, classes and networks, against what its authors and others published."""

import itertools
import random
from collections import Counter

import pytest
import torch
from counting import millions, parameters, unmaterialised
from hypothesis import given
from hypothesis import strategies as st
from space_checks import check_network, check_texts, images, published_rows

from evozc.errors import ConfigError, DataError
from evozc.extraction import tw_flops, used_parameters
from evozc.spaces import GraphSpace, get_space
from evozc.spaces.transnas._network import macro_network

MICRO, MACRO = get_space("transnas-micro"), get_space("transnas-macro")
ALL_MICRO = [MICRO.format(digits) for digits in itertools.product(range(4), repeat=6)]
ALL_MACRO = {
    "".join(digits)
    for depth in (4, 5, 6)
    for digits in itertools.product("1234", repeat=depth)
    if 1 <= sum(d in "24" for d in digits) <= 3 and 1 <= sum(d in "34" for d in digits) <= 4
}
BUSY = "64-41414-2_13_231"
#: One convolution a cell.
SMALL = "64-41414-2_01_010"


# --- texts and classes -----------------------------------------------------------------------------


@pytest.mark.parametrize("space", [MICRO, MACRO], ids=lambda space: space.name)
def test_texts_keep_the_contract(space):
    check_texts(space, distinct=space is MACRO)


def test_the_4096_micro_texts_form_1376_classes_one_of_169_dead_ones():
    keys = [MICRO.canonical_key(text) for text in ALL_MICRO]
    assert len(set(keys)) == 1376
    assert keys.count("dead") == 169
    assert len(ALL_MICRO) == MICRO.count


def test_texts_of_one_trained_network_are_of_one_class(shared):
    """The publishers trained fewer networks than there are texts: equal records are one network's."""
    trained = {}
    for row in published_rows(shared, "transnasbench101/micro"):
        record = tuple(row[task] for task in ("class_scene", "class_object", "jigsaw"))
        trained.setdefault(record, set()).add(MICRO.canonical_key(row["tnb_str"]))
    assert 1376 < len(trained) < 3000
    assert all(len(keys) == 1 for keys in trained.values())


def test_the_3256_macro_texts_are_the_published_ones(shared):
    """Every string of four to six digits, tried one by one."""
    for depth in (4, 5, 6):
        for digits in map("".join, itertools.product("1234", repeat=depth)):
            text = f"64-{digits}-basic"
            if digits in ALL_MACRO:
                assert MACRO.canonical_key(text) == text
            else:
                with pytest.raises(DataError, match=r"one to three layers must double .* one to four halve"):
                    MACRO.canonical_key(text)
    assert len(ALL_MACRO) == MACRO.count == 3256
    for table in ("transnasbench101/macro_sample", "suitezero/transbench101_macro"):
        for row in published_rows(shared, table):
            MACRO.canonical_key(row["tnb_str"])


def test_samples_are_uniform():
    generator = random.Random(0)
    edges = Counter(
        (edge, digit) for _ in range(4000) for edge, digit in enumerate(MICRO.parse(MICRO.sample(generator)))
    )
    assert len(edges) == 24
    assert all(850 < count < 1150 for count in edges.values()), edges
    depths = Counter(len(MACRO.parse(MACRO.sample(generator))) for _ in range(3256))
    expected = Counter(map(len, ALL_MACRO))
    assert all(abs(depths[d] - expected[d]) < 5 * expected[d] ** 0.5 for d in (4, 5, 6)), (depths, expected)


def test_micro_has_18_neighbours():
    own = MICRO.parse(BUSY)
    near = [MICRO.parse(text) for text in MICRO.neighbours(BUSY)]
    assert len(near) == len(set(near)) == 18
    assert all(sum(a != b for a, b in zip(own, other, strict=True)) == 1 for other in near)


def without_one(digits):
    return {digits[:place] + digits[place + 1 :] for place in range(len(digits))}


@pytest.mark.parametrize("own", ["1241", "123412", "33322", "22233"])
def test_neighbours_of_macro_are_all_that_differ_in_one_layer(own):
    near = {
        other for other in ALL_MACRO
        if own in without_one(other) or other in without_one(own)
        or (len(other) == len(own) and sum(a != b for a, b in zip(own, other, strict=True)) == 1)
    }
    found = [text.split("-")[1] for text in MACRO.neighbours(f"64-{own}-basic")]
    assert len(found) == len(set(found))
    assert set(found) == near


@pytest.mark.parametrize(
    ("space", "text", "why"),
    [
        (MICRO, "64-41414-0_00_00", "expected 64-41414-a_bc_def with digits 0 to 3"),
        (MICRO, "64-41414-0_00_004", "expected 64-41414-a_bc_def"),
        (MICRO, "64-41414-basic", "expected 64-41414-a_bc_def"),
        (MICRO, "(1, 0, 0, 2, 2, 3)", "expected 64-41414-a_bc_def"),
        (MICRO, "64-1234-basic", "expected 64-41414-a_bc_def"),
        (MACRO, BUSY, "expected 64-<four to six digits from 1 to 4>-basic"),
        (MACRO, "64-124-basic", "expected 64-<four to six digits"),
        (MACRO, "64-1234123-basic", "expected 64-<four to six digits"),
        (MACRO, "64-124200-basic", "expected 64-<four to six digits"),
        (MACRO, "64-1112-basic", "one to three layers must double"),
        (MACRO, "64-4444-basic", "one to three layers must double"),
    ],
)
def test_a_text_of_another_kind_is_refused(space, text, why):
    with pytest.raises(DataError, match=f"'s {space.name.split('-')[1]} space: {why}"):
        space.build(text)


@given(st.text(alphabet="0123456-_basic", max_size=20))
def test_any_other_text_is_a_data_error(text):
    for space, known in ((MICRO, ALL_MICRO), (MACRO, {f"64-{digits}-basic" for digits in ALL_MACRO})):
        if text not in known:
            with pytest.raises(DataError, match="not of TransNAS-Bench-101"):
                space.parse(text)


def test_settings_are_checked_and_a_task_has_its_published_head():
    assert get_space("transnas-macro", task="jigsaw").settings() == {
        "task": "jigsaw", "classes": 1000, "input_channels": 3
    }
    with pytest.raises(ConfigError, match="task must be one of class_scene, class_object"):
        get_space("transnas-micro", task="scene")
    for wrong in (-1, False, 1.5):
        with pytest.raises(ConfigError, match="classes must be a whole number above 0"):
            get_space("transnas-micro", classes=wrong)


def test_graphs_follow_the_edges_of_the_cell():
    assert isinstance(MICRO, GraphSpace)
    assert not isinstance(MACRO, GraphSpace)
    adjacency, operations = MICRO.graph("64-41414-3_01_230")
    assert operations == (
        "input", "nor_conv_3x3", "none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "none", "output"
    )
    fed = {(int(a), int(b)) for a, b in zip(*adjacency.nonzero(), strict=True)}
    assert fed == {(0, 1), (0, 4), (1, 3), (1, 5), (4, 7), (5, 7)}


# --- networks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["class_scene", "room_layout", "jigsaw", "segmentsemantic", "normal"])
def test_networks_of_every_kind_of_task_keep_the_contract(task):
    space = get_space("transnas-micro", task=task)
    check_network(space, SMALL, images(space, 32))


def test_networks_of_macro_keep_the_contract():
    check_network(MACRO, "64-1132-basic", images(MACRO, 32))
    small = get_space("transnas-macro", task="room_layout", classes=2, input_channels=1)
    check_network(small, "64-2133-basic", images(small, 64))


@pytest.mark.parametrize("task", ["segmentsemantic", "autoencoder", "normal"])
@pytest.mark.parametrize("digits", ["1132", "3321", "3413", "3334"])
def test_maps_are_as_large_as_the_images(task, digits):
    space = get_space("transnas-macro", task=task)
    with unmaterialised():
        network = space.build(space.format(digits))
        assert network(torch.zeros(1, 3, 256, 256)).shape == (1, space.outputs.size, 256, 256)


def test_weights_are_drawn_as_published():
    torch.manual_seed(0)
    network = MICRO.build(SMALL)
    last = network.encoder.body[-1].edges[0][1].weight
    assert last.shape == (512, 512, 1, 1)
    for convolution in (last, network.encoder.stem[0].weight):
        fan_out = convolution.shape[0] * convolution.shape[2] * convolution.shape[3]
        assert convolution.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
    head = network.head[-1].weight
    assert head.abs().max().item() == pytest.approx(512**-0.5, rel=0.01)  # uniform, torch's default


def outputs_with_equal_kernels(architecture):
    """What a network gives whose convolutions of one shape all have the same weights."""
    network = MICRO.build(architecture).eval()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                ramp = torch.linspace(-0.5, 1, weight.numel()).reshape(weight.shape)
                weight.copy_(ramp / weight[0].numel())
        network.head[-1].bias.zero_()
        return network(torch.linspace(-1, 1, 2 * 3 * 32 * 32).reshape(2, 3, 32, 32))


def test_cells_of_one_class_compute_the_same():
    classes = {}
    for architecture in ALL_MICRO:
        classes.setdefault(MICRO.canonical_key(architecture), []).append(architecture)
    several = [members for key, members in classes.items() if key != "dead" and len(members) > 1]
    for members in random.Random(1).sample(several, 5):
        left, right = (outputs_with_equal_kernels(members[k]) for k in (0, -1))
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-6)


# --- counts ----------------------------------------------------------------------------------------


def counted(space, architecture, size=256):
    """Parameters and torchstat's FLOPs, in millions."""
    tiles = (9, 3, 64, 64) if space.task == "jigsaw" else (3, size, size)
    with unmaterialised():
        network = space.build(architecture)
        return millions(parameters(network)), millions(tw_flops(network, torch.zeros(1, *tiles)))


@pytest.mark.parametrize(
    ("architecture", "params", "flops"),
    [
        ("64-41414-0_00_000", 51_807, 91_824_128), ("64-41414-1_11_111", 573_279, 170_074_112),
        ("64-41414-2_22_222", 4_678_239, 1_038_983_168), ("64-41414-3_33_333", 41_443_935, 8_488_067_072),
        ("64-41414-0_00_300", 6_176_351, 1_378_066_432), ("64-1234-basic", 3_416_415, 4_014_366_720),
        ("64-444311-basic", 39_657_823, 2_163_363_840),
    ],
)
def test_counts_are_those_worked_out_by_hand(architecture, params, flops):
    space = MACRO if "basic" in architecture else MICRO
    with unmaterialised():
        network, image = space.build(architecture), torch.zeros(1, 3, 256, 256)
        assert (parameters(network), tw_flops(network, image)) == (params, flops)


def test_counts_of_a_chain_without_stride_which_is_outside_the_space():
    with unmaterialised():
        network, image = macro_network(64, "1112", "class_scene", 63, 3), torch.zeros(1, 3, 256, 256)
        assert (used_parameters(network, image), tw_flops(network, image)) == (997_087, 4_068_237_312)


@pytest.mark.parametrize(
    ("task", "params"),
    [("class_object", 41_462_916), ("room_layout", 41_416_233), ("jigsaw", 46_020_616),
     ("segmentsemantic", 52_435_793), ("autoencoder", 64_283_475), ("normal", 64_283_475)],
)
def test_parameters_of_every_task(task, params):
    with unmaterialised():
        network = get_space("transnas-micro", task=task).build("64-41414-3_33_333")
    assert parameters(network) == params


def check_published(name, rows):
    for row in rows:
        space = get_space(name, task=row["task"])
        expected = float(row["params"]), float(row["flops"])
        assert counted(space, row["tnb_str"]) == expected, (row["tnb_str"], row["task"])


TABLES = {
    "transnas-micro": "suitezero/transbench101_micro",
    "transnas-macro": "suitezero/transbench101_macro",
}


@pytest.mark.parametrize("name", TABLES)
def test_counts_are_the_published_ones(shared, name):
    check_published(name, random.Random(0).sample(published_rows(shared, TABLES[name]), 12))


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_counts_are_the_published_ones_on_every_row(shared, name):
    rows = published_rows(shared, TABLES[name])
    assert Counter(row["task"] for row in rows) == {
        "transnas-micro": {"class_scene": 355, "class_object": 355, "jigsaw": 355},
        "transnas-macro": {"class_scene": 330, "jigsaw": 362},
    }[name]
    check_published(name, rows)
