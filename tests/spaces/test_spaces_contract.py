"""Every search space keeps its protocol, and a space that does not is found out."""

import random
from dataclasses import dataclass
from typing import ClassVar

import pytest

from evozc.errors import DataError
from evozc.spaces import SPACES, ImageInputs, NasBench201, Outputs, Texts, get_space
from evozc.testing import ContractError, check_space

#: Settings that keep networks small, by space; without an entry a space is checked as it comes.
SMALL = {
    **{name: {"channels": 4, "cells": 3} for name in ("amoeba", "darts", "enas", "nasnet", "pnas")},
    "nasbench101": {"channels": 8, "stacks": 2, "modules": 1},
    "nasbench201": {"channels": 4, "cells": 1, "stages": 2},
    "autoformer": {"resolution": 32, "classes": 5},
    "pit": {"resolution": 32, "classes": 5},
    "flexibert": {"length": 8},
    "gpt2": {"length": 8, "vocabulary": 60, "cutoffs": "20,40"},
    "transformer-xl": {"length": 8, "vocabulary": 60, "cutoffs": "20,40"},
}
#: Spaces of which only texts are known.
TEXTS = {"texts": ["resnet18", "|none~0|+", "(1, 2)"]}
#: Spaces whose docstring of ``sample`` says that texts are not drawn alike, and why.
DRAWN_OTHERWISE = {"autoformer", "flexibert", "gpt2", "mobilenetv2", "nasbench-macro", "transformer-xl"}
#: How much to try of spaces whose architectures have thousands of neighbours, or whose networks are large.
LESS = {
    "autoformer": {"samples": 8, "builds": 1}, "flexibert": {"samples": 8}, "gpt2": {"samples": 3},
    "mnasnet": {"builds": 2}, "mobilenetv2": {"builds": 2}, "transformer-xl": {"samples": 3},
}
BUILT_IN = [name for name in SPACES.names() if name not in SPACES.added()]


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_space_keeps_its_protocol(name):
    space = get_space(name, **SMALL.get(name, {}))
    uniform = name not in DRAWN_OTHERWISE
    check_space(space, architectures=TEXTS.get(name), uniform=uniform, **LESS.get(name, {}))


def test_a_large_space_is_enumerated_if_asked_for():
    check_space(NasBench201(channels=4, cells=1, stages=1), enumerate_up_to=20_000, builds=1)


@dataclass(frozen=True)
class Bits:
    """Two linear layers, each there or not: a space as a plug-in's author writes it."""

    width: int = 4

    name: ClassVar[str] = "bits"
    count: ClassVar[int] = 8
    inputs: ClassVar[ImageInputs] = ImageInputs(1, 2, 2)
    outputs: ClassVar[Outputs] = Outputs("classes", 3)

    def settings(self):
        return {"width": self.width}

    def parse(self, architecture):
        if len(architecture) != 3 or set(architecture) - set("01"):
            raise DataError(f"architecture {architecture[:40]!r} is not three bits")
        return [bit == "1" for bit in architecture]

    def canonical_key(self, architecture):
        return "".join(str(int(bit)) for bit in self.parse(architecture))

    def build(self, architecture):
        from torch import nn

        layers = [nn.Linear(self.width, self.width) if bit else nn.ReLU() for bit in self.parse(architecture)]
        return nn.Sequential(nn.Flatten(), nn.Linear(4, self.width), *layers, nn.Linear(self.width, 3))

    def blocks(self, network):
        return list(network)[1:-1]

    def sample(self, generator):
        return "".join(generator.choice("01") for _ in range(3))

    def neighbours(self, architecture):
        self.parse(architecture)
        return [architecture[:i] + "10"[int(architecture[i])] + architecture[i + 1 :] for i in range(3)]


def test_a_space_of_ones_own_passes():
    check_space(Bits())


class Draws(Bits):
    name = "draws"

    def sample(self, generator):
        return "".join(random.choice("01") for _ in range(3))


class Skewed(Bits):
    name = "skewed"

    def sample(self, generator):
        return "".join(generator.choice("011") for _ in range(3))


class OneWay(Bits):
    name = "one-way"

    def neighbours(self, architecture):
        return [other for other in super().neighbours(architecture) if other > architecture]


class Leaves(Bits):
    name = "leaves"

    def neighbours(self, architecture):
        return [*super().neighbours(architecture), architecture + "0"]


class Miscounted(Bits):
    name = "miscounted"
    count = 9


class Coarse(Bits):
    name = "coarse"

    def canonical_key(self, architecture):
        return super().canonical_key(architecture)[:2]


class Crashing(Bits):
    name = "crashing"

    def parse(self, architecture):
        return [bit == "1" for bit in architecture[:3]] if architecture[2] else []


class Lax(Bits):
    name = "lax"

    def settings(self):
        return {}


class Unseeded(Bits):
    name = "unseeded"

    def build(self, architecture):
        import torch

        network = super().build(architecture)
        with torch.no_grad():
            network[1].weight.copy_(torch.randn(network[1].weight.shape, generator=NEW(next(SEEDS))))
        return network


class Promising(Bits):
    name = "promising"
    outputs = Outputs("classes", 4)


class Backwards(Bits):
    name = "backwards"

    def blocks(self, network):
        return super().blocks(network)[::-1]


class Foreign(Bits):
    name = "foreign"

    def blocks(self, network):
        from torch import nn

        return [*super().blocks(network), nn.ReLU()]


class Half(Bits):
    name = "half"

    def sample(self, generator):
        raise DataError("cannot be drawn")


def NEW(seed):  # noqa: N802 - used once, above
    import torch

    return torch.Generator().manual_seed(seed)


SEEDS = iter(range(1000))
BROKEN = {
    Draws: "a random state that is not its own|other architectures for the same seed",
    Skewed: "does not draw uniformly",
    OneWay: "neither it nor an equal one is a neighbour of",
    Leaves: "'[01]+' or a neighbour of it is not of the space",
    Miscounted: "count is 9, but 8 texts",
    Coarse: "have one canonical key, but weights of other shapes",
    Crashing: "only DataError may come out",
    Lax: "other weights under the same seed of torch, in a space of the same settings",
    Unseeded: "other weights under the same seed",
    Promising: r"returns \(2, 3\), outputs says float32 \(2, 4\)",
    Backwards: "not in forward order",
    Foreign: "no module of the network",
    Half: "cannot be drawn",
}


@pytest.mark.parametrize("space", BROKEN, ids=lambda space: space.name)
def test_a_space_that_breaks_a_promise_is_found_out(space):
    made = space(width=6) if space is Lax else space()
    with pytest.raises((ContractError, DataError), match=BROKEN[space]):
        check_space(made)


def test_texts_are_their_own_keys_and_can_only_be_looked_up():
    assert Texts().canonical_key("any text") == "any text"
    for call in (lambda s: s.build("a"), lambda s: s.neighbours("a"), lambda s: s.sample(random.Random())):
        with pytest.raises(DataError, match="name their space with --space"):
            call(Texts())
