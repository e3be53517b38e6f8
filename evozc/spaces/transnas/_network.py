"""The torch modules of TransNAS-Bench-101: encoders, and a head for each task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import nn

from evozc.spaces._modules import FactorizedReduce, FourNodeCell, Zero, conv_bn, relu_conv_bn

#: From channels in, channels out and stride to a cell.
CellMaker = Callable[[int, int, int], nn.Module]


def micro_network(
    operations: Sequence[str], channels: int, layers: str, task: str, outputs: int, input_channels: int
) -> nn.Module:
    """The network of a micro architecture; ``operations`` are those of the cell's six edges."""

    def cell(inputs: int, outputs: int, stride: int) -> nn.Module:
        first = (inputs, outputs, stride)
        later = (outputs, outputs, 1)
        places = (first, first, later, first, later, later)
        edges = zip(operations, places, strict=True)
        return FourNodeCell([_operation(name, *place) for name, place in edges])

    return _network(Encoder(channels, layers, cell, input_channels), layers, task, outputs)


def macro_network(channels: int, layers: str, task: str, outputs: int, input_channels: int) -> nn.Module:
    """The network of a macro architecture."""
    return _network(Encoder(channels, layers, BasicBlock, input_channels), layers, task, outputs)


def _operation(name: str, inputs: int, outputs: int, stride: int) -> nn.Module:
    match name:
        case "none":
            return Zero(outputs, stride)
        case "skip_connect":
            return FactorizedReduce(inputs, outputs) if stride > 1 else nn.Identity()
        case "nor_conv_1x1":
            return relu_conv_bn(inputs, outputs, 1, stride)
        case _:
            return relu_conv_bn(inputs, outputs, 3, stride)


class BasicBlock(nn.Module):
    """Two convolutions, each after a ReLU, beside a shortcut; no ReLU after their sum."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            relu_conv_bn(inputs, outputs, 3, stride), relu_conv_bn(outputs, outputs, 3)
        )
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else nn.Sequential(*conv_bn(inputs, outputs, 1, stride))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """(n, inputs, height, width) -> (n, outputs, height / stride, width / stride)."""
        return self.main(inputs) + self.shortcut(inputs)


class Encoder(nn.Module):
    """A stem that quarters each side, and layers of two cells, the first of which may change the shape.

    Args:
        channels: That leave the stem.
        layers: A digit each: 2 and 4 double the channels, 3 and 4 halve the map.
        cell: Makes one.
        input_channels: Channels of the images.

    Attributes:
        channels: That leave the last layer.
    """

    def __init__(self, channels: int, layers: str, cell: CellMaker, input_channels: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *conv_bn(input_channels, channels // 2, 3, 2), relu_conv_bn(channels // 2, channels, 3, 2)
        )
        body = []
        for digit in layers:
            outputs = 2 * channels if digit in "24" else channels
            body += [cell(channels, outputs, 2 if digit in "34" else 1), cell(outputs, outputs, 1)]
            channels = outputs
        self.body = nn.Sequential(*body)
        self.channels = channels
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, input channels, height, width) -> (n, channels, height / stride, width / stride)."""
        return self.body(self.stem(images))


def _network(encoder: Encoder, layers: str, task: str, outputs: int) -> nn.Module:
    head: nn.Module
    doublings = 2 + sum(digit in "34" for digit in layers)
    match task:
        case "jigsaw":
            return Jigsaw(encoder, outputs)
        case "segmentsemantic":
            head = Decoder(encoder.channels, _segmenting(doublings), nn.Identity(), outputs)
        case "autoencoder" | "normal":
            head = Decoder(encoder.channels, _generating(doublings), nn.Tanh(), outputs)
        case _:
            head = _pooled(encoder.channels, outputs)
    return Network(encoder, head)


class Network(nn.Module):
    """An encoder and a head."""

    def __init__(self, encoder: Encoder, head: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, channels, height, width) -> what the head makes of the encoder's maps."""
        return self.head(self.encoder(images))


class Jigsaw(nn.Module):
    """One encoder for all tiles, whose maps are stacked before they are averaged."""

    def __init__(self, encoder: Encoder, outputs: int, tiles: int = 9) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = _pooled(tiles * encoder.channels, outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, tiles, channels, height, width) -> (n, outputs)."""
        return self.head(torch.cat([self.encoder(tile) for tile in images.unbind(1)], dim=1))


def _pooled(channels: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, outputs))


class Decoder(nn.Module):
    """Convolutions, some of which double the map, up to an image as large as the encoder's input.

    Args:
        channels: That come in.
        layers: Channels of each hidden layer, and whether it doubles the map.
        last: After the last convolution.
        outputs: Channels that go out.
    """

    def __init__(
        self, channels: int, layers: Iterable[tuple[int, bool]], last: nn.Module, outputs: int
    ) -> None:
        super().__init__()
        hidden = []
        for width, doubles in layers:
            hidden.append(_decoding(channels, width, doubles))
            channels = width
        self.hidden = nn.Sequential(*hidden)
        self.last = nn.Sequential(nn.Conv2d(channels, outputs, 3, padding=1), last)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """(n, channels, height, width) -> (n, outputs, height x doublings, width x doublings)."""
        return self.last(self.hidden(maps))


def _decoding(inputs: int, outputs: int, doubles: bool) -> nn.Sequential:
    convolution = (
        nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1)
        if doubles
        else nn.Conv2d(inputs, outputs, 3, padding=1)
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2))


def _segmenting(doublings: int) -> list[tuple[int, bool]]:
    """The hidden layers of the decoder into classes: as many double as needed, the last ones."""
    return [(1024, False), *((1024 >> k, k > 6 - doublings) for k in range(1, 6)), (32, True)]


def _generating(doublings: int) -> list[tuple[int, bool]]:
    """The hidden layers of the decoder into images."""
    return [
        (1024, False), (1024, False),
        (512, doublings >= 6), (512, False), (256, doublings >= 5), (128, False),
        (64, doublings >= 4), (64, False), (32, doublings >= 3), (32, False),
        (16, True), (32, False), (16, True),
    ]
