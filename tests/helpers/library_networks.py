"""Networks that we did not write, from their libraries, with random weights and as small as they allow."""

import importlib
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

TOKENS, WORDS = 8, 40


@dataclass(frozen=True)
class Case:
    """A network.

    Args:
        library: The package that it comes from.
        make: From the package to the network.
        inputs: What it is fed.
        output: Which of its outputs are the scores.
        macs: Multiply-accumulates by hand, where no counter can tell.
        quick: Whether it is part of every run of the tests.
    """

    library: str
    make: Callable[[Any], nn.Module]
    inputs: Any
    output: Any = None
    macs: float | None = None
    quick: bool = False

    @property
    def labels(self) -> torch.Tensor:
        """Of two classes."""
        first = next(iter(self.inputs.values())) if isinstance(self.inputs, dict) else (
            self.inputs[0] if isinstance(self.inputs, tuple) else self.inputs)
        return torch.arange(len(first)) % 2

    def made(self) -> nn.Module:
        """The network; skipped where its library cannot be imported. What that warns of is not ours."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                library = importlib.import_module(self.library)
            except Exception as error:  # noqa: BLE001 - whatever hinders it is not ours
                pytest.skip(f"{self.library} cannot be imported ({error}): extra networks")
            torch.manual_seed(0)
            return self.make(library)


def images(size=32, count=4, channels=3):
    return torch.randn(count, channels, size, size, generator=torch.Generator().manual_seed(0))


def words(length=TOKENS, count=4):
    return torch.randint(3, WORDS, (count, length), generator=torch.Generator().manual_seed(0))


# torchvision: classifiers, segmentation, the backbone of detectors, video.


def of_torchvision(name, size=32, output=None, **settings):
    return Case("torchvision", lambda tv: getattr(tv.models, name)(num_classes=5, **settings), images(size),
                output)


def swin(tv):
    return tv.models.SwinTransformer(
        [4, 4], 12, [2, 2], [2, 3], [4, 4], num_classes=5, stochastic_depth_prob=0.1
    )


def convnext(tv):
    block = tv.models.convnext.CNBlockConfig
    return tv.models.ConvNeXt([block(8, 16, 2), block(16, None, 1)], num_classes=5)


def segmenting(tv):
    return tv.models.segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=5
    )


def detecting(tv):
    return tv.models.detection.backbone_utils.resnet_fpn_backbone(
        backbone_name="resnet18", weights=None, norm_layer=nn.BatchNorm2d
    )


TORCHVISION = {
    "resnet18": of_torchvision("resnet18"),
    "densenet": Case("torchvision", lambda tv: tv.models.DenseNet(4, (2, 2), 8, num_classes=5), images()),
    "mobilenet_v3": of_torchvision("mobilenet_v3_small"),
    "shufflenet": of_torchvision("shufflenet_v2_x0_5"),
    "squeezenet": of_torchvision("squeezenet1_1", 64),
    "regnet": of_torchvision("regnet_x_400mf"),
    "mnasnet": of_torchvision("mnasnet0_5"),
    "vision transformer": Case(
        "torchvision", lambda tv: tv.models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=5), images()
    ),
    "swin": Case("torchvision", swin, images()),
    "convnext": Case("torchvision", convnext, images()),
    "segmentation": Case("torchvision", segmenting, images(), "out"),
    "pyramid of a detector": Case(
        # The stages of the residual network, then for each of four maps 1 x 1 and 3 x 3 onto 256 channels.
        "torchvision", detecting, images(), "0",
        macs=16**2 * 64 * 3 * 49 + 8**2 * 4 * 64 * 64 * 9 + sum(
            (8 // 2**k) ** 2 * c * c * (9 / 2 + 9 * 3 + 1 / 2) for k, c in ((1, 128), (2, 256), (3, 512))
        ) + sum((8 // 2**k) ** 2 * 256 * (64 * 2**k + 9 * 256) for k in range(4)),
    ),
}


# timm.


def of_timm(name, size=32, **settings):
    return Case("timm", lambda timm: timm.create_model(name, num_classes=5, **settings), images(size))


TIMM = {
    "vit": of_timm("vit_tiny_patch16_224", img_size=32, depth=2),
    "deit distilled": of_timm("deit_tiny_distilled_patch16_224", img_size=32, depth=2),
    "mixer": Case("timm", lambda timm: timm.models.MlpMixer(5, 32, patch_size=8, num_blocks=2, embed_dim=16),
                  images()),
    "convnext_atto": of_timm("convnext_atto", depths=(1, 1, 1, 1)),
    "swin_tiny": of_timm("swin_tiny_patch4_window7_224", img_size=32, window_size=4, depths=(2, 2),
                         num_heads=(2, 4), embed_dim=16),
    "poolformer": of_timm("poolformer_s12", 64),
    "ghostnet": of_timm("ghostnet_050"),
    "repvgg": of_timm("repvgg_a0"),
    "mobilevit": of_timm("mobilevit_xxs", 64),
    "xcit": of_timm("xcit_nano_12_p16_224", 64, depth=2),
    "lcnet": of_timm("lcnet_050"),
    "nfnet": of_timm("nfnet_l0"),
}


# transformers.

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
TEXT = {**SMALL, "vocab_size": WORDS, "max_position_embeddings": 20}


def of_hugging_face(name, kind, inputs=None, macs=None, quick=False, **settings):
    def make(hf):
        return getattr(hf, f"{name}{kind}")(getattr(hf, f"{name}Config")(**settings))

    return Case("transformers", make, words() if inputs is None else inputs, macs=macs, quick=quick)


CLASSIFIER, GENERATOR = "ForSequenceClassification", "ForCausalLM"
GROUPED = {**TEXT, "num_attention_heads": 4, "num_key_value_heads": 2}
#: Of a layer of grouped attention: queries and output, keys and values.
ATTENTION = 2 * 16 * 16 + 2 * 16 * 8
HUGGING_FACE = {
    "bert": of_hugging_face("Bert", CLASSIFIER, num_labels=5, **TEXT),
    "roberta": of_hugging_face("Roberta", CLASSIFIER, num_labels=5, **TEXT),
    "electra": of_hugging_face("Electra", CLASSIFIER, num_labels=5, embedding_size=8, **TEXT),
    "albert": of_hugging_face("Albert", CLASSIFIER, num_labels=5, embedding_size=8, **TEXT),
    "distilbert": of_hugging_face(
        "DistilBert", CLASSIFIER, dim=16, n_layers=2, n_heads=2, hidden_dim=24, vocab_size=WORDS,
        max_position_embeddings=20, num_labels=5,
    ),
    "gpt2": of_hugging_face("GPT2", "LMHeadModel", n_embd=16, n_layer=2, n_head=2, vocab_size=WORDS,
                            n_positions=20, quick=True),
    "t5": of_hugging_face(
        "T5", "ForConditionalGeneration", {"input_ids": words(), "decoder_input_ids": words(5)},
        d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, vocab_size=WORDS,
    ),
    "llama": of_hugging_face("Llama", GENERATOR, **GROUPED),
    "mistral": of_hugging_face("Mistral", GENERATOR, **GROUPED),
    "mixtral": of_hugging_face(
        # The gate, two of four experts of three matrices, and the head; a counter sees no experts.
        "Mixtral", GENERATOR, num_local_experts=4, **GROUPED,
        macs=TOKENS * (2 * (ATTENTION + 16 * 4 + 2 * 3 * 16 * 24) + 16 * WORDS),
    ),
    "mamba": of_hugging_face(
        # Of which a counter misses dt_proj, whose weight is multiplied by the time steps: 32 for each.
        "Mamba", GENERATOR, hidden_size=16, num_hidden_layers=2, vocab_size=WORDS, state_size=4,
        macs=2 * (TOKENS * (16 * 64 + 32 * 9 + 32 + 32 * 16) + 11 * 32 * 4) + TOKENS * 16 * WORDS,
    ),
    "opt": of_hugging_face("OPT", GENERATOR, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
                           ffn_dim=24, vocab_size=WORDS, max_position_embeddings=20, word_embed_proj_dim=16),
    "hf vit": of_hugging_face("ViT", "ForImageClassification", images(), image_size=32, patch_size=8,
                              num_labels=5, **SMALL),
    "segformer": of_hugging_face(
        "Segformer", "ForImageClassification", images(), hidden_sizes=[8, 16], depths=[1, 1],
        num_encoder_blocks=2, num_attention_heads=[1, 2], sr_ratios=[2, 1], patch_sizes=[7, 3],
        strides=[4, 2], mlp_ratios=[2, 2], num_labels=5, decoder_hidden_size=16,
    ),
    "wav2vec2": of_hugging_face(
        "Wav2Vec2", CLASSIFIER, torch.randn(4, 200, generator=torch.Generator().manual_seed(0)),
        conv_dim=(8, 8), conv_stride=(5, 2), conv_kernel=(10, 3), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, num_labels=5, classifier_proj_size=8,
        apply_spec_augment=False, **SMALL,
    ),
}


# MONAI.


def of_monai(name, *values, size=32, output=None, quick=False, **settings):
    def make(monai):
        return getattr(importlib.import_module("monai.networks.nets"), name)(*values, **settings)

    return Case("monai", make, images(size), output, quick=quick)


PATCHES = {"hidden_size": 24, "mlp_dim": 48, "num_heads": 4, "spatial_dims": 2}
MONAI = {
    "unet": of_monai("UNet", 2, 3, 5, (8, 16, 24), (2, 2), quick=True),
    "dense": of_monai("DenseNet", 2, 3, 5, init_features=8, growth_rate=4, block_config=(2, 2), quick=True,
                      norm=("group", {"num_groups": 1})),
    "residual": of_monai("ResNet", "basic", [1, 1, 1, 1], [8, 16, 24, 32], spatial_dims=2, num_classes=5,
                         n_input_channels=3, conv1_t_stride=1),
    "monai vit": of_monai("ViT", 3, (32, 32), (8, 8), num_layers=3, classification=True, num_classes=5,
                          post_activation=None, output=0, quick=True, **PATCHES),
    "efficientnet": of_monai("EfficientNetBN", "efficientnet-b0", pretrained=False, spatial_dims=2,
                             num_classes=5),
    "swinunetr": of_monai("SwinUNETR", in_channels=3, out_channels=5, feature_size=12, spatial_dims=2,
                          depths=(1, 1, 1, 1), num_heads=(1, 2, 3, 4), size=64),
    "attention unet": of_monai("AttentionUnet", 2, 3, 5, (8, 16), (2,)),
    "segresnet": of_monai("SegResNet", 2, 8, 3, 5),
    "unetr": of_monai("UNETR", 3, 5, (32, 32), feature_size=8, **PATCHES),
    "se": of_monai("SEResNet50", spatial_dims=2, in_channels=3, num_classes=5, layers=(1, 1, 1, 1)),
}


# torch's own recurrent kernels and transformer, and a graph network.


class Recurrent(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kernel, self.head = kind(6, 8, 2, batch_first=True, bidirectional=True), nn.Linear(16, 5)

    def forward(self, x):
        return self.head(self.kernel(x)[0].mean(1))


class GraphConvolutions(nn.Module):
    """Kipf and Welling's, of dense adjacency matrices."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(6, 8, bias=False), nn.Linear(8, 5, bias=False)

    def forward(self, x, edges):
        edges = edges + torch.eye(edges.shape[-1], dtype=edges.dtype)
        scale = edges.sum(-1).rsqrt()
        edges = edges * scale[:, :, None] * scale[:, None]
        return (edges @ self.second(torch.relu(edges @ self.first(x)))).mean(1)


