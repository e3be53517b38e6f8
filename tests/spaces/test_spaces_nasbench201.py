"""NAS-Bench-201: texts, classes and networks, against what its authors published."""

import csv
import gzip
import itertools
import random
import time
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from evozc.errors import ConfigError, DataError
from evozc.spaces import NasBench201, get_space
from evozc.spaces.nasbench201._space import EDGES, OPERATIONS

SPACE = NasBench201()
ALL = [NasBench201.format(operations) for operations in itertools.product(OPERATIONS, repeat=len(EDGES))]
BEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
SETTINGS = [
    {},
    {"channels": 4, "cells": 1, "stages": 1, "input_channels": 1, "classes": 2},
    {"channels": 3, "cells": 2, "stages": 2, "classes": 100},
    {"channels": 1, "cells": 1, "stages": 4, "input_channels": 2, "classes": 1},
]

six = st.tuples(*[st.sampled_from(OPERATIONS)] * len(EDGES))
architectures = six.map(NasBench201.format)


@pytest.fixture(scope="module")
def keys():
    return {architecture: SPACE.canonical_key(architecture) for architecture in ALL}


@pytest.fixture(scope="module")
def published_keys():
    return {architecture: SPACE.published_key(architecture) for architecture in ALL}


@pytest.fixture(scope="module")
def published(shared):
    with gzip.open(shared / "nasbench201" / "accuracy.csv.gz", "rt") as file:
        return list(csv.DictReader(file))


# --- texts and classes -----------------------------------------------------------------------------


def test_the_15625_texts_form_5260_exact_and_6466_published_classes(keys, published_keys):
    assert len(keys) == 15625
    assert len(set(keys.values())) == 5260
    assert len(set(published_keys.values())) == 6466


def test_the_published_rule_mixes_430_groups_and_splits_688(keys, published_keys):
    exact, published = {}, {}
    for architecture, key in keys.items():
        exact.setdefault(key, set()).add(published_keys[architecture])
        published.setdefault(published_keys[architecture], set()).add(key)
    assert sum(len(rules) > 1 for rules in exact.values()) == 688
    mixed = [group for group in published.values() if len(group) > 1]
    assert len(mixed) == 430
    # What it mixes are networks of different size.
    assert all(len({key.count("conv") for key in group}) > 1 for group in mixed)


def test_the_classes_are_the_published_ones(published_keys, published):
    assert {row["arch_str"] for row in published} == set(ALL)
    pairs = {(published_keys[row["arch_str"]], row["iso_group"]) for row in published}
    # As many pairs as keys and as groups: each key goes with one group and the other way round.
    assert len(pairs) == len({key for key, _ in pairs}) == len({group for _, group in pairs})


@given(six)
def test_what_is_formatted_is_parsed_back(operations):
    assert SPACE.parse(NasBench201.format(operations)) == operations


@given(st.integers())
def test_a_sample_is_valid_and_decided_by_the_generator(seed):
    left, right = random.Random(seed), random.Random(seed)
    drawn = [SPACE.sample(left) for _ in range(5)]
    assert drawn == [SPACE.sample(right) for _ in range(5)]
    assert all(NasBench201.format(SPACE.parse(architecture)) == architecture for architecture in drawn)


def test_samples_are_uniform_over_the_operations_of_every_edge():
    generator = random.Random(0)
    drawn = [SPACE.parse(SPACE.sample(generator)) for _ in range(5000)]
    for edge in range(len(EDGES)):
        counts = Counter(operations[edge] for operations in drawn)
        assert set(counts) == set(OPERATIONS)
        assert all(850 < count < 1150 for count in counts.values()), counts  # 5 standard deviations


@given(architectures)
def test_the_24_neighbours_differ_in_one_edge(architecture):
    near = SPACE.neighbours(architecture)
    own = SPACE.parse(architecture)
    assert len(near) == len(set(near)) == 24
    for other in near:
        assert sum(a != b for a, b in zip(own, SPACE.parse(other), strict=True)) == 1


# --- texts that are no architectures ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("skip_conect", "skip_connect"), ("nor_conv_5x5", "nor_conv_"), ("avgpool_3x3", "avg_pool_3x3"),
     ("non", "none"), ("nor_conv_1x", "nor_conv_1x1")],
)
@pytest.mark.parametrize("edge", range(6))
def test_an_unknown_operation_is_named_with_the_nearest_known_one(wrong, near, edge):
    operations = ["none"] * 6
    operations[edge] = wrong
    with pytest.raises(DataError) as caught:
        SPACE.parse(NasBench201.format(tuple(operations)))
    assert f"unknown operation {wrong!r}; did you mean '{near}" in str(caught.value)


def test_an_operation_near_to_none_is_named_without_a_guess():
    with pytest.raises(DataError, match=r"unknown operation 'zzzz' \(known: none, skip_connect"):
        SPACE.parse(BEST.replace("skip_connect", "zzzz"))


@pytest.mark.parametrize(
    "text",
    ["", "|", BEST[:-1], BEST[1:], BEST + "|", " " + BEST, BEST + "\n", BEST.replace("~1", "~2"),
     BEST.replace("+", "|"),
     BEST + "+" + BEST, BEST.replace("~0", "~\N{ARABIC-INDIC DIGIT ZERO}"), "(1, 0, 1, 4, 0, 1)"],
)
def test_a_text_of_another_shape_is_refused_with_the_shape_expected(text):
    with pytest.raises(DataError, match=r"\|op~0\|\+\|op~0\|op~1\|\+\|op~0\|op~1\|op~2\|"):
        SPACE.canonical_key(text)


