"""What a search space has to offer."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


@dataclass(frozen=True)
class ImageInputs:
    """Networks take float32 (n, channels, height, width); of tiles (n, tiles, channels, height, width).

    Args:
        channels: Of an image.
        height: Pixels; 0 for any.
        width: Pixels; 0 for any.
        tiles: Images that are one input together, as the pieces of a jigsaw; 0 where an input is an image.
        side: Pixels a side as published, where any will do.
        batch: Inputs in a mini-batch, unless others are asked for: what one core measures in seconds.
    """

    channels: int
    height: int = 0
    width: int = 0
    tiles: int = 0
    side: int = 32
    batch: int = 64


@dataclass(frozen=True)
class TokenInputs:
    """Networks take int64 (n, length) token numbers below ``vocabulary``.

    Args:
        vocabulary: Words.
        length: Of a sequence.
        batch: Sequences in a mini-batch, unless others are asked for.
    """

    vocabulary: int
    length: int
    batch: int = 8


@dataclass(frozen=True)
class Outputs:
    """What networks return, and how their loss is taken.

    ========== ============================== ============================= ===============================
    kind       outputs, float32               labels                        loss, a mean over all positions
    ========== ============================== ============================= ===============================
    classes    (n, size)                      int64 (n,), or float32        cross-entropy
                                              (n, size), a share each class
    class map  (n, size, height, width)       int64 (n, height, width)      cross-entropy
    image      (n, size, height, width)       float32 of the same shape     absolute difference
    values     (n, size)                      float32 (n, size)             squared difference
    tokens     (n, length, size)              int64 (n, length), the inputs cross-entropy of the next token
    ========== ============================== ============================= ===============================

    Args:
        kind: As above.
        size: Classes, channels, values, or words of the vocabulary.
    """

    kind: Literal["classes", "class map", "image", "values", "tokens"]
    size: int


class SearchSpace(Protocol):
    """A set of architectures, each written as one line of text.

    A space is built from keyword arguments that are whole numbers, numbers, texts or booleans,
    and is the same for the same arguments; a frozen dataclass does.
    """

    @property
    def name(self) -> str:
        """As it is registered."""
        ...

    @property
    def inputs(self) -> ImageInputs | TokenInputs:
        """What its networks take."""
        ...

    @property
    def outputs(self) -> Outputs:
        """What its networks return."""
        ...

    @property
    def count(self) -> int | None:
        """How many architecture texts there are; None where they cannot be counted."""
        ...

    def settings(self) -> Mapping[str, int | float | str | bool]:
        """The keyword arguments that build this space again."""
        ...

    def canonical_key(self, architecture: str) -> str:
        """A text shared by exactly the architectures whose networks compute the same functions.

        Raises:
            DataError: the text is no architecture of this space.
        """
        ...

    def build(self, architecture: str) -> nn.Module:
        """A network, initialised as for the published scores, drawn from torch's current random state.

        Raises:
            DataError: the text is no architecture of this space.
        """
        ...

    def blocks(self, network: nn.Module) -> list[nn.Module]:
        """The modules of ``network`` that form the node set ``block``, in forward order."""
        ...

    def sample(self, generator: random.Random) -> str:
        """An architecture drawn uniformly from all texts of the space.

        Where another draw is of more use (choice by choice where nearly all texts have the most layers, or
        from different networks instead of texts), the space's own docstring says which.
        """
        ...

    def neighbours(self, architecture: str) -> list[str]:
        """All architectures that differ in one choice.

        Raises:
            DataError: the text is no architecture of this space.
        """
        ...


@runtime_checkable
class GraphSpace(SearchSpace, Protocol):
    """A space whose architectures are graphs with an operation on every node.

    Graph predictors and the statistics of the group ``graph`` read them.
    """

    @property
    def graph_operations(self) -> tuple[str, ...]:
        """All operations that a node may have; the first stands for the input, the last for the output."""
        ...

    def graph(self, architecture: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """The graph of an architecture.

        Returns:
            bool (nodes, nodes), true from a node to those that it feeds, in topological order (input first,
            output last), and the operation of each node. The number of nodes may differ between
            architectures.

        Raises:
            DataError: the text is no architecture of this space.
        """
        ...


@runtime_checkable
class SizedSpace(SearchSpace, Protocol):
    """A space that knows how many parameters each part of a network has."""

    def parameters(self, architecture: str) -> Mapping[str, int]:
        """By part, as ``attention``, ``ffn``, ``non_embedding`` and ``total``, the number of parameters.

        Raises:
            DataError: the text is no architecture of this space.
        """
        ...


@runtime_checkable
class ColumnSpace(SearchSpace, Protocol):
    """A space whose architectures are published in several columns of a table, none of which says all."""

    @property
    def architecture_columns(self) -> tuple[str, ...]:
        """The columns, by their published names."""
        ...

    def from_columns(self, cells: Mapping[str, str]) -> str:
        """The architecture's text.

        Args:
            cells: Of each of ``architecture_columns`` at least, as published.

        Raises:
            DataError: a cell cannot be read; whether the text is one of the space is not looked at.
        """
        ...
