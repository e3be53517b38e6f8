"""Torch modules that networks of several spaces share."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import pad


def conv_bn(
    inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """A convolution without bias that keeps the resolution but for its stride, and its normalisation."""
    return (
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    )


def relu_conv_bn(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """ReLU, a convolution without bias that keeps the map's size but for its stride, batch normalisation."""
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
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


class Zero(nn.Module):
    """The operation ``none``: its output is zero, whatever comes in.

    Args:
        outputs: Channels of it; 0 for as many as come in.
        stride: By which its sides are shorter.
    """

    def __init__(self, outputs: int = 0, stride: int = 1) -> None:
        super().__init__()
        self.outputs = outputs
        self.stride = stride

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(n, channels, height, width) -> zeros (n, outputs, height / stride, width / stride)."""
        thinned = inputs[:, :, :: self.stride, :: self.stride]
        if self.outputs:
            thinned = thinned[:, :1].expand(-1, self.outputs, -1, -1)
        return torch.zeros_like(thinned)


class FactorizedReduce(nn.Module):
    """Half the resolution: ReLU, two 1 x 1 convolutions with stride 2, one of them shifted by a pixel.

    Args:
        inputs: Channels that come in.
        outputs: Channels that go out, half of them from each convolution.
        affine: Whether the batch normalisation has scales and shifts.
    """

    def __init__(self, inputs: int, outputs: int, affine: bool = True) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        halves = (outputs // 2, outputs - outputs // 2)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(inputs, half, 1, stride=2, bias=False) for half in halves
        )
        self.norm = nn.BatchNorm2d(outputs, affine=affine)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(n, inputs, height, width) -> (n, outputs, height / 2, width / 2), rounded up."""
        straight, shifted = self.convolutions
        features = self.relu(inputs)
        moved = pad(features, (0, 1, 0, 1))[:, :, 1:, 1:]
        return self.norm(torch.cat([straight(features), shifted(moved)], dim=1))


class ResidualBlock(nn.Module):
    """The reduction between stages of NAS-Bench-201 and of NATS-Bench's size space: half the resolution."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            relu_conv_bn(inputs, outputs, 3, stride=2), relu_conv_bn(outputs, outputs, 3)
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, stride=2), nn.Conv2d(inputs, outputs, 1, bias=False)
        )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(n, inputs, height, width) -> (n, outputs, height / 2, width / 2)."""
        return self.shortcut(inputs) + self.main(inputs)


class FourNodeCell(nn.Module):
    """Four nodes; each is the sum of its incoming edges, ordered by target and then by source."""

    def __init__(self, edges: list[nn.Module]) -> None:
        super().__init__()
        self.edges = nn.ModuleList(edges)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """The last node's map."""
        nodes = [inputs]
        edges = iter(self.edges)
        for _ in range(3):
            nodes.append(sum(next(edges)(node) for node in list(nodes)))
        return nodes[-1]
