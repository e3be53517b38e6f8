"""The torch modules of a NAS-Bench-101 network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import torch
from torch import nn

from evozc.spaces._modules import conv_bn

if TYPE_CHECKING:
    from evozc.spaces.nasbench101._space import Cell


def _conv_bn_relu(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(*conv_bn(inputs, outputs, kernel), nn.ReLU())


def _operation(name: str, channels: int) -> nn.Module:
    match name:
        case "conv3x3-bn-relu":
            return _conv_bn_relu(channels, channels, 3)
        case "conv1x1-bn-relu":
            return _conv_bn_relu(channels, channels, 1)
        case _:
            return nn.MaxPool2d(3, stride=1, padding=1)


def channels_of(fed: Sequence[frozenset[int]], outputs: int) -> list[int]:
    """The channels of every vertex between input and output.

    Those that feed the output share its channels, the first ones taking what is left over; others
    have as many as the widest vertex that they feed.

    Args:
        fed: Of each vertex, those that feed it.
        outputs: Channels of the cell.

    Returns:
        By vertex; those of the input and the output are not looked at.
    """
    last = len(fed) - 1
    sharing = sorted(fed[last] - {0})
    channels = [0] * len(fed)
    for place, vertex in enumerate(sharing):
        share, rest = divmod(outputs, len(sharing))
        channels[vertex] = share + (place < rest)
    for vertex in reversed(range(1, last)):
        if vertex not in fed[last]:
            channels[vertex] = max(channels[target] for target in range(last) if vertex in fed[target])
    return channels


class CellModule(nn.Module):
    """One cell; what leaves the input is projected, inner edges drop a channel where one is too many."""

    def __init__(self, cell: Cell, inputs: int, outputs: int) -> None:
        super().__init__()
        self.fed = cell.fed
        last = len(cell.fed) - 1
        self.channels = [*channels_of(cell.fed, outputs)[:last], outputs]
        self.operations = nn.ModuleDict({
            str(vertex): _operation(cell.operations[vertex], self.channels[vertex])
            for vertex in range(1, last)
        })
        self.projections = nn.ModuleDict({
            str(vertex): _conv_bn_relu(inputs, self.channels[vertex], 1)
            for vertex, sources in enumerate(cell.fed)
            if 0 in sources
        })

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(n, inputs, height, width) -> (n, outputs, height, width)."""
        last = len(self.fed) - 1
        maps = {0: inputs}
        for vertex in range(1, last):
            terms = [maps[s][:, : self.channels[vertex]] for s in sorted(self.fed[vertex] - {0})]
            maps[vertex] = self.operations[str(vertex)](sum(terms + self._projected(vertex, inputs)))
        side_by_side = [maps[source] for source in sorted(self.fed[last] - {0})]
        joined = [torch.cat(side_by_side, dim=1)] if side_by_side else []
        return reduce(torch.add, joined + self._projected(last, inputs))

    def _projected(self, vertex: int, inputs: torch.Tensor) -> list[torch.Tensor]:
        return [self.projections[str(vertex)](inputs)] if 0 in self.fed[vertex] else []


class Network(nn.Module):
    """Stem, stacks of cells with a pool between them, global average pool, linear head."""

    def __init__(
        self, cell: Cell, channels: int, stacks: int, modules: int, input_channels: int, classes: int
    ) -> None:
        super().__init__()
        self.stem = _conv_bn_relu(input_channels, channels, 3)
        body: list[nn.Module] = []
        inputs = channels
        for stack in range(stacks):
            if stack:
                body.append(nn.MaxPool2d(2))
                channels *= 2
            for _ in range(modules):
                body.append(CellModule(cell, inputs, channels))
                inputs = channels
        self.body = nn.Sequential(*body)
        self.head = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    @property
    def cells(self) -> list[nn.Module]:
        """The cells in forward order."""
        return [module for module in self.body if isinstance(module, CellModule)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, height, width) -> (n, classes)."""
        return self.head(self.body(self.stem(images)).mean(dim=(2, 3)))
