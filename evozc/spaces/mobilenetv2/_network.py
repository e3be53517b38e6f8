"""The torch modules of a network of the MobileNetV2 space."""

from __future__ import annotations

import torch
from torch import nn

from evozc.spaces._modules import conv_bn
from evozc.spaces.mobilenetv2._space import LAST, Plan, blocks_of


class Block(nn.Module):
    """Expansion, depthwise convolution, projection; with its shortcut added, a ReLU.

    Args:
        inputs: Channels.
        outputs: Channels.
        kernel: Of the depthwise convolution.
        expansion: Of the outputs' channels.
        stride: Of the depthwise convolution.
        shortcut: None for none.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, expansion: int, stride: int,
        shortcut: nn.Module | None,
    ) -> None:
        super().__init__()
        width = outputs * expansion
        self.layers = nn.Sequential(
            *conv_bn(inputs, width, 1), nn.ReLU(),
            *conv_bn(width, width, kernel, stride, groups=width), nn.ReLU(),
            *conv_bn(width, outputs, 1),
        )
        self.shortcut = shortcut
        self.relu = nn.ReLU()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs = self.layers(inputs)
        return self.relu(outputs if self.shortcut is None else outputs + self.shortcut(inputs))


class Network(nn.Module):
    """Stem, inverted residual blocks, pointwise convolution, global average pool, linear head.

    Args:
        plan: Of the architecture.
        az_nas: With shortcuts and Kaiming's normal weights; or else without, and torch's defaults.
        input_channels: Channels of the images.
        classes: Number of outputs.
    """

    def __init__(self, plan: Plan, az_nas: bool, input_channels: int, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(*conv_bn(input_channels, plan.stem, 3, stride=2), nn.ReLU())
        body = []
        for inputs, outputs, kernel, expansion, stride, projected in blocks_of(plan):
            shortcut: nn.Module | None = None
            if az_nas and projected:
                shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
            elif az_nas:
                shortcut = nn.Identity()
            body.append(Block(inputs, outputs, kernel, expansion, stride, shortcut))
        self.body = nn.Sequential(*body)
        self.last = nn.Sequential(*conv_bn(plan.stages[-1].outputs, LAST, 1), nn.ReLU())
        self.head = nn.Linear(LAST, classes)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps = 1e-3
            elif az_nas and isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.last(self.body(self.stem(images)))
        return self.head(features.mean(dim=(2, 3)))
