"""What every search space has to keep, tried on one of them."""

import csv
import gzip
import random

import pytest
import torch

from evozc.errors import DataError
from evozc.spaces import ImageInputs, TokenInputs, get_space

WRONG = [
    "", " ", "|none~0|", "0" * 100_000, "\x00", "(", "{}", "nan", "-1", "1e9", "\N{ARABIC-INDIC DIGIT ONE}",
    "a=b c=d", "[" * 5000, "e1k3l1se0", None, 3, b"0", ["0"], float("nan"),
]


def published_rows(shared, name):
    """The rows of a published table below the shared folder."""
    with gzip.open(shared / f"{name}.csv.gz", "rt") as file:
        return list(csv.DictReader(file))


def check_texts(space, draws=20, distinct=True):
    """Samples, keys, neighbours and settings agree with each other; what is no architecture is refused.

    ``distinct`` says that no neighbour computes the same.
    """
    assert get_space(space.name, **space.settings()) == space
    left, right = random.Random(1), random.Random(1)
    drawn = [space.sample(left) for _ in range(draws)]
    assert drawn == [space.sample(right) for _ in range(draws)]
    assert len(set(drawn)) > draws // 2
    for architecture in drawn[:3]:
        key = space.canonical_key(architecture)
        assert space.canonical_key(architecture) == key
        near = space.neighbours(architecture)
        assert near
        assert len(set(near)) == len(near)
        assert architecture not in near
        for other in near[:: max(1, len(near) // 50)]:
            assert space.canonical_key(other) != key or not distinct
        for other in (near[0], near[len(near) // 2], near[-1]):
            there_and_back = (space.canonical_key(text) for text in space.neighbours(other))
            assert key in there_and_back, (architecture, other)
    for wrong in [*WRONG, drawn[0] + " ", " " + drawn[0], drawn[0] + "\n", drawn[0][:-1], drawn[0] * 2]:
        if isinstance(wrong, str) and wrong in drawn:
            continue
        for method in (space.canonical_key, space.neighbours, space.build):
            with pytest.raises(DataError, match="architecture") as caught:
                method(wrong)
            assert len(str(caught.value)) < 600


def check_network(space, architecture, inputs):
    """The network takes what the space says, returns what it says, and every weight is reached."""
    torch.manual_seed(0)
    network = space.build(architecture)
    after = torch.get_rng_state()
    torch.manual_seed(0)
    same = space.build(architecture)
    assert torch.equal(torch.get_rng_state(), after)
    for one, other in zip(network.parameters(), same.parameters(), strict=True):
        assert torch.equal(one, other)
    del same
    outputs = network(inputs)
    assert outputs.dtype == torch.float32
    assert outputs.shape[0] == len(inputs)
    assert outputs.shape[-1 if space.outputs.kind == "tokens" else 1] == space.outputs.size
    assert torch.isfinite(outputs).all()
    blocks = space.blocks(network)
    assert len(set(blocks)) == len(blocks) > 1
    assert set(blocks) <= set(network.modules())
    (outputs * torch.randn(outputs.shape)).sum().backward()
    unreached = [name for name, weight in network.named_parameters() if weight.grad is None]
    assert not unreached
    network.eval()
    with torch.no_grad():
        torch.testing.assert_close(network(inputs), network(inputs.clone()))


def images(space, size, n=2):
    """Random images for a space's networks."""
    assert isinstance(space.inputs, ImageInputs)
    sides = (space.inputs.height or size, space.inputs.width or size)
    tiles = (space.inputs.tiles,) if space.inputs.tiles else ()
    return torch.randn(n, *tiles, space.inputs.channels, *sides)


def words(space, n=2):
    """Random sequences for a space's networks."""
    assert isinstance(space.inputs, TokenInputs)
    return torch.randint(1, space.inputs.vocabulary, (n, space.inputs.length))
