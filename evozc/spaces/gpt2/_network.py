"""The torch modules of a GPT-2 network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from evozc.spaces._adaptive import AdaptiveEmbedding, AdaptiveSoftmax
from evozc.spaces._transformer import SelfAttention, TransformerBlock, draw_weights


class Network(nn.Module):
    """Words and positions, causal transformer blocks, normalisation, tied adaptive softmax.

    Args:
        cutoffs: As :class:`~evozc.spaces._adaptive.AdaptiveEmbedding`.
        width: Of the tokens.
        embedded: Of the vectors of frequent words.
        divisor: Of that width from cluster to cluster.
        heads: Of each layer.
        inner: Of each layer, the hidden width of its feed-forward layer.
        length: The longest sequence.
        dropout: After attention and feed-forward layers.
    """

    body: Any  # a list of transformer blocks

    def __init__(
        self, cutoffs: Sequence[int], width: int, embedded: int, divisor: int, heads: Sequence[int],
        inner: Sequence[int], length: int, dropout: float,
    ) -> None:
        super().__init__()
        self.positions = nn.Embedding(length, width)
        self.body = nn.Sequential(*[
            TransformerBlock(
                SelfAttention(width, number, width // number, causal=True), width, hidden,
                nn.GELU(approximate="tanh"), dropout=dropout,
            )
            for number, hidden in zip(heads, inner, strict=True)
        ])
        self.last = nn.LayerNorm(width)
        draw_weights(self)
        for block in self.body:
            for layer in (block.attention[1].project, block.feed_forward[3]):
                nn.init.normal_(layer.weight, std=0.02 / (2 * len(heads)) ** 0.5)
        self.embedding = AdaptiveEmbedding(cutoffs, embedded, width, divisor)
        self.head = AdaptiveSoftmax(self.embedding, cutoffs, width)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        positions = self.positions(torch.arange(words.shape[1], device=words.device)[None])
        return self.head(self.last(self.body(self.embedding(words) + positions)))