def series(*shape):
    return torch.randn(4, *shape, generator=torch.Generator().manual_seed(0))


def of_torch(make, inputs, macs):
    return Case("torch", lambda torch: make(), inputs, macs=macs)


PLAIN = {
    "lstm": of_torch(lambda: Recurrent(nn.LSTM), series(7, 6), 7 * 2 * 4 * 8 * (6 + 8 + 16 + 8) + 16 * 5),
    "gru": of_torch(lambda: Recurrent(nn.GRU), series(7, 6), 7 * 2 * 3 * 8 * (6 + 8 + 16 + 8) + 16 * 5),
    "graph": of_torch(GraphConvolutions, (series(7, 6), (series(7, 7) > 0).float()), 7 * 6 * 8 + 7 * 8 * 5),
}

NETWORKS: dict[str, Case] = {**TORCHVISION, **TIMM, **HUGGING_FACE, **MONAI, **PLAIN}


def counted(network: nn.Module, inputs: Any) -> float:
    """Multiply-accumulates of convolutions and linear maps on one sample, by fvcore."""
    analysis = pytest.importorskip("fvcore.nn", reason="another counter is absent: extra networks")
    tensors = tuple(inputs.values()) if isinstance(inputs, dict) else (
        inputs if isinstance(inputs, tuple) else (inputs,))

    class Flat(nn.Module):
        """From tensors to a tensor, as tracing wants it."""

        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, *values):
            given = dict(zip(inputs, values, strict=True)) if isinstance(inputs, dict) else {}
            found = self.network(**given) if given else self.network(*values)
            while not isinstance(found, torch.Tensor):
                found = next(iter(found.values())) if hasattr(found, "values") else found[0]
            return found

    network.eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flops = analysis.FlopCountAnalysis(Flat(), tuple(t[:1] for t in tensors))
        flops.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
        found = flops.by_operator()
    return math.fsum(found.get(name, 0) for name in ("conv", "linear", "addmm"))
