"""The torch modules of an AutoFormer network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from evozc.spaces._transformer import SelfAttention, TransformerBlock, draw_weights
from evozc.spaces.autoformer._space import HEAD_WIDTH, PATCH

#: Farther patches count as this far.
_FARTHEST = 14


class RelativePositions(nn.Module):
    """A vector for every pair of tokens: of their vertical distance, plus of their horizontal distance.

    The first row of both tables is for pairs with the class token.

    Args:
        side: Patches in a row, and rows.
        width: Of the vectors.
    """

    distances: torch.Tensor

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.vertical = nn.Parameter(torch.empty(2 * _FARTHEST + 2, width))
        self.horizontal = nn.Parameter(torch.empty(2 * _FARTHEST + 2, width))
        steps = torch.arange(side)
        distances = (steps - steps[:, None]).clamp(-_FARTHEST, _FARTHEST) + _FARTHEST + 1
        self.register_buffer("distances", distances, persistent=False)
        for table in (self.vertical, self.horizontal):
            nn.init.trunc_normal_(table, std=0.02)

    def dot(self, q: torch.Tensor) -> torch.Tensor:
        """Queries (n, heads, tokens, width) times the vectors to all keys: (n, heads, tokens, tokens)."""
        side = len(self.distances)
        of_class = q @ (self.vertical[0] + self.horizontal[0])  # (n, heads, tokens)
        patches = q[:, :, 1:].unflatten(2, (side, side))
        down = torch.einsum("nhrcd,rsd->nhrcs", patches, self.vertical[self.distances])
        across = torch.einsum("nhrcd,csd->nhrcs", patches, self.horizontal[self.distances])
        between = (down.unsqueeze(-1) + across.unsqueeze(-2)).flatten(-2).flatten(2, 3)
        first = of_class[:, :, :1, None].expand(-1, -1, 1, between.shape[-1])
        return torch.cat([of_class.unsqueeze(-1), torch.cat([first, between], dim=2)], dim=-1)

    def mix(self, weights: torch.Tensor) -> torch.Tensor:
        """The vectors to all keys, weighted (n, heads, tokens, tokens): (n, heads, tokens, width)."""
        side = len(self.distances)
        of_class = self.vertical[0] + self.horizontal[0]
        between = weights[:, :, 1:, 1:].unflatten(-1, (side, side)).unflatten(2, (side, side))
        patches = (
            torch.einsum("nhrcs,rsd->nhrcd", between.sum(-1), self.vertical[self.distances])
            + torch.einsum("nhrcs,csd->nhrcd", between.sum(-2), self.horizontal[self.distances])
        ).flatten(2, 3) + weights[:, :, 1:, :1] * of_class
        first = weights[:, :, :1].sum(-1, keepdim=True) * of_class
        return torch.cat([first, patches], dim=2)


class RelativeAttention(SelfAttention):
    """Attention with relative positions of keys and values (Wu et al., ICCV 2021), shared by the heads."""

    def __init__(self, width: int, heads: int, head_width: int, side: int) -> None:
        super().__init__(width, heads, head_width)
        self.key_positions = RelativePositions(side, head_width)
        self.value_positions = RelativePositions(side, head_width)

    def scores(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        return super().scores(q, k) + self.key_positions.dot(q)

    def mix(self, weights: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return super().mix(weights, v) + self.value_positions.mix(weights)


class Network(nn.Module):
    """Patches and a class token, transformer blocks, mean of the patches, linear head.

    Args:
        width: Of the tokens.
        ratios: Of each layer, the hidden width of its feed-forward layer by ``width``.
        heads: Of each layer.
        relative: Whether attention has relative positions and heads of width 64 (AutoFormer), or the heads
            share ``width`` (Auto-Prox).
        side: Patches in a row.
        input_channels: Channels of the images.
        classes: Number of outputs.
    """

    def __init__(
        self, width: int, ratios: Sequence[float], heads: Sequence[int], relative: bool, side: int,
        input_channels: int, classes: int,
    ) -> None:
        super().__init__()
        eps = 1e-5 if relative else 1e-6
        self.patches = nn.Conv2d(input_channels, width, PATCH, PATCH)
        self.class_token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = nn.Parameter(torch.empty(1, side * side + 1, width))
        self.body = nn.Sequential(*[
            TransformerBlock(
                RelativeAttention(width, number, HEAD_WIDTH, side) if relative
                else SelfAttention(width, number, width // number),
                width, int(width * ratio), nn.GELU(), eps,
            )
            for ratio, number in zip(ratios, heads, strict=True)
        ])
        self.last = nn.LayerNorm(width, eps)
        self.head = nn.Linear(width, classes)
        draw_weights(self, truncated=True)
        for weight in (self.class_token, self.positions):
            nn.init.trunc_normal_(weight, std=0.02)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(images), -1, -1), patches], dim=1)
        features = self.last(self.body(tokens + self.positions))
        return self.head(features[:, 1:].mean(dim=1))
