"""The network that is measured: taken out of what wraps it, in float32."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import cast

import torch
from torch import nn

from evozc.errors import DataError
from evozc.extraction._state import check_memory

_OTHER_TYPES = (torch.float16, torch.bfloat16, torch.float64)


def unwrapped(network: nn.Module) -> nn.Module:
    """The network inside ``torch.compile``, DataParallel and DistributedDataParallel.

    Raises:
        DataError: it is, or holds, TorchScript or sharded modules, whose functions cannot be watched.
    """
    while True:
        if type(network).__name__ == "OptimizedModule":
            network = cast("nn.Module", network._orig_mod)
        elif isinstance(network, nn.DataParallel | nn.parallel.DistributedDataParallel):
            network = network.module
        else:
            break
    for name, module in network.named_modules():
        kind = type(module).__name__
        if isinstance(module, torch.jit.ScriptModule) or "FullyShardedDataParallel" in kind:
            place = f"module {name!r}" if name else "the network"
            raise DataError(
                f"{place} is a {kind}, which cannot be watched: give the plain module that it was made from"
            )
    return network


def in_float32(
    network: nn.Module, blocks: Sequence[nn.Module] | None
) -> tuple[nn.Module, Sequence[nn.Module] | None, str | None]:
    """A float32 copy of a network of another type, its blocks, and a note that says so; else what was given.

    Raises:
        DataError: it cannot be copied.
    """
    tensors = [*network.parameters(), *network.buffers()]
    types = {t.dtype for t in tensors if t.dtype in _OTHER_TYPES and not t.is_meta}
    if not types:
        return network, blocks, None
    names = ", ".join(sorted(str(t).removeprefix("torch.") for t in types))
    try:
        twin = copy.deepcopy(network).float()
    except Exception as error:
        check_memory(error)
        raise DataError(
            f"the network holds {names} and cannot be copied ({type(error).__name__}: {error}): "
            "call network.float() first"
        ) from error
    pairs = dict(zip(network.modules(), twin.modules(), strict=True))
    if blocks is not None:
        blocks = [pairs.get(block, block) for block in blocks]
    return twin, blocks, f"measured in a float32 copy, for the network holds {names}"
