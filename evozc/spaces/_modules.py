"""Torch modules that networks of several spaces share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


def conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """A convolution without bias that keeps the resolution but for its stride, and its normalisation."""
    return (
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    )


class SqueezeExcitation(nn.Module):
    """Channels weighted by what their means say (Hu et al., CVPR 2018)."""

    def __init__(self, channels: int, squeezed: int, activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.weights = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, squeezed, 1), activation(),
            nn.Conv2d(squeezed, channels, 1), nn.Sigmoid(),
        )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs * self.weights(inputs)


class InvertedResidual(nn.Module):
    """Expansion, depthwise convolution, projection; added to its input where shapes agree.

    The block of MobileNetV2 (Sandler et al., CVPR 2018).

    Args:
        inputs: Channels.
        outputs: Channels.
        kernel: Of the depthwise convolution.
        expansion: Of the channels; without any, the first convolution is left out.
        stride: Of the depthwise convolution.
        activation: After expansion and depthwise convolution.
        squeezed: Channels within squeeze-and-excitation; 0 for none.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, expansion: int, stride: int,
        activation: Callable[[], nn.Module] = nn.ReLU, squeezed: int = 0,
    ) -> None:
        super().__init__()
        width = inputs * expansion
        expand = [*conv_bn(inputs, width, 1), activation()] if expansion > 1 else []
        weigh = [SqueezeExcitation(width, squeezed, activation)] if squeezed else []
        self.layers = nn.Sequential(
            *expand,
            *conv_bn(width, width, kernel, stride, groups=width), activation(),
            *weigh,
            *conv_bn(width, outputs, 1),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs = self.layers(inputs)
        return inputs + outputs if self.residual else outputs
