"""The torch modules of a MnasNet network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from evozc.spaces._modules import InvertedResidual, conv_bn
from evozc.spaces.mnasnet._space import BLOCKS, Recipe


class Network(nn.Module):
    """Stem, inverted residuals, pointwise convolution to 1,280 channels, global average pool, linear head."""

    def __init__(self, recipes: Sequence[Recipe], input_channels: int, classes: int) -> None:
        super().__init__()
        inputs = 32
        self.stem = nn.Sequential(*conv_bn(input_channels, inputs, 3, stride=2), nn.SiLU())
        body: list[nn.Module] = []
        for (expansion, kernel, layers, squeeze), (outputs, first, _) in zip(recipes, BLOCKS, strict=True):
            for layer in range(layers):
                body.append(
                    InvertedResidual(
                        inputs, outputs, kernel, expansion, first if layer == 0 else 1,
                        activation=nn.SiLU, squeezed=max(1, inputs // 4) if squeeze else 0,
                    )
                )
                inputs = outputs
        self.body = nn.Sequential(*body)
        self.last = nn.Sequential(*conv_bn(inputs, 1280, 1), nn.SiLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(1280, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.last(self.body(self.stem(images)))
        return self.head(self.pool(features).flatten(1))
