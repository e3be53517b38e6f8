"""NAS-Bench-Macro: texts, classes and networks, against what its authors published."""

import itertools
import random
from collections import Counter

import pytest
import torch
from counting import macs, parameters, unmaterialised
from space_checks import check_network, check_texts, images, published_rows

from evozc.errors import ConfigError, DataError
from evozc.spaces import get_space

SPACE = get_space("nasbench-macro")
ALL = ["".join(digits) for digits in itertools.product("012", repeat=8)]


def test_texts_keep_the_contract():
    check_texts(SPACE)


def test_the_6561_texts_are_3969_networks():
    assert len(ALL) == SPACE.count
    keys = {text: SPACE.canonical_key(text) for text in ALL}
    assert len(set(keys.values())) == 3969
    assert all(keys[key] == key for key in keys.values())


def test_samples_are_uniform_over_networks():
    generator = random.Random(0)
    counts = Counter(SPACE.sample(generator)[:2] for _ in range(9000))
    assert set(counts) == {"".join(two) for two in itertools.product("012", repeat=2)}
    assert all(850 < count < 1150 for count in counts.values()), counts


@pytest.mark.parametrize("text", ["0000000", "000000000", "00000003", "0000 000", "OOOOOOOO"])
def test_a_text_of_another_kind_is_refused_with_an_example(text):
    with pytest.raises(DataError, match=r"not of NAS-Bench-Macro: expected eight digits .* as 12012012"):
        SPACE.canonical_key(text)


def test_settings_are_checked():
    with pytest.raises(ConfigError, match="classes must be a whole number above 0"):
        get_space("nasbench-macro", classes=0)


@pytest.mark.parametrize("architecture", ["00000000", "12012012", "22222222"])
def test_networks_keep_the_contract(architecture):
    check_network(SPACE, architecture, images(SPACE, 32))
    check_network(get_space("nasbench-macro", input_channels=1, classes=3), architecture,
                  torch.randn(2, 1, 16, 16))


def counted(architecture):
    with unmaterialised():
        network = SPACE.build(architecture)
        return parameters(network), macs(network, torch.empty(1, 3, 32, 32))


@pytest.mark.parametrize(
    ("architecture", "expected"),
    [("00000000", (387_882, 7_713_280)), ("10000000", (396_298, 12_128_768)),
     ("11111111", (1_588_874, 53_246_464)), ("12012012", (2_014_602, 67_092_992)),
     ("22222222", (2_932_586, 105_660_928))],
)
def test_counts_are_those_worked_out_by_hand(architecture, expected):
    assert counted(architecture) == expected


def check_published(rows):
    for row in rows:
        assert counted(row["arch"]) == (int(row["params"]), int(row["flops"])), row["arch"]


def test_counts_are_the_published_ones(shared):
    check_published(random.Random(0).sample(published_rows(shared, "nasbenchmacro/sample"), 30))


@pytest.mark.slow
def test_counts_are_the_published_ones_on_every_row(shared):
    check_published(published_rows(shared, "nasbenchmacro/sample"))
