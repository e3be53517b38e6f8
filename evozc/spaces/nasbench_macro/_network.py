"""The torch modules of a NAS-Bench-Macro network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from evozc.spaces._modules import InvertedResidual, conv_bn


class Network(nn.Module):
    """Stem, layers, pointwise convolution to 1,280 channels, global average pool, linear head.

    Args:
        stages: Of each layer, kernel and expansion, or None for the identity.
        input_channels: Channels of the images.
        classes: Number of outputs.
    """

    def __init__(
        self, stages: Sequence[Sequence[tuple[int, int] | None]], input_channels: int, classes: int
    ) -> None:
        super().__init__()
        channels = 32
        self.stem = nn.Sequential(*conv_bn(input_channels, channels, 3), nn.ReLU())
        body: list[nn.Module] = []
        for stage in stages:
            for position, layer in enumerate(stage):
                stride = 2 if position == 0 else 1
                if layer is not None:
                    body.append(InvertedResidual(channels, channels * stride, *layer, stride))
                elif stride == 2:
                    body.append(nn.Sequential(*conv_bn(channels, 2 * channels, 1, stride)))
                channels *= stride
        self.body = nn.Sequential(*body)
        self.last = nn.Sequential(*conv_bn(channels, 1280, 1), nn.ReLU())
        self.head = nn.Linear(1280, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.last(self.body(self.stem(images)))
        return self.head(features.mean(dim=(2, 3)))
