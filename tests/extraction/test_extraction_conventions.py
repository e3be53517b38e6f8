"""How published tables count, by hand and against a published column."""

import csv
import gzip
import random

import pytest
import torch
from torch import nn

from evozc.extraction import measure, thop_macs, tw_flops, used_parameters
from evozc.spaces import NasBench201


class Small(nn.Module):
    """One of every kind that a convention knows; the shared convolution runs three times."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.plain = nn.BatchNorm2d(4, affine=False)
        self.relu = nn.ReLU()
        self.shared = nn.Conv2d(4, 4, 1, groups=2, bias=False)
        self.most = nn.MaxPool2d(3, 1, 1)
        self.average = nn.AvgPool2d((2, 1), (2, 1))
        self.up = nn.ConvTranspose2d(4, 4, 2)
        self.whole = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(4, 5)
        self.unused = nn.Linear(50, 50)

    def forward(self, x):
        x = self.relu(self.plain(self.norm(self.stem(x))))
        for _ in range(3):
            x = x + self.shared(x)
        return self.head(self.whole(self.up(self.average(self.most(x)))).flatten(1))


# (1, 3, 8, 8) -> 4 x 4 x 4 = 64 values until the average, 4 x 2 x 4 = 32 after it, 4 x 3 x 5 after `up`.
STEM, SHARED, HEAD, UP = 64 * 27, 64 * 2, 20, 4 * 4 * 4 * (2 * 4)


def test_torchstat_counts_a_module_once_and_biases_of_convolutions():
    pools = 64 * 9 + 32 * 2 + 4 * 4 * 6
    by_hand = (STEM + 64) + 2 * 64 + 64 + 64 + SHARED + pools + HEAD
    assert tw_flops(Small(), torch.zeros(1, 3, 8, 8)) == by_hand


def test_thop_counts_every_run_and_no_biases():
    by_hand = STEM + 4 * 64 + 2 * 64 + 3 * SHARED + 32 + UP + 4 * 16 + HEAD
    assert thop_macs(Small(), torch.zeros(1, 3, 8, 8)) == by_hand


def test_parameters_are_those_of_modules_that_run():
    network = Small()
    unused = sum(p.numel() for p in network.unused.parameters())
    everything = sum(p.numel() for p in network.parameters())
    assert used_parameters(network, torch.zeros(1, 3, 8, 8)) == everything - unused


@pytest.mark.parametrize("count", [tw_flops, thop_macs, used_parameters])
def test_counts_are_the_same_on_meta_and_leave_the_network_as_it_was(count):
    network = Small()
    network.norm.eval()
    modes = [module.training for module in network.modules()]
    counted = count(network, torch.zeros(1, 3, 8, 8))
    assert [module.training for module in network.modules()] == modes
    assert not any(module._forward_hooks for module in network.modules())
    assert count(network.to("meta"), torch.zeros(1, 3, 8, 8, device="meta")) == counted


def test_counts_of_nasbench201_are_the_published_ones(shared):
    """All but the average of the last 8 x 8 map, which our network takes without a module."""
    with gzip.open(shared / "nasbench201" / "accuracy.csv.gz", "rt") as file:
        texts = {row["index"]: row["arch_str"] for row in csv.DictReader(file)}
    with gzip.open(shared / "nasbench201" / "suitezero13.csv.gz", "rt") as file:
        rows = random.Random(0).sample(list(csv.DictReader(file)), 6)
    for row in rows:
        with torch.device("meta"):
            network, image = NasBench201().build(texts[row["index"]]), torch.zeros(1, 3, 32, 32)
        flops = tw_flops(network, image) + 64 * 9 * 9
        assert float(f"{flops / 1e6:.7g}") == float(row["flops"])
        assert used_parameters(network, image) / 1e6 == float(row["params"])


def test_our_macs_are_those_of_weights_alone():
    found = measure(Small(), torch.zeros(2, 3, 8, 8), groups=["shapes"])
    assert found["layer.macs"].tolist() == [STEM, 3 * SHARED, UP, HEAD]
