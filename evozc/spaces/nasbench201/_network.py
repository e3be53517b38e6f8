"""The torch modules of a NAS-Bench-201 network, as its authors trained them."""

from __future__ import annotations

import torch
from torch import nn


class _Zero(nn.Module):
    """The operation ``none``: its output is zero, whatever comes in."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(inputs)


def _relu_conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
    )


def _operation(name: str, channels: int) -> nn.Module:
    match name:
        case "none":
            return _Zero()
        case "skip_connect":
            return nn.Identity()
        case "nor_conv_1x1":
            return _relu_conv_bn(channels, channels, 1)
        case "nor_conv_3x3":
            return _relu_conv_bn(channels, channels, 3)
        case _:
            return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


class Cell(nn.Module):
    """Four nodes; each is the sum of its incoming edges."""

    def __init__(self, operations: tuple[str, ...], channels: int) -> None:
        super().__init__()
        self.edges = nn.ModuleList(_operation(name, channels) for name in operations)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        nodes = [inputs]
        edges = iter(self.edges)
        for _ in range(3):
            nodes.append(sum(next(edges)(node) for node in list(nodes)))
        return nodes[-1]


class ResidualBlock(nn.Module):
    """The reduction between stages: half the resolution, twice the channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            _relu_conv_bn(inputs, outputs, 3, stride=2), _relu_conv_bn(outputs, outputs, 3)
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, stride=2), nn.Conv2d(inputs, outputs, 1, bias=False)
        )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.shortcut(inputs) + self.main(inputs)


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
            body.extend(Cell(operations, channels) for _ in range(cells))
        self.body = nn.Sequential(*body)
        self.last = nn.Sequential(nn.BatchNorm2d(channels), nn.ReLU())
        self.head = nn.Linear(channels, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.last(self.body(self.stem(images)))
        return self.head(features.mean(dim=(2, 3)))
