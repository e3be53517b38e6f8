"""The torch modules of a NAS-Bench-201 network, as its authors trained them."""

from __future__ import annotations

import torch
from torch import nn

from evozc.spaces._modules import FourNodeCell, ResidualBlock, Zero, relu_conv_bn


def _operation(name: str, channels: int) -> nn.Module:
    match name:
        case "none":
            return Zero()
        case "skip_connect":
            return nn.Identity()
        case "nor_conv_1x1":
            return relu_conv_bn(channels, channels, 1)
        case "nor_conv_3x3":
            return relu_conv_bn(channels, channels, 3)
        case _:
            return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


class Network(nn.Module):
    """Stem, stages of cells joined by residual blocks, global average pool, linear head."""

    def __init__(
        self, operations: tuple[str, ...], channels: int, cells: int, stages: int, input_channels: int,
        classes: int,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(input_channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        body: list[nn.Module] = []
        for stage in range(stages):
            if stage:
                body.append(ResidualBlock(channels, 2 * channels))
                channels *= 2
            body.extend(FourNodeCell([_operation(o, channels) for o in operations]) for _ in range(cells))
        self.body = nn.Sequential(*body)
        self.last = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.head = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.last(self.body(self.stem(images)))
        return self.head(features.mean(dim=(2, 3)))
