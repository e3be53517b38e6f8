"""Networks of every kind of space are measured, fed by what belongs to them."""

import random

import numpy as np
import pytest
import torch

from evozc.extraction import ExtractionSettings, RandomInputs, extract_table
from evozc.spaces import get_space

DECODERS = {"length": 6, "vocabulary": 60, "cutoffs": "20,40"}
SPACES = {
    "gpt2": (get_space("gpt2", **DECODERS), "d_model=64 d_embed=64 div_val=1 n_head=2,2 d_inner=512,700"),
    "gpt2 of narrow words": (
        get_space("gpt2", **DECODERS), "d_model=64 d_embed=128 div_val=2 n_head=2,2 d_inner=512,700",
    ),
    "transformer-xl": (get_space("transformer-xl", **DECODERS), None),
    "flexibert": (get_space("flexibert", length=6), None),
    "autoformer": (get_space("autoformer", resolution=32, classes=5), None),
    "pit": (get_space("pit", resolution=48, classes=5), None),
}
#: Of networks that are slow to measure, by task.
TASKS = ("jigsaw", "segmentsemantic", "autoencoder", "room_layout")


def extracted(folder, space, architecture, groups=None, side=0):
    architecture = architecture or space.sample(random.Random(0))
    settings = ExtractionSettings(batch=4, **({} if groups is None else {"groups": groups}))
    return extract_table(space, [architecture], RandomInputs(space, side), settings, parts=folder)


@pytest.mark.parametrize("name", SPACES)
def test_transformers_are_measured_by_all_groups(name, tmp_path):
    space, architecture = SPACES[name]
    table = extracted(tmp_path / "parts", space, architecture)
    for key in ("network.params", "network.macs", "layer.weight_l2", "layer.grad_l2", "layer.synflow",
                "layer.grad_ratio", "layer.fisher", "block.entropy", "block.jacobian",
                "network.fisher_entropy"):
        assert np.isfinite(table.values[key]).any(), key
    torch.manual_seed(0)
    network = space.build(table.architectures[0])
    blocks = len(space.blocks(network))
    assert int(table.offsets["block"][-1]) == blocks
    assert int(table.offsets["layer"][-1]) >= 4 * (blocks - 1)
    assert table.values["network.params"][0] == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("task", TASKS)
def test_every_task_of_transnas_has_gradients_of_its_own_loss(task, tmp_path):
    space = get_space("transnas-macro", task=task)
    table = extracted(tmp_path / "parts", space, "64-1144-basic", ("gradients", "shapes"), side=32)
    gradients = table.values["layer.grad_l2"]
    assert np.isfinite(gradients).all()
    assert (gradients > 0).all()


def test_the_loss_of_words_is_that_of_the_next_one(tmp_path):
    space, architecture = SPACES["gpt2"]
    table = extracted(tmp_path / "parts", space, architecture, ("gradients",))
    settings = ExtractionSettings(batch=4)
    x, _ = RandomInputs(space).batch(4, settings.seed)
    torch.manual_seed(0)
    network = space.build(architecture)
    scores = network(x)
    loss = torch.nn.functional.nll_loss(scores[:, :-1].flatten(0, 1), x[:, 1:].flatten())
    gradient = torch.autograd.grad(loss, network.embedding.tables[0].weight)[0]
    # The table is the second layer, after that of positions; its weights are others, drawn alike.
    assert table.values["layer.grad_l2"][1] == pytest.approx(gradient.norm().item(), rel=0.3)
