"""The torch modules of a network of NATS-Bench's size space."""

from __future__ import annotations

import torch
from torch import nn

from evozc.spaces._modules import FourNodeCell, ResidualBlock, relu_conv_bn


def _skip(inputs: int, outputs: int) -> nn.Module:
    """Nothing where the widths agree, else a 1 x 1 convolution without an activation before it."""
    if inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))


def _cell(inputs: int, outputs: int) -> FourNodeCell:
    """The best cell of the topology space, the same in all networks; what leaves node 0 sets the width."""
    return FourNodeCell([
        relu_conv_bn(inputs, outputs, 3),
        relu_conv_bn(inputs, outputs, 3), relu_conv_bn(outputs, outputs, 3),
        _skip(inputs, outputs), relu_conv_bn(outputs, outputs, 3), relu_conv_bn(outputs, outputs, 3),
    ])


class Network(nn.Module):
    """Stem, three cells with residual blocks between them, global average pool, linear head."""

    def __init__(self, widths: tuple[int, ...], input_channels: int, classes: int) -> None:
        super().__init__()
        first, second, third, fourth, last = widths
        self.stem = nn.Sequential(
            nn.Conv2d(input_channels, first, 3, padding=1, bias=False), nn.BatchNorm2d(first)
        )
        self.body = nn.Sequential(
            _cell(first, first), ResidualBlock(first, second),
            _cell(second, third), ResidualBlock(third, fourth),
            _cell(fourth, last),
        )
        self.last = nn.Sequential(nn.BatchNorm2d(last), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(last, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, height, width) -> (n, classes)."""
        return self.head(self.last(self.body(self.stem(images))))
