"""Which modules of a network are its blocks."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torch.nn.utils.parametrize import ParametrizationList

from evozc.errors import DataError


def find_blocks(network: nn.Module, blocks: Sequence[nn.Module] | None) -> list[nn.Module]:
    """The modules that form the node set ``block``, each once.

    Args:
        network: Where they belong to.
        blocks: Named by the user; None takes the children of the longest ModuleList or
            Sequential, the first among equals.

    Raises:
        DataError: a block is not part of the network.
    """
    if blocks is None:
        lists = [m for m in network.modules() if isinstance(m, nn.ModuleList | nn.Sequential)]
        lists = [m for m in lists if not isinstance(m, ParametrizationList)]
        blocks = list(max(lists, key=len, default=()))
    known = set(network.modules())
    for position, block in enumerate(blocks):
        if block not in known:
            raise DataError(
                f"block {position} ({type(block).__name__}) is no module of the network; "
                "name modules found by network.modules()"
            )
    return list(dict.fromkeys(blocks))
