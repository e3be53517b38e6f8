"""Torch modules that transformers of several spaces share."""

from __future__ import annotations

import torch
from torch import nn


class SelfAttention(nn.Module):
    """Multi-head scaled dot-product attention (Vaswani et al., NeurIPS 2017); one layer for q, k and v.

    Args:
        width: Of the tokens.
        heads: Their number.
        head_width: Of one head.
        causal: Whether a token sees only itself and those before it.
    """

    def __init__(self, width: int, heads: int, head_width: int, causal: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.scale = head_width**-0.5
        self.causal = causal
        self.qkv = nn.Linear(width, 3 * heads * head_width)
        self.softmax = nn.Softmax(dim=-1)
        self.project = nn.Linear(heads * head_width, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """From (n, length, width) to the same shape."""
        q, k, v = self.qkv(tokens).unflatten(-1, (3, self.heads, -1)).movedim(1, -2).unbind(1)
        scores = self.scores(q, k) * self.scale
        if self.causal:
            scores = scores.masked_fill(later(scores), -torch.inf)
        return self.project(self.mix(self.softmax(scores), v).transpose(1, 2).flatten(2))

    def scores(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        """How much tokens attend to each other (n, heads, queries, keys), not yet scaled."""
        return q @ k.transpose(-2, -1)

    def mix(self, weights: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """The heads' outputs (n, heads, queries, head width)."""
        return weights @ v


def later(scores: torch.Tensor) -> torch.Tensor:
    """True at the keys that come after their query: bool (queries, keys)."""
    return torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)


class TransformerBlock(nn.Module):
    """Attention and a feed-forward layer, each normalised before and added to what it was given.

    Args:
        attention: Of tokens of ``width``.
        width: Of the tokens.
        hidden: Of the feed-forward layer.
        activation: Of the feed-forward layer.
        eps: Of the normalisations.
        dropout: After attention and feed-forward layer.
    """

    def __init__(
        self, attention: nn.Module, width: int, hidden: int, activation: nn.Module, eps: float = 1e-5,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.attention = nn.Sequential(nn.LayerNorm(width, eps), attention, *dropping(dropout))
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width, eps), nn.Linear(width, hidden), activation, nn.Linear(hidden, width),
            *dropping(dropout),
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        tokens = tokens + self.attention(tokens)
        return tokens + self.feed_forward(tokens)


def dropping(dropout: float) -> list[nn.Module]:
    """A dropout, or nothing where nothing is dropped."""
    return [nn.Dropout(dropout)] if dropout else []


def draw_weights(network: nn.Module, deviation: float = 0.02, truncated: bool = False) -> None:
    """Draw the weights of linear layers and embeddings from a normal distribution; biases become zero.

    Args:
        network: Changed in place.
        deviation: Of the weights.
        truncated: At -2 and 2, as vision transformers do.
    """
    draw = nn.init.trunc_normal_ if truncated else nn.init.normal_
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            draw(module.weight, std=deviation)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
