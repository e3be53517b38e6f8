"""The mixer architecture with Bayesian network (MABN) of ParZC (arXiv 2402.02105, section 3.2)."""

from __future__ import annotations

import math

import torch
from torch import nn

#: rho of a Bayesian weight at the start, as published: a deviation of 0.0067.
_RHO = -5.0
_HEAD_DROPOUT = 0.1


class BayesianLinear(nn.Module):
    """A linear map without bias whose weights are drawn anew at every call.

    ``w = mu + log(1 + exp(rho)) eps`` with standard normal ``eps``, in training and in
    prediction (Blundell et al., ICML 2015). The noise comes from torch's current random state.

    Args:
        inputs: Features that come in.
        outputs: Features that go out.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mu = nn.Parameter(torch.empty(outputs, inputs))
        self.rho = nn.Parameter(torch.full((outputs, inputs), _RHO))
        nn.init.kaiming_uniform_(self.mu, a=math.sqrt(5))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        deviation = nn.functional.softplus(self.rho)
        weight = self.mu + deviation * torch.randn_like(deviation)
        return nn.functional.linear(inputs, weight)

    def divergence(self, prior: float) -> torch.Tensor:
        """Kullback-Leibler divergence of the weights from normal ones of deviation ``prior``."""
        deviation = nn.functional.softplus(self.rho)
        spread = (deviation.square() + self.mu.square()) / (2 * prior**2)
        return (math.log(prior) - deviation.log() + spread - 0.5).sum()


def _feed_forward(width: int, hidden: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, hidden), nn.GELU(), nn.Dropout(dropout),
        nn.Linear(hidden, width), nn.Dropout(dropout),
    )


class MixerBlock(nn.Module):
    """Two residual feed-forward maps of (batch, tokens, width).

    Both act on the width in the published code, where tokens never meet. With
    ``mix_tokens`` the first acts on the tokens instead, as in an MLP-Mixer
    (Tolstikhin et al., NeurIPS 2021).
    """

    def __init__(self, tokens: int, width: int, dropout: float, mix_tokens: bool) -> None:
        super().__init__()
        self.mix_tokens = mix_tokens
        self.first_norm, self.second_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        mixed = tokens if mix_tokens else width
        self.first = _feed_forward(mixed, 4 * mixed, dropout)
        self.second = _feed_forward(width, max(1, width // 2), dropout)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        normed = self.first_norm(tokens)
        if self.mix_tokens:
            tokens = tokens + self.first(normed.transpose(1, 2)).transpose(1, 2)
        else:
            tokens = tokens + self.first(normed)
        return tokens + self.second(self.second_norm(tokens))


class Mixer(nn.Module):
    """Segments -> Bayesian embedding -> mixer blocks -> mean over the tokens -> Bayesian map.

    Args:
        positions: Positions of the input.
        channels: Statistics at each position.
        segment: Features in a segment; 0 for a token a position, without the map to segments.
        segments: Number of segments.
        width: Features of a token.
        depth: Number of blocks.
        dropout: In the blocks.
        mix_tokens: See :class:`MixerBlock`.
        outputs: Features that go out.
    """

    def __init__(
        self, positions: int, channels: int, segment: int, segments: int, width: int, depth: int,
        dropout: float, mix_tokens: bool, outputs: int,
    ) -> None:
        super().__init__()
        self.segment, self.segments = segment, segments
        if segment:
            self.to_segments = nn.Linear(positions * channels, segment * segments)
        tokens = segments if segment else positions
        self.embedding = BayesianLinear(segment or channels, width)
        self.blocks = nn.Sequential(*(MixerBlock(tokens, width, dropout, mix_tokens) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.head = BayesianLinear(width, outputs)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features (batch, channels, positions) -> (batch, outputs)."""
        if self.segment:
            tokens = self.to_segments(features.flatten(1)).unflatten(1, (self.segments, self.segment))
        else:
            tokens = features.transpose(1, 2)
        return self.head(self.norm(self.blocks(self.embedding(tokens))).mean(dim=1))


def regressor(width: int) -> nn.Sequential:
    """From the mixer's output to one number, as the published stand-alone model ends."""
    return nn.Sequential(
        nn.Linear(width, max(1, width // 2), bias=False), nn.Dropout(_HEAD_DROPOUT),
        nn.Linear(max(1, width // 2), 1, bias=False),
    )
