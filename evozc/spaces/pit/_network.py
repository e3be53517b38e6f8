"""The torch modules of a PiT network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from evozc.spaces._transformer import SelfAttention, TransformerBlock
from evozc.spaces.pit._space import PATCH, STRIDE

_EPS = 1e-6


class Pooling(nn.Module):
    """Half the resolution: a grouped convolution of the patches, a linear layer of the class token."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, groups=inputs)
        self.class_token = nn.Linear(inputs, outputs)

    def forward(self, tokens: torch.Tensor, side: int) -> torch.Tensor:
        """From (n, 1 + side * side, inputs) to half as many rows of patches, of width outputs."""
        patches = tokens[:, 1:].transpose(1, 2).unflatten(-1, (side, side))
        pooled = self.patches(patches).flatten(2).transpose(1, 2)
        return torch.cat([self.class_token(tokens[:, :1]), pooled], dim=1)


class Network(nn.Module):
    """Overlapping patches and a class token, three stages of transformer blocks, linear head at the token.

    Args:
        base: Width of one head.
        ratio: Hidden width of feed-forward layers by the stage's width.
        depths: Blocks of each stage.
        heads: Of each stage.
        side: Patches in a row.
        input_channels: Channels of the images.
        classes: Number of outputs.
    """

    def __init__(
        self, base: int, ratio: int, depths: Sequence[int], heads: Sequence[int], side: int,
        input_channels: int, classes: int,
    ) -> None:
        super().__init__()
        widths = [base * number for number in heads]
        self.side = side
        self.patches = nn.Conv2d(input_channels, widths[0], PATCH, STRIDE)
        self.positions = nn.Parameter(torch.empty(1, widths[0], side, side))
        self.class_token = nn.Parameter(torch.empty(1, 1, widths[0]))
        self.stages = nn.ModuleList(
            nn.Sequential(*[
                TransformerBlock(
                    SelfAttention(width, number, base), width, width * ratio, nn.GELU(), _EPS
                )
                for _ in range(depth)
            ])
            for width, number, depth in zip(widths, heads, depths, strict=True)
        )
        self.pools = nn.ModuleList(Pooling(inputs, outputs) for inputs, outputs in pairwise(widths))
        self.last = nn.LayerNorm(widths[-1], _EPS)
        self.head = nn.Linear(widths[-1], classes)
        for weight in (self.positions, self.class_token):
            nn.init.trunc_normal_(weight, std=0.02)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = (self.patches(images) + self.positions).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(images), -1, -1), patches], dim=1)
        side = self.side
        for position, stage in enumerate(self.stages):
            if position:
                tokens = self.pools[position - 1](tokens, side)
                side = (side + 1) // 2
            tokens = stage(tokens)
        return self.head(self.last(tokens[:, 0]))
