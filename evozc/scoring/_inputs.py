"""The networks to score and what they are fed."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from evozc.errors import ConfigError, DataError, EvozcError
from evozc.scoring._hubs import HUBS


def load_network(name: str, seed: int = 0) -> nn.Module:
    """The network that a function of the user's own makes, with torch's generator seeded before.

    This runs the code that it names; modules are found as Python finds them, and in the
    current folder.

    Args:
        name: ``package.module:function``, called without arguments; a class does as well. Also
            ``timm:vit_tiny_patch16_224`` and ``hf:bert-base-uncased``: networks of those libraries
            with random weights.
        seed: Of its weights.

    Raises:
        ConfigError: the name is not of that form, or there is no such function.
        DataError: importing or making it fails, or it makes something else.
    """
    module_name, colon, path = name.partition(":")
    if not (colon and module_name and path):
        raise ConfigError(f"{name!r} names no network; write package.module:function, timm:NAME or hf:NAME")
    if module_name in HUBS:
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(seed)
                return HUBS[module_name](path)
        except EvozcError:
            raise
        except Exception as error:
            raise DataError(f"{name}: making the network failed: {_told(error)}") from error
    # For good, since a user's module may import its neighbours only when it is called.
    if os.getcwd() not in sys.path:  # noqa: PTH109 - sys.path holds texts
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise DataError(f"{name}: importing {module_name} failed: {_told(error)}") from error
    found: Any = module
    for part in path.split("."):
        if not hasattr(found, part):
            raise ConfigError(f"{name}: {module_name} has no {path}")
        found = getattr(found, part)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = found if isinstance(found, nn.Module) else found()
    except Exception as error:
        raise DataError(f"{name}: making the network failed: {_told(error)}") from error
    if not isinstance(network, nn.Module):
        raise DataError(f"{name} gave a {type(network).__name__}; expected a torch.nn.Module")
    return network


def noise(shape: Sequence[int], batch: int, seed: int = 0, tokens: int | None = None) -> torch.Tensor:
    """Random inputs: standard normal float32 (batch, *shape), or int64 below ``tokens``."""
    generator = torch.Generator().manual_seed(seed)
    if tokens is not None:
        return torch.randint(tokens, (batch, *shape), generator=generator)
    return torch.randn((batch, *shape), generator=generator)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
