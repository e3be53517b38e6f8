"""The torch modules of networks of genotypes, as DARTS and NDS trained them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from evozc.spaces._modules import FactorizedReduce, Zero, conv_bn, relu_conv_bn

if TYPE_CHECKING:
    from evozc.spaces.nds._genotype import Cell, Genotype


def _operation(name: str, channels: int, stride: int, affine: bool) -> nn.Module:
    """An operation; without ``affine``, normalisations have no scales, and pools are followed by one."""
    kind, _, size = name.rpartition("_")
    match kind:
        case "max_pool" | "avg_pool":
            kernel, padding = int(size[0]), int(size[0]) // 2
            pool = (
                nn.MaxPool2d(kernel, stride, padding)
                if kind == "max_pool"
                else nn.AvgPool2d(kernel, stride, padding, count_include_pad=False)
            )
            return pool if affine else nn.Sequential(pool, nn.BatchNorm2d(channels, affine=False))
        case "sep_conv" | "dil_sep_conv":
            dilation = 2 if kind.startswith("dil") else 1
            return nn.Sequential(
                *_separable(channels, int(size[0]), stride, dilation, affine),
                *_separable(channels, int(size[0]), 1, dilation, affine),
            )
        case "dil_conv":
            return nn.Sequential(*_separable(channels, int(size[0]), stride, 2, affine))
        case "conv":
            return relu_conv_bn(channels, channels, int(size[0]), stride)
        case "conv_3x1" | "conv_7x1":
            long = int(size[-1])
            return nn.Sequential(
                nn.ReLU(),
                nn.Conv2d(channels, channels, (1, long), (1, stride), (0, long // 2), bias=False),
                nn.Conv2d(channels, channels, (long, 1), (stride, 1), (long // 2, 0), bias=False),
                nn.BatchNorm2d(channels),
            )
        case "skip":
            return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine)
        case _:
            return Zero(stride=stride)


def _separable(channels: int, kernel: int, stride: int, dilation: int, affine: bool) -> list[nn.Module]:
    """ReLU, a convolution of each channel for itself, one across channels, batch normalisation."""
    padding = dilation * (kernel - 1) // 2
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels, affine=affine),
    ]


class CellModule(nn.Module):
    """One cell, which reads the outputs of the two before it.

    Args:
        cell: Its operations.
        inputs: Channels of the cell before the last, and of the last one.
        channels: Within the cell.
        reduces: Whether it halves the map.
        after_reduction: Whether the last one did, so that the one before has a larger map.
        affine: Whether normalisations within the cell have scales.
    """

    def __init__(
        self, cell: Cell, inputs: tuple[int, int], channels: int, reduces: bool, after_reduction: bool,
        affine: bool,
    ) -> None:
        super().__init__()
        before_last, last = inputs
        self.before_last = (
            FactorizedReduce(before_last, channels)
            if after_reduction
            else relu_conv_bn(before_last, channels, 1)
        )
        self.last = relu_conv_bn(last, channels, 1)
        self.operations = nn.ModuleList(
            _operation(name, channels, 2 if reduces and source < 2 else 1, affine)
            for name, source in cell.entries
        )
        self.sources = [source for _, source in cell.entries]
        self.concat = cell.concat

    def forward(self, before_last: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
        """The nodes that leave the cell, (n, their number x channels, height, width)."""
        nodes = [self.before_last(before_last), self.last(last)]
        entries = list(zip(self.operations, self.sources, strict=True))
        for (first, one), (second, other) in zip(entries[::2], entries[1::2], strict=True):
            nodes.append(first(nodes[one]) + second(nodes[other]))
        return torch.cat([nodes[node] for node in self.concat], dim=1)


class Network(nn.Module):
    """Stem, cells of which those at a third and two thirds halve the map, average pool, linear head."""

    def __init__(
        self, genotype: Genotype, channels: int, depth: int, input_channels: int, classes: int,
        imagenet: bool, affine: bool,
    ) -> None:
        super().__init__()
        self.second_stem: nn.Module
        if imagenet:
            half = channels // 2
            self.stem = nn.Sequential(
                *conv_bn(input_channels, half, 3, 2), nn.ReLU(), *conv_bn(half, channels, 3, 2)
            )
            self.second_stem = relu_conv_bn(channels, channels, 3, 2)
            inputs = (channels, channels)
        else:
            self.stem = nn.Sequential(*conv_bn(input_channels, 3 * channels, 3))
            self.second_stem = nn.Identity()
            inputs = (3 * channels, 3 * channels)
        self.cells = nn.ModuleList()
        after_reduction = imagenet
        for position in range(depth):
            reduces = position in (depth // 3, 2 * depth // 3)
            channels = 2 * channels if reduces else channels
            cell = genotype.reduce if reduces else genotype.normal
            self.cells.append(CellModule(cell, inputs, channels, reduces, after_reduction, affine))
            inputs = (inputs[1], len(cell.concat) * channels)
            after_reduction = reduces
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs[1], classes))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, height, width) -> (n, classes)."""
        before_last = self.stem(images)
        last = self.second_stem(before_last)
        for cell in self.cells:
            before_last, last = last, cell(before_last, last)
        return self.head(last)
