"""What a search space has to offer."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import nn


class SearchSpace(Protocol):
    """A set of architectures, each written as one line of text.

    A space may also have ``graph_operations``, a tuple of names, and ``graph(architecture)``,
    which gives ``(adjacency, operations)``: bool (nodes, nodes), true from a node to those that
    it feeds, and the operation of each node, with the same number of nodes for all
    architectures. Graph predictors need both.
    """

    name: str

    @property
    def input_channels(self) -> int:
        """Channels of the images that its networks take."""

    @property
    def classes(self) -> int:
        """Outputs of its networks."""

    def settings(self) -> dict[str, int]:
        """The keyword arguments that build this space again."""

    def canonical_key(self, architecture: str) -> str:
        """A text shared by exactly the isomorphic architectures.

        Raises:
            DataError: the text is no architecture of this space.
        """

    def build(self, architecture: str) -> nn.Module:
        """A freshly initialised network, drawn from torch's current random state.

        Raises:
            DataError: the text is no architecture of this space.
        """

    def blocks(self, network: nn.Module) -> list[nn.Module]:
        """The modules of ``network`` that form the node set ``block``, in forward order."""

    def sample(self, generator: random.Random) -> str:
        """An architecture drawn uniformly from all texts of the space."""

    def neighbours(self, architecture: str) -> list[str]:
        """All architectures that differ in one choice."""
