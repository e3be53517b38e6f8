"""The MobileNetV2 space of ZiCo and AZ-NAS: texts, budgets and networks."""

import random

import pytest
import torch
from counting import macs, unmaterialised
from space_checks import check_network, check_texts, images
from torch import nn

from evozc.errors import ConfigError, DataError
from evozc.spaces import get_space
from evozc.spaces.mobilenetv2._space import START

ZICO, AZ_NAS = get_space("mobilenetv2"), get_space("mobilenetv2", variant="az-nas")
SEED = (
    "SuperConvK3BNRELU(3,8,2,1)SuperResIDWE6K3(8,32,2,8,1)SuperResIDWE6K3(32,48,2,32,1)"
    "SuperResIDWE6K3(48,96,2,48,1)SuperResIDWE6K3(96,128,2,96,1)SuperConvK1BNRELU(128,2048,1,1)"
)
LAST = "SuperResIDWE6K3(96,128,2,96,1)"


@pytest.mark.parametrize("variant", ["zico", "az-nas"])
def test_texts_keep_the_contract(variant):
    check_texts(get_space("mobilenetv2", variant=variant), draws=10, distinct=variant == "az-nas")


def test_the_published_starting_point_is_read():
    assert ZICO.parse(SEED) == START
    assert ZICO.format(START) == SEED


WRONG = {
    "another family": (
        "SuperConvK3BNRELU(3,32,2,1)SuperResK1K5K1(32,80,2,32,1)", "stages end at 'SuperResK1K5K1"
    ),
    "no text of blocks": ("mobilenet_v2", "expected a text as SuperConvK3BNRELU"),
    "channels that do not follow": (SEED.replace("(32,48,", "(40,48,"), "follows 32 channels, not 40"),
    "odd channels": (SEED.replace("(8,32,2,8,", "(8,32,2,9,"), "multiples of 8 from 8 to 2048, not 9"),
    "another kernel": (SEED.replace("E6K3(8,", "E6K9(8,"), "stages end at 'SuperResIDWE6K9"),
    "another expansion": (SEED.replace("E6K3(8,", "E3K3(8,"), "stages end at 'SuperResIDWE3K3"),
    "another end": (SEED.replace("2048", "1280"), r"expected .*SuperConvK1BNRELU\(128,2048,1,1\)"),
    "more after the end": (SEED + LAST, "and no more"),
    "another stem": (SEED.replace("(3,8,2,1)", "(3,8,1,1)"), r"must begin with SuperConvK3BNRELU\(3,"),
    "too many strides": (SEED.replace(LAST, LAST + "SuperResIDWE6K3(128,128,2,96,1)"), "four stages"),
    "a stride too few": (SEED.replace("(96,128,2", "(96,128,1"), "four stages must have stride 2"),
    "no stages": ("SuperConvK3BNRELU(3,8,2,1)SuperConvK1BNRELU(8,2048,1,1)", "four stages"),
    "too many sub-layers": (SEED.replace("2,96,1)", "2,96,6)"), "1 to 5 sub-layers"),
    "none": (SEED.replace("2,96,1)", "2,96,0)"), "1 to 5 sub-layers"),
    "too deep": (SEED.replace(",1)S", ",5)S").replace("8,2,5)", "8,2,1)"), "22 sub-layers, the budget is"),
    "too many multiply-accumulates": (
        SEED.replace("(3,8,2", "(3,512,2").replace("(8,32", "(512,32"), "million multiply-accumulates"
    ),
    "a leading zero": (SEED.replace("(3,8,", "(3,08,"), "stages end at"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said(text, message):
    with pytest.raises(DataError, match=message):
        ZICO.canonical_key(text)


def test_settings_are_checked():
    with pytest.raises(ConfigError, match="variant must be one of zico, az-nas"):
        get_space("mobilenetv2", variant="plain")
    with pytest.raises(ConfigError, match="budget must be a whole number above 0"):
        get_space("mobilenetv2", budget=0)
    with pytest.raises(DataError, match="leaves hardly any architecture to draw"):
        get_space("mobilenetv2", budget=1).sample(random.Random(0))


@pytest.mark.parametrize(("budget", "layers"), [(450, 14), (600, 14), (1000, 16)])
def test_multiply_accumulates_are_the_networks_and_within_the_budget(budget, layers):
    space = get_space("mobilenetv2", variant="az-nas", budget=budget, layers=layers)
    generator = random.Random(budget)
    for text in [SEED, *(space.sample(generator) for _ in range(3))]:
        with unmaterialised():
            counted = macs(space.build(text), torch.empty(1, 3, 224, 224))
        assert counted == space.macs(space.parse(text)) <= budget * 1e6


def test_stages_that_are_one_without_shortcuts_have_one_key():
    split = SEED.replace(LAST, LAST.replace(",1)", ",3)") + "SuperResIDWE6K3(128,128,1,96,3)")
    other = SEED.replace(LAST, LAST.replace(",1)", ",4)") + "SuperResIDWE6K3(128,128,1,96,2)")
    assert ZICO.canonical_key(split) == ZICO.canonical_key(other) != ZICO.canonical_key(SEED)
    assert AZ_NAS.canonical_key(split) != AZ_NAS.canonical_key(other)
    weights = [sorted(tuple(w.shape) for w in ZICO.build(text).parameters()) for text in (split, other)]
    assert weights[0] == weights[1]


def test_two_stages_are_near_the_one_that_they_were_split_from():
    whole = SEED.replace(LAST, LAST.replace(",1)", ",5)"))
    near = ZICO.neighbours(whole)
    split = SEED.replace(LAST, LAST.replace(",1)", ",3)") + "SuperResIDWE6K3(128,128,1,96,4)")
    assert split in near
    assert whole in ZICO.neighbours(split)


@pytest.mark.parametrize("space", [ZICO, AZ_NAS], ids=["zico", "az-nas"])
def test_networks_keep_the_contract(space):
    text = SEED.replace(LAST, LAST.replace(",1)", ",2)"))
    check_network(space, text, images(space, 64))
    network = space.build(text)
    shortcuts = [type(block.shortcut) for block in network.body]
    plain, kept = type(None), [nn.Sequential, nn.Sequential] * 4 + [nn.Sequential] * 2
    assert shortcuts == ([plain] * 10 if space is ZICO else kept)
    assert all(m.eps == 1e-3 for m in network.modules() if isinstance(m, nn.BatchNorm2d))
