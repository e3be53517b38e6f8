"""An encoder of the cell's graph, to which the mixer's output is added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from evozc.errors import ConfigError, DataError
from evozc.spaces import GraphSpace, get_space
from evozc.table import Table


def space_of(table: Table) -> GraphSpace:
    """The search space of a table's architectures, which must be one whose graphs are known.

    Raises:
        ConfigError: the table does not say which space it is of, or the space has no graphs.
    """
    name = table.provenance.get("space")
    if not isinstance(name, str):
        raise ConfigError("the graph encoder needs the search space, and the table does not name it")
    space = get_space(name, **(table.provenance.get("space_settings") or {}))
    if not isinstance(space, GraphSpace):
        raise ConfigError(f"the graph encoder needs graphs, and the search space {name!r} gives none")
    return space


def laplacian_positions(adjacency: np.ndarray, size: int) -> np.ndarray:
    """Each node's place in a graph: eigenvectors of its Laplacian (Dwivedi and Bresson, 2021).

    Args:
        adjacency: bool (nodes, nodes); directions are not looked at.
        size: Number of eigenvectors, from the second smallest eigenvalue on; zeros
            where there are fewer.

    Returns:
        float32 (nodes, size); each column's entry largest in magnitude is positive.
    """
    linked = (adjacency | adjacency.T).astype(np.float64)
    degree = linked.sum(axis=1)
    scale = np.divide(1, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    laplacian = np.diag((degree > 0).astype(np.float64)) - scale[:, None] * linked * scale
    _, vectors = np.linalg.eigh(laplacian)
    kept = vectors[:, 1 : size + 1]
    largest = np.abs(kept.round(6)).argmax(axis=0)
    kept = kept * np.where(kept[largest, np.arange(kept.shape[1])] < 0, -1, 1)
    return np.pad(kept, ((0, 0), (0, size - kept.shape[1]))).astype(np.float32)


def largest_graph(space: GraphSpace, architectures: Sequence[str]) -> int:
    """The number of nodes of the largest of their graphs."""
    return max(len(space.graph(architecture)[1]) for architecture in architectures)


def encode(
    space: GraphSpace, architectures: Sequence[str], nodes: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """The graphs of architectures.

    Args:
        space: Theirs.
        architectures: Whose graphs.
        nodes: How many a graph is brought to.

    Returns:
        Operations int64 (n, nodes), -1 where a graph has no further nodes; positions float32
        (n, nodes, nodes - 1).

    Raises:
        DataError: a graph has more nodes.
    """
    index = {name: i for i, name in enumerate(space.graph_operations)}
    operations = np.full((len(architectures), nodes), -1, dtype=np.int64)
    positions = np.zeros((len(architectures), nodes, nodes - 1), dtype=np.float32)
    for row, architecture in enumerate(architectures):
        adjacency, names = space.graph(architecture)
        if len(names) > nodes:
            raise DataError(
                f"ParZC: the graph of {architecture} has {len(names)} nodes, those that the predictor was "
                f"made for have up to {nodes}"
            )
        operations[row, : len(names)] = [index[name] for name in names]
        positions[row, : len(names)] = laplacian_positions(adjacency, nodes - 1)
    return torch.from_numpy(operations), torch.from_numpy(positions)


class GraphEncoder(nn.Module):
    """A transformer over the nodes, in the manner of PINAT (Lu et al., AAAI 2023).

    A node's token is the embedding of its operation, plus a linear map of its Laplacian
    position, plus its share of the mixer's output, which has ``nodes x width`` features.

    Args:
        kinds: Number of operations that nodes can have.
        nodes: Nodes of a graph.
        positions: Eigenvectors in a position.
        width: Features of a token; a multiple of ``heads``.
        layers: Of the transformer.
        heads: Of its attention.
        dropout: In it.
    """

    def __init__(
        self, kinds: int, nodes: int, positions: int, width: int, layers: int, heads: int, dropout: float
    ) -> None:
        super().__init__()
        self.nodes, self.width = nodes, width
        self.operation = nn.Embedding(kinds, width)
        self.position = nn.Linear(positions, width)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 2 * width, dropout, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(
        self, mixed: torch.Tensor, operations: torch.Tensor, positions: torch.Tensor
    ) -> torch.Tensor:
        """Mixer outputs (batch, nodes x width) and graphs -> (batch, nodes x width).

        Nodes that a graph does not have are attended by none, and give zeros.
        """
        tokens = self.operation(operations.clamp(min=0)) + self.position(positions)
        tokens = tokens + mixed.unflatten(1, (self.nodes, self.width))
        absent = operations < 0
        if not absent.any():
            for layer in self.layers:
                tokens = layer(tokens)
            return self.norm(tokens).flatten(1)
        for layer in self.layers:
            tokens = layer(tokens, src_key_padding_mask=absent)
        return self.norm(tokens).masked_fill(absent[..., None], 0).flatten(1)
