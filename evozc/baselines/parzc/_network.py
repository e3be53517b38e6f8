"""The torch module behind a predictor: mixer, graph encoder if asked for, regressor."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from evozc.baselines.parzc._graph import GraphEncoder
from evozc.baselines.parzc._mixer import BayesianLinear, Mixer, regressor
from evozc.baselines.parzc._settings import ParZCSettings


@dataclass(frozen=True)
class Sizes:
    """What a network's shape depends on beside its settings.

    Args:
        channels: Of the features.
        positions: Of the features.
        kinds: Operations that graph nodes can have; 0 without a graph.
        nodes: Nodes of a graph; 0 without one.
    """

    channels: int
    positions: int
    kinds: int = 0
    nodes: int = 0


class Network(nn.Module):
    """Features, and graphs where the settings say so, -> one number an architecture."""

    def __init__(self, settings: ParZCSettings, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        outputs = sizes.nodes * settings.graph_width if settings.graph else settings.width
        self.mixer = Mixer(
            sizes.positions, sizes.channels, settings.segment, settings.segments, settings.width,
            settings.depth, settings.dropout, settings.mix_tokens, outputs,
        )
        self.encoder = None
        if settings.graph:
            self.encoder = GraphEncoder(
                sizes.kinds, sizes.nodes, sizes.nodes - 1, settings.graph_width,
                settings.graph_layers, settings.graph_heads, settings.dropout,
            )
        self.regressor = regressor(outputs)

    def forward(self, features: torch.Tensor, *graph: torch.Tensor) -> torch.Tensor:
        """Features (batch, channels, positions) and :func:`~._graph.encode`'s graphs -> (batch,)."""
        mixed = self.mixer(features)
        if self.encoder is not None:
            mixed = self.encoder(mixed, *graph)
        return self.regressor(mixed).squeeze(1)

    def divergence(self, prior: float) -> torch.Tensor:
        """Sum of the Bayesian layers' Kullback-Leibler divergences from the prior."""
        found = (m.divergence(prior) for m in self.modules() if isinstance(m, BayesianLinear))
        return sum(found, torch.zeros(()))