@pytest.mark.parametrize("method", ["parse", "canonical_key", "neighbours", "build"])
@pytest.mark.parametrize("value", [None, 3, b"|none~0|", ("none",) * 6, float("nan")])
def test_what_is_no_text_is_refused(method, value):
    with pytest.raises(DataError, match="is not of NAS-Bench-201"):
        getattr(SPACE, method)(value)


@given(st.text() | st.text(alphabet="|+~012none_skipconv13x") | architectures.flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.text(max_size=3)).map(
        lambda edit: text[: edit[0]] + edit[1] + text[edit[0] + 1 :]
    )
))
def test_any_text_is_an_architecture_or_a_data_error(text):
    if text in ALL:
        assert NasBench201.format(SPACE.parse(text)) == text
    else:
        with pytest.raises(DataError) as caught:
            SPACE.parse(text)
        assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("text", ["a" * 100_000, "|none~0" * 20_000, "none~0" + "_" * 100_000])
def test_a_huge_text_is_refused_at_once(text):
    started = time.process_time()
    with pytest.raises(DataError) as caught:
        SPACE.canonical_key(text)
    assert time.process_time() - started < 0.5
    assert len(str(caught.value)) < 1000


# --- networks --------------------------------------------------------------------------------------


def test_parameter_counts_are_the_published_ones(shared, published):
    with gzip.open(shared / "nasbench201" / "suitezero13.csv.gz", "rt") as file:
        params = {row["index"]: float(row["params"]) for row in csv.DictReader(file)}
    offered = [row for row in published if row["index"] in params]
    for row in [offered[0], offered[-1], *random.Random(1).sample(offered, 6)]:
        network = SPACE.build(row["arch_str"])
        millions = sum(weight.numel() for weight in network.parameters()) / 1e6
        assert millions == pytest.approx(params[row["index"]], abs=1e-6), row["arch_str"]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("architecture", [BEST, ALL[0], ALL[-1], ALL[5000]])
def test_a_network_maps_images_to_one_row_of_outputs_each(settings, architecture):
    space = NasBench201(**settings)
    network = space.build(architecture)
    images = torch.randn(2, space.input_channels, 8, 8)
    outputs = network(images)
    assert outputs.shape == (2, space.classes)
    assert torch.isfinite(outputs).all()
    assert len(space.blocks(network)) == space.stages * (space.cells + 1)


def test_weights_come_from_torch_random_state():
    def first_weights(seed):
        torch.manual_seed(seed)
        return torch.cat([w.detach().flatten() for w in NasBench201(cells=1).build(BEST).parameters()])

    assert torch.equal(first_weights(1), first_weights(1))
    assert not torch.equal(first_weights(1), first_weights(2))


def outputs_with_equal_kernels(architecture):
    """What a small network gives whose convolutions of one size all have the same weights."""
    network = NasBench201(channels=2, cells=1, stages=1, classes=3).build(architecture).eval()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.copy_(torch.linspace(-0.5, 1, weight.numel()).reshape(weight.shape))
        network.head.bias.zero_()
        return network(torch.linspace(-1, 1, 2 * 3 * 6 * 6).reshape(2, 3, 6, 6))


def test_a_convolution_used_twice_is_not_two_of_them():
    two = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    one = "|nor_conv_1x1~0|+|avg_pool_3x3~0|skip_connect~1|+|avg_pool_3x3~0|skip_connect~1|skip_connect~2|"
    assert SPACE.published_key(two) == SPACE.published_key(one)
    assert SPACE.canonical_key(two).count("conv") == 2
    assert SPACE.canonical_key(one).count("conv") == 1


def test_cells_of_one_class_compute_the_same(keys):
    classes = {}
    for architecture, key in keys.items():
        classes.setdefault(key, []).append(architecture)
    several = [members for members in classes.values() if len(members) > 1]
    seen = set()
    for members in random.Random(3).sample(several, 15):
        left, right = (outputs_with_equal_kernels(members[k]) for k in (0, -1))
        torch.testing.assert_close(left, right)
        seen.add(tuple(left.flatten().tolist()))
    assert len(seen) > 10  # other classes compute something else


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_settings_build_the_same_space_again(settings):
    space = NasBench201(**settings)
    assert get_space(space.name, **space.settings()) == space


@pytest.mark.parametrize("key", ["channels", "cells", "stages", "input_channels", "classes"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "16", None, True])
def test_a_setting_that_is_no_positive_whole_number_is_refused(key, value):
    with pytest.raises(ConfigError, match=f"{key} must be a whole number above 0"):
        get_space("nasbench201", **{key: value})


@pytest.mark.parametrize("name", ["resnets", "", "NASBENCH201", "../nasbench201"])
def test_an_unknown_space_is_refused_with_the_known_ones(name):
    with pytest.raises(ConfigError, match=r"unknown search space .*; known are .*nasbench201"):
        get_space(name)


def test_a_setting_that_the_space_does_not_have_is_refused_by_name():
    with pytest.raises(ConfigError, match=r"'nasbench201'.*'width'"):
        get_space("nasbench201", width=3)


def test_graphs_follow_the_edges_of_the_cell():
    text = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|nor_conv_1x1~0|avg_pool_3x3~1|none~2|"
    adjacency, operations = NasBench201().graph(text)
    assert operations == (
        "input", "nor_conv_3x3", "none", "skip_connect", "nor_conv_1x1", "avg_pool_3x3", "none", "output"
    )
    assert adjacency.dtype == bool
    fed = {(int(a), int(b)) for a, b in zip(*adjacency.nonzero(), strict=True)}
    assert fed == {(0, 1), (0, 4), (1, 3), (1, 5), (4, 7), (5, 7)}
    assert set(operations) <= set(NasBench201.graph_operations)
