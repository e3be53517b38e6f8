"""Adaptive embeddings and softmax (Baevski and Auli, ICLR 2019; Grave et al., ICML 2017), tied.

The words of a vocabulary, the most frequent first, are cut into clusters; each later cluster has narrower
vectors, which a projection brings to the width of the tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn.functional import linear


def cluster_widths(width: int, divisor: int, clusters: int) -> list[int]:
    """The width of the vectors of each cluster's table; one table for all where nothing is divided."""
    return [width // divisor**cluster for cluster in range(clusters if divisor > 1 else 1)]


class AdaptiveEmbedding(nn.Module):
    """From words to tokens.

    Args:
        cutoffs: The first word of each cluster but the first, and the size of the vocabulary.
        embedded: Width of the first cluster's vectors.
        width: Of the tokens.
        divisor: Of the vectors' width from cluster to cluster.
    """

    tables: Any  # a list of embeddings
    projections: Any  # a list of linear layers or identities

    def __init__(self, cutoffs: Sequence[int], embedded: int, width: int, divisor: int) -> None:
        super().__init__()
        ends = [0, *cutoffs] if divisor > 1 else [0, cutoffs[-1]]
        self.ends = ends
        widths = cluster_widths(embedded, divisor, len(cutoffs))
        self.scale = width**0.5
        self.tables = nn.ModuleList(
            nn.Embedding(end - start, size) for (start, end), size in zip(pairwise(ends), widths, strict=True)
        )
        projected = divisor > 1 or embedded != width
        self.projections = nn.ModuleList(
            nn.Linear(size, width, bias=False) if projected else nn.Identity() for size in widths
        )
        for table in self.tables:
            nn.init.normal_(table.weight, std=0.02)
        for projection in self.projections:
            if projected:
                nn.init.normal_(projection.weight, std=0.01)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        """From int64 (n, length) to (n, length, width).

        Every table looks up every word, one of its own where the word is another's: so layers and their
        shapes do not depend on which words are rare.
        """
        tokens: torch.Tensor | None = None
        for start, table, projection in zip(self.ends[:-1], self.tables, self.projections, strict=True):
            within = (words - start).clamp(0, table.num_embeddings - 1)
            projected = projection(table(within))
            rarer = (words >= start)[..., None]
            tokens = projected if tokens is None else torch.where(rarer, projected, tokens)
        return tokens * self.scale


class AdaptiveSoftmax(nn.Module):
    """From tokens to the logarithms of the words' probabilities, by the embedding's own tables.

    The first cluster predicts its words and how likely each other cluster is. Its projection, where the
    embedding has any, is its own; those of the others are the embedding's.

    Args:
        embedding: Whose tables and projections are used; it is not a part of this module.
        cutoffs: As the embedding's.
        width: Of the tokens.
        tied: Whether later clusters use the embedding's projections, or have their own too.
    """

    projections: Any  # a list of linear layers

    def __init__(
        self, embedding: AdaptiveEmbedding, cutoffs: Sequence[int], width: int, tied: bool = True
    ) -> None:
        super().__init__()
        self._embedding = [embedding]  # in a list, or its weights would be listed twice
        self.cutoffs = list(cutoffs)
        first = embedding.tables[0].embedding_dim
        sizes = [table.embedding_dim for table in embedding.tables]
        sizes += [first] * (len(cutoffs) - len(sizes))
        self.projected = isinstance(embedding.projections[0], nn.Linear)
        own = sizes if not tied else sizes[:1]
        self.projections = nn.ModuleList(
            nn.Linear(width, size, bias=False) for size in (own if self.projected else [])
        )
        self.bias = nn.Parameter(torch.zeros(cutoffs[-1]))
        if len(cutoffs) > 1:
            self.cluster_weight = nn.Parameter(torch.empty(len(cutoffs) - 1, first))
            self.cluster_bias = nn.Parameter(torch.zeros(len(cutoffs) - 1))
            nn.init.normal_(self.cluster_weight, std=0.02)
        for projection in self.projections:
            nn.init.normal_(projection.weight, std=0.01)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """From (n, length, width) to (n, length, words)."""
        weight, bias = self._table(0), self.bias[: self.cutoffs[0]]
        if len(self.cutoffs) == 1:
            return linear(self._narrowed(0, tokens), weight, bias).log_softmax(-1)
        weight, bias = torch.cat([weight, self.cluster_weight]), torch.cat([bias, self.cluster_bias])
        head = linear(self._narrowed(0, tokens), weight, bias).log_softmax(-1)
        parts = [head[..., : self.cutoffs[0]]]
        for cluster, (start, end) in enumerate(pairwise(self.cutoffs), 1):
            scores = linear(self._narrowed(cluster, tokens), self._table(cluster), self.bias[start:end])
            of_cluster = head[..., self.cutoffs[0] + cluster - 1, None]
            parts.append(scores.log_softmax(-1) + of_cluster)
        return torch.cat(parts, dim=-1)

    def _table(self, cluster: int) -> torch.Tensor:
        tables = self._embedding[0].tables
        if len(tables) > 1:
            return tables[cluster].weight
        start = self.cutoffs[cluster - 1] if cluster else 0
        return tables[0].weight[start : self.cutoffs[cluster]]

    def _narrowed(self, cluster: int, tokens: torch.Tensor) -> torch.Tensor:
        if not self.projected:
            return tokens
        if cluster < len(self.projections):
            return self.projections[cluster](tokens)
        projections = self._embedding[0].projections
        return linear(tokens, projections[cluster if len(projections) > 1 else 0].weight.T)
