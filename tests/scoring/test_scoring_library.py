"""Networks of a library that we did not write, as it ships them."""

import warnings

import numpy as np
import pytest
import torch

from evozc.baselines import ZOO
from evozc.scoring import score_networks

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def nets():
    """The networks of MONAI; what importing it warns of is not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("einops", reason="the library's transformers need einops: extra test")
        pytest.importorskip("monai", reason="the library of networks is absent: extra test")
        from monai.networks import nets
    return nets


def residual(nets):
    return nets.ResNet(
        "basic", [1, 1, 1, 1], [8, 16, 24, 32], spatial_dims=2, n_input_channels=3, num_classes=5,
        conv1_t_stride=1,
    )


def dense(nets):
    return nets.DenseNet(
        2, 3, 5, init_features=8, growth_rate=4, block_config=(2, 2), norm=("group", {"num_groups": 1})
    )


def efficient(nets):
    return nets.EfficientNetBN("efficientnet-b0", pretrained=False, spatial_dims=2, num_classes=5)


def segmenting(nets):
    return nets.UNet(2, 3, 5, (8, 16, 24), (2, 2))


def transformer(nets):
    class Scores(nets.ViT):  # the library returns the hidden states as well
        def forward(self, x):
            return super().forward(x)[0]

    return Scores(
        3, (32, 32), (8, 8), hidden_size=24, mlp_dim=48, num_layers=3, num_heads=4, classification=True,
        num_classes=5, spatial_dims=2, post_activation=None,
    )


@pytest.mark.parametrize(
    ("make", "unscored"),
    [
        (residual, set()),
        (dense, set()),
        (segmenting, set()),
        (transformer, set()),
        # Its activations are of the library's own, which are not seen.
        pytest.param(efficient, {"meco", "nwot", "swap"}, marks=pytest.mark.slow),
    ],
    ids=lambda p: getattr(p, "__name__", ""),
)
def test_a_library_s_network_is_scored_by_the_zoo(nets, make, unscored):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network = make(nets)
    inputs, labels = torch.randn(8, 3, 32, 32), torch.arange(8) % 5
    before = {k: v.clone() for k, v in network.state_dict().items()}
    formulas = {p.name: p.formula for p in ZOO if p.name != "aznas"}
    scores = score_networks({"net": network}, formulas, inputs, labels)
    assert all(torch.equal(v, before[k]) for k, v in network.state_dict().items())
    assert all(np.isfinite(found).all() for found in scores.values.values())
    assert set(scores.lacking) == unscored, scores.lacking
    assert scores.values["params"] == sum(p.numel() for p in network.parameters() if p.requires_grad)
