"""Networks that transformers and timm know by name, with random weights."""

import json

import numpy as np
import pytest
import torch

from evozc.errors import ConfigError, DataError
from evozc.extraction import measure
from evozc.scoring import load_network, score

torch.set_num_threads(1)


def usable(name, *, with_network):
    """The library; skipped where it, or one that it needs, cannot be imported."""
    library = pytest.importorskip(name)
    try:
        load_network(with_network)
    except DataError as error:
        if "making the network failed" in str(error):
            pytest.skip(f"{name} does not work here: {error}")
        raise
    return library


def config(tmp_path, **values):
    (tmp_path / "config.json").write_text(json.dumps(values))
    return f"hf:{tmp_path}"


def by_hand(hidden, inner, layers, length, classes):
    """Multiply-accumulates of a BERT: projections of attention, the perceptron, the pooler and the head."""
    return layers * length * (4 * hidden**2 + 2 * hidden * inner) + hidden**2 + hidden * classes


def test_a_bert_is_built_from_its_configuration(tmp_path):
    name = config(
        tmp_path, model_type="bert", hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, vocab_size=50, max_position_embeddings=12, num_labels=5,
    )
    usable("transformers", with_network=name)
    network, again = load_network(name), load_network(name)
    assert all(torch.equal(p, q) for p, q in zip(network.parameters(), again.parameters(), strict=True))
    generator = torch.Generator().manual_seed(0)
    batch = {
        "input_ids": torch.randint(1, 50, (6, 9), generator=generator),
        "attention_mask": torch.ones(6, 9, dtype=torch.int64),
        "labels": torch.randint(network.config.num_labels, (6,), generator=generator),
    }
    classes = network.config.num_labels
    assert score(network, "flops", batch) == by_hand(16, 24, 2, 9, classes)
    assert score(network, "params", batch) == sum(p.numel() for p in network.parameters())
    loss = network(**batch).loss
    weights = [p for p in network.parameters() if p.ndim == 2]
    network.train()
    assert np.isfinite(loss.item())
    found = measure(network, {k: v for k, v in batch.items() if k != "labels"}, batch["labels"])
    assert found.failures == {}
    assert len(found["layer.numel"]) == len(weights)
    assert np.isfinite(found["network.path_max"])


def test_a_gpt2_has_the_multiply_accumulates_of_its_conv1d_layers(tmp_path):
    name = config(
        tmp_path, model_type="gpt2", n_embd=16, n_layer=2, n_head=2, vocab_size=40, n_positions=12,
        architectures=["GPT2LMHeadModel"],
    )
    usable("transformers", with_network=name)
    tokens = torch.randint(40, (4, 8), generator=torch.Generator().manual_seed(0))
    network = load_network(name)
    inner = 2 * (16 * 48 + 16 * 16 + 2 * 16 * 64)
    assert score(network, "flops", tokens) == 8 * (inner + 16 * 40)


def test_a_network_of_timm():
    usable("timm", with_network="timm:resnet18")
    assert np.isfinite(score(load_network("timm:resnet18"), "flops", torch.randn(2, 3, 32, 32)))
    with pytest.raises(ConfigError, match="timm has no network of that name; similar: resnet"):
        load_network("timm:resnet_of_nobody")


def test_a_hub_that_is_not_there_says_what_to_install(monkeypatch):
    for name in ("timm", "transformers"):
        monkeypatch.setitem(__import__("sys").modules, name, None)
    with pytest.raises(ConfigError, match="timm:x needs the package timm: pip install timm"):
        load_network("timm:x")
    with pytest.raises(ConfigError, match="hf:x needs the package transformers"):
        load_network("hf:x")
