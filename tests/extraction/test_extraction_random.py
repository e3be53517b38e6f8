"""Inputs that are drawn for a space."""

import pytest
import torch

from evozc.errors import ConfigError
from evozc.extraction import RandomInputs
from evozc.spaces import SPACES, get_space

SPACES_BY_OUTPUTS = {
    "classes": get_space("nasbench201"), "class map": get_space("transnas-micro", task="segmentsemantic"),
    "image": get_space("transnas-micro", task="autoencoder"),
    "values": get_space("transnas-macro", task="room_layout"),
    "tokens": get_space("gpt2", vocabulary=50, length=9),
}


@pytest.mark.parametrize("kind", SPACES_BY_OUTPUTS)
def test_inputs_and_labels_are_those_that_belong_to_the_space(kind):
    space = SPACES_BY_OUTPUTS[kind]
    drawn = RandomInputs(space, 0 if kind == "tokens" else 48)
    x, y = drawn.batch(200 if kind == "tokens" else 6, 3)
    assert [torch.equal(a, b) for a, b in zip((x, y), drawn.batch(len(x), 3), strict=True)] == [True, True]
    assert not torch.equal(x, drawn.batch(len(x), 4)[0])
    if kind == "tokens":
        assert (x.dtype, x.shape, int(x.min()), int(x.max())) == (torch.int64, (200, 9), 0, 49)
        assert torch.equal(x, y)
        return
    assert (x.dtype, x.shape) == (torch.float32, (6, 3, 48, 48))
    assert float(x.mean()) == pytest.approx(0, abs=0.05)
    assert float(x.std()) == pytest.approx(1, abs=0.05)
    shapes = {"classes": (6,), "class map": (6, 48, 48), "image": (6, 3, 48, 48), "values": (6, 9)}
    assert y.shape == shapes[kind]
    if kind in ("classes", "class map"):
        assert y.dtype == torch.int64
        assert 0 <= int(y.min()) < int(y.max()) < space.outputs.size
    elif kind == "image":
        assert -1 <= float(y.min()) < -0.9 < 0.9 < float(y.max()) <= 1


def test_the_digest_says_what_is_drawn_and_the_size_is_the_published_one_by_default():
    said = {name: RandomInputs(get_space(name)).digest for name in SPACES.names()}
    assert said["nasbench201"] == "standard normal noise, 3 x 32 x 32"
    assert said["autoformer"] == said["mnasnet"] == "standard normal noise, 3 x 224 x 224"
    assert said["gpt2"] == "192 tokens, uniform below 50264"
    assert RandomInputs(get_space("transnas-micro", task="jigsaw")).digest == (
        "standard normal noise, 9 x 3 x 64 x 64"
    )
    assert RandomInputs(get_space("nasnet", imagenet=True)).digest.endswith("3 x 224 x 224")


@pytest.mark.parametrize(("name", "side"), [("autoformer", 32), ("gpt2", 32), ("nasbench201", -1)])
def test_a_size_that_cannot_be_had_is_refused(name, side):
    with pytest.raises(ConfigError, match=f"a side of {side} pixels cannot be had: networks of {name} take"):
        RandomInputs(get_space(name), side)
