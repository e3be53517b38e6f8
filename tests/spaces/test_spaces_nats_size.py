"""The size space of NATS-Bench: texts and networks, against counts worked out by hand."""

import random
from collections import Counter

import pytest
import torch
from counting import macs, parameters, unmaterialised
from space_checks import check_network, check_texts, images

from evozc.errors import ConfigError, DataError
from evozc.spaces import get_space
from evozc.spaces.nats_size._space import WIDTHS

SPACE = get_space("nats-size")


def test_texts_keep_the_contract():
    check_texts(SPACE)
    assert SPACE.count == 32768


def test_samples_are_uniform_over_the_widths_of_every_layer():
    generator = random.Random(0)
    drawn = [SPACE.parse(SPACE.sample(generator)) for _ in range(8000)]
    for layer in range(5):
        counts = Counter(widths[layer] for widths in drawn)
        assert set(counts) == set(WIDTHS)
        assert all(850 < count < 1150 for count in counts.values()), counts


def test_the_35_neighbours_differ_in_one_width():
    own = (8, 64, 8, 16, 24)
    near = [SPACE.parse(text) for text in SPACE.neighbours(SPACE.format(own))]
    assert len(near) == len(set(near)) == 35
    assert all(sum(a != b for a, b in zip(own, other, strict=True)) == 1 for other in near)


@pytest.mark.parametrize(
    ("text", "why"),
    [("8:8:8:8", "expected five widths as 64:32:16:48:8"), ("8:8:8:8:8:8", "expected five widths"),
     ("8:8:8:8:9", "unknown width 9; known are 8, 16, 24"), ("8:8:8:08:8", "expected five widths"),
     ("0:8:8:8:8", "unknown width 0"), ("8:8:8:8:640", "expected five widths")],
)
def test_a_text_of_another_kind_is_refused(text, why):
    with pytest.raises(DataError, match=f"not of NATS-Bench's size space: {why}"):
        SPACE.canonical_key(text)


def test_settings_are_checked():
    with pytest.raises(ConfigError, match="classes must be a whole number above 0"):
        get_space("nats-size", classes=0)


@pytest.mark.parametrize("architecture", ["8:8:8:8:8", "16:8:24:24:64"])
def test_networks_keep_the_contract(architecture):
    check_network(SPACE, architecture, images(SPACE, 32))
    check_network(get_space("nats-size", input_channels=1, classes=3), architecture,
                  torch.randn(2, 1, 16, 16))


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [("8:8:8:8:8", (11_714, 4_481_104)), ("64:64:64:64:64", (713_674, 274_399_872)),
     ("64:32:16:48:8", (271_306, 204_771_408)), ("16:16:32:32:64", (225_466, 33_866_368))],
)
def test_counts_are_those_worked_out_by_hand(architecture, expected):
    with unmaterialised():
        network = SPACE.build(architecture)
        assert (parameters(network), macs(network, torch.empty(1, 3, 32, 32))) == expected
