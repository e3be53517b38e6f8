"""Leaving a network as it was found, and saying where it failed."""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from evozc.errors import DataError, EvozcError


def device_of(network: nn.Module) -> torch.device:
    """Where the network's first parameter lies."""
    return next((p.device for p in network.parameters()), torch.device("cpu"))


@contextmanager
def preserved(network: nn.Module) -> Iterator[None]:
    """Undo, bit by bit and also after an error, what running a network changes.

    These are its parameters and buffers, the mode of each module, and the random state
    of torch, numpy and Python. Gradients need no care: they are taken by
    ``torch.autograd.grad``, which leaves ``.grad`` alone.

    Raises:
        DataError: a lazy module has no weights yet.
    """
    training = {module: module.training for module in network.modules()}
    tensors = list(_snapshot(network))
    # A forward pass written by anybody may draw from the global generators.
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    device = device_of(network)
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        for module, mode in training.items():
            module.training = mode
        for holder, name, tensor, version, saved in tensors:
            holder[name] = tensor
            if tensor is not None and (tensor._version != version or not torch.equal(tensor, saved)):
                with torch.no_grad():
                    tensor.copy_(saved)


def _snapshot(network: nn.Module) -> Iterator[tuple]:
    for path, module in network.named_modules():
        for holder in (module._parameters, module._buffers):
            for name, tensor in holder.items():
                if tensor is None:
                    yield holder, name, None, 0, None
                elif is_lazy(tensor):
                    raise DataError(
                        f"module {path!r} has no {name} yet: run the network on one batch first"
                    )
                else:
                    yield holder, name, tensor, tensor._version, tensor.detach().clone()


@contextmanager
def explained(network: nn.Module, action: str) -> Iterator[None]:
    """Turn whatever a network raises into a DataError that names the innermost module."""
    try:
        yield
    except (EvozcError, MemoryError):
        raise
    except Exception as error:
        reason = str(error).strip() or "no message"
        raise DataError(
            f"{action} failed{_place(network, error)}: {type(error).__name__}: {reason}"
        ) from error


def _place(network: nn.Module, error: Exception) -> str:
    names = {module: name for name, module in network.named_modules()}
    place = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = frame.f_locals.get("self")
        if isinstance(module, nn.Module) and module in names:
            place = f" in {names[module] or 'the network'!s} ({type(module).__name__})"
    return place
