"""MnasNet: texts and networks, against what Accel-NASBench published."""

import random

import pytest
import torch
from counting import millions, parameters, unmaterialised
from hypothesis import given
from hypothesis import strategies as st
from space_checks import check_network, check_texts, images, published_rows

from evozc.errors import DataError
from evozc.extraction import thop_macs
from evozc.spaces import get_space

SPACE = get_space("mnasnet")
SMALLEST = "-".join(["e1k3l1se0"] * 7)
LARGEST = "-".join(["e6k5l3se1"] * 5 + ["e6k5l4se1", "e6k5l3se1"])


def test_texts_keep_the_contract():
    check_texts(SPACE)


@given(st.integers(0, 10**6))
def test_what_is_parsed_is_formatted_back(seed):
    text = SPACE.sample(random.Random(seed))
    assert SPACE.format(SPACE.parse(text)) == text == SPACE.canonical_key(text)


def test_the_neighbours_differ_in_one_field():
    near = SPACE.neighbours(LARGEST)
    assert len(near) == 6 * (2 + 1 + 2 + 1) + (2 + 1 + 3 + 1)
    for other in near:
        assert sum(a != b for a, b in zip(LARGEST, other, strict=True)) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [(("k3", "k7"), "recipe 'e1k7l1se0' of block b0"), (("e1", "e3"), "block b0"), (("l1", "l4"), "l1 to l3"),
     (("se0", "se2"), "block b0"), (("-", "|"), "found 1"), (("e1k3l1se0-", ""), "found")],
)
def test_a_wrong_recipe_is_named(change, message):
    with pytest.raises(DataError, match=message):
        SPACE.parse(SMALLEST.replace(*change, 6))


def test_the_sixth_block_alone_may_have_four_layers():
    SPACE.parse("-".join(["e1k3l1se0"] * 5 + ["e1k3l4se0", "e1k3l1se0"]))
    with pytest.raises(DataError, match="block b6"):
        SPACE.parse("-".join(["e1k3l1se0"] * 6 + ["e1k3l4se0"]))


@pytest.mark.parametrize("architecture", [SMALLEST, LARGEST])
def test_networks_keep_the_contract(architecture):
    check_network(SPACE, architecture, images(SPACE, 64))


def check_published(rows):
    for row in rows:
        architecture = SPACE.from_columns(row)
        with unmaterialised():
            network = SPACE.build(architecture)
            counts = parameters(network), thop_macs(network, torch.empty(1, 3, 224, 224))
        assert tuple(map(millions, counts)) == (float(row["params"]), float(row["macs"])), architecture


def test_counts_are_the_published_ones(shared):
    check_published(random.Random(0).sample(published_rows(shared, "mnasnet/sample"), 25))


@pytest.mark.slow
def test_counts_are_the_published_ones_on_every_row(shared):
    check_published(published_rows(shared, "mnasnet/sample"))
