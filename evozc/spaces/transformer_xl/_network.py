"""The torch modules of a Transformer-XL network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from evozc.spaces._adaptive import AdaptiveEmbedding, AdaptiveSoftmax
from evozc.spaces._transformer import draw_weights, dropping, later


class RelativeAttention(nn.Module):
    """Causal attention to what tokens hold and to how far away they are."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        head_width = width // heads
        inner = heads * head_width
        self.scale = head_width**-0.5
        self.qkv = nn.Linear(width, 3 * inner, bias=False)
        self.distances = nn.Linear(width, inner, bias=False)
        self.content_bias = nn.Parameter(torch.empty(heads, 1, head_width))
        self.distance_bias = nn.Parameter(torch.empty(heads, 1, head_width))
        self.softmax = nn.Softmax(dim=-1)
        self.project = nn.Linear(inner, width, bias=False)
        for bias in (self.content_bias, self.distance_bias):
            nn.init.normal_(bias, std=0.02)

    def forward(self, tokens: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        """Attend.

        Args:
            tokens: (n, length, width).
            positions: (1, length, width), the farthest distance first, the last one zero.

        Returns:
            (n, length, width).
        """
        q, k, v = self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).movedim(1, -2).unbind(1)
        away = self.distances(positions).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        content = (q + self.content_bias) @ k.transpose(-2, -1)
        distance = _by_key((q + self.distance_bias) @ away.transpose(-2, -1))
        scores = ((content + distance) * self.scale).masked_fill(later(content), -torch.inf)
        return self.project((self.softmax(scores) @ v).transpose(1, 2).flatten(2))


def _by_key(scores: torch.Tensor) -> torch.Tensor:
    """From scores by distance, farthest first, to scores by key; those after the query mean nothing."""
    n, heads, length, _ = scores.shape
    padded = torch.cat([scores.new_zeros(n, heads, length, 1), scores], dim=-1)
    return padded.view(n, heads, length + 1, length)[:, :, 1:]


class Block(nn.Module):
    """Attention and feed-forward layer, each added to what it was given and normalised."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.attention = RelativeAttention(width, heads)
        self.drop = nn.Sequential(*dropping(dropout))
        self.attention_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, inner), nn.ReLU(), *dropping(dropout), nn.Linear(inner, width),
            *dropping(dropout),
        )
        self.feed_forward_norm = nn.LayerNorm(width)

    def forward(self, tokens: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        tokens = self.attention_norm(tokens + self.drop(self.attention(tokens, positions)))
        return self.feed_forward_norm(tokens + self.feed_forward(tokens))


class Network(nn.Module):
    """Words, blocks that see how far others are, tied adaptive softmax.

    Args:
        cutoffs: As :class:`~evozc.spaces._adaptive.AdaptiveEmbedding`.
        width: Of the tokens.
        embedded: Of the vectors of frequent words.
        divisor: Of that width from cluster to cluster.
        heads: Of each layer.
        inner: Of each layer, the hidden width of its feed-forward layer.
        tied: Whether the output's projections are the embedding's.
        dropout: Before, within and after the blocks.
    """

    def __init__(
        self, cutoffs: Sequence[int], width: int, embedded: int, divisor: int, heads: Sequence[int],
        inner: Sequence[int], tied: bool, dropout: float,
    ) -> None:
        super().__init__()
        self.body = nn.ModuleList(
            Block(width, number, hidden, dropout) for number, hidden in zip(heads, inner, strict=True)
        )
        self.drop = nn.Sequential(*dropping(dropout))
        draw_weights(self)
        for module in self.body.modules():
            if isinstance(module, nn.LayerNorm):
                nn.init.normal_(module.weight, 1, 0.02)
        self.embedding = AdaptiveEmbedding(cutoffs, embedded, width, divisor)
        self.head = AdaptiveSoftmax(self.embedding, cutoffs, width, tied)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        tokens = self.embedding(words)
        positions = self.drop(_sinusoids(words.shape[1], tokens))
        tokens = self.drop(tokens)
        for block in self.body:
            tokens = block(tokens, positions)
        return self.head(self.drop(tokens))


def _sinusoids(length: int, like: torch.Tensor) -> torch.Tensor:
    """Sines and cosines of the distances ``length - 1`` to 0: (1, length, width)."""
    width = like.shape[-1]
    distances = torch.arange(length - 1, -1, -1, dtype=like.dtype, device=like.device)
    frequencies = 10_000 ** -(torch.arange(0, width, 2, dtype=like.dtype, device=like.device) / width)
    angles = distances[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=-1)[None]
