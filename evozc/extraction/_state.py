"""Leaving a network as it was found, and saying where it failed."""

from __future__ import annotations

import operator
import random
import re
import sys
import traceback
from collections import OrderedDict, deque
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.parameter import is_lazy
from torch.utils import checkpoint

from evozc.errors import DataError, EvozcError

_ATOMS = (
    str, bytes, int, float, complex, bool, type(None), type, ModuleType, FunctionType, BuiltinFunctionType,
    MethodType, torch.dtype, torch.device, torch.Size, np.ndarray, np.generic,
)

#: How torch says that there was too little memory, which is a RuntimeError of it.
_NO_MEMORY = re.compile("can't allocate memory|not enough memory|out of memory")

#: The commonest of them, and of what holds others.
_COMMON = frozenset({bool, int, float, str, type(None)})
_HOLDERS = frozenset({dict, OrderedDict, list, set})


def device_of(network: nn.Module) -> torch.device:
    """Where the network's first parameter lies."""
    return next((p.device for p in network.parameters()), torch.device("cpu"))


class Snapshot:
    """Everything that a network's modules hold: attributes, hooks, modes, and the bits of tensors.

    Lists, dictionaries, sets and plain objects in their attributes are part of it; gradients need no
    care, for they are taken by ``torch.autograd.grad``, which leaves ``.grad`` alone.

    Args:
        network: The network.

    Raises:
        DataError: a lazy module has no weights yet, or a tensor has no values or takes no gradients.
    """

    def __init__(self, network: nn.Module) -> None:
        self._holders: list[tuple[Any, Any]] = []
        self._empty: list[Any] = []  # most are: every module has ten dictionaries of hooks
        self._tensors: list[tuple[torch.Tensor, int, torch.Tensor]] = []
        self._seen: set[int] = set()
        modules = dict(network.named_modules())
        for path, module in modules.items():
            for name, tensor in (*module._parameters.items(), *module._buffers.items()):
                if tensor is not None:
                    _check_values(path, name, tensor)
        self._keep(network)
        for module in modules.values():
            self._keep(module)

    def restore(self) -> None:
        """Undo, bit by bit, what has changed since."""
        for holder in self._empty:
            if holder:
                holder.clear()
        for holder, saved in self._holders:
            if isinstance(holder, dict):
                if not (_same(holder, saved) and _same(holder.values(), saved.values())):
                    holder.clear()
                    holder.update(saved)
            elif isinstance(holder, set):
                if holder != saved:
                    holder.clear()
                    holder.update(saved)
            elif not _same(holder, saved):
                holder.clear()
                holder.extend(saved)
        for tensor, version, saved in self._tensors:
            if tensor._version != version or not _equal(tensor, saved):
                with torch.no_grad():
                    tensor.copy_(saved)

    def _keep(self, value: Any) -> None:
        if isinstance(value, _ATOMS) or id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, torch.Tensor):
            if value.layout == torch.strided and not value.is_meta:
                self._tensors.append((value, value._version, value.detach().clone()))
            return
        if isinstance(value, dict):
            parts: Any = dict(value)
            inner = list(parts.values())
        elif isinstance(value, list | deque | set):
            parts = type(value)(value) if type(value) in (list, set) else list(value)
            inner = list(parts)
        elif isinstance(value, tuple):
            for part in value:
                self._keep(part)
            return
        elif hasattr(value, "__dict__") and not _of_python(type(value)):
            self._keep(vars(value))
            return
        else:
            return
        self._holders.append((value, parts))
        for part in inner:
            kind = type(part)
            if kind in _HOLDERS and not part:
                self._empty.append(part)
            elif kind not in _COMMON:
                self._keep(part)


def _of_python(kind: type) -> bool:
    return kind.__module__.split(".")[0] in sys.stdlib_module_names


def _same(values: Collection[Any], saved: Collection[Any]) -> bool:
    """Whether they are the same objects in the same order."""
    return len(values) == len(saved) and all(map(operator.is_, values, saved))


def _equal(tensor: torch.Tensor, saved: torch.Tensor) -> bool:
    """Whether bits are equal; numbers that are none differ from themselves."""
    return tensor.shape == saved.shape and torch.equal(tensor, saved)


def _check_values(path: str, name: str, tensor: torch.Tensor) -> None:
    if is_lazy(tensor):
        raise DataError(f"module {path!r} has no {name} yet: run the network on one batch first")
    if tensor.is_inference():
        raise DataError(f"{path}.{name}".lstrip(".") + " was made in torch.inference_mode and takes no "
                        "gradients: make the network outside of it")
    if tensor.is_meta:
        raise DataError(f"{path}.{name}".lstrip(".") + " lies on the meta device and has no values: "
                        "make the network on a real one, or call network.to_empty and draw its weights")


class Replaced:
    """Parameters and buffers are others while it is entered."""

    def __init__(self, network: nn.Module, tensors: dict[torch.Tensor, torch.Tensor]) -> None:
        self._network = network
        self._tensors = tensors
        self._own: list[tuple[dict, str, torch.Tensor]] = []

    def __enter__(self) -> None:
        for module in self._network.modules():
            holders: tuple[dict[str, Any], ...] = (module._parameters, module._buffers)
            for holder in holders:
                for name, tensor in holder.items():
                    if tensor is not None and tensor in self._tensors:
                        self._own.append((holder, name, tensor))
                        holder[name] = self._tensors[tensor]

    def __exit__(self, *error: object) -> None:
        for holder, name, tensor in self._own:
            holder[name] = tensor


@contextmanager
def seeded(network: nn.Module, seed: int) -> Iterator[None]:
    """Random states of torch, numpy and Python that follow from the seed, and are as before afterwards."""
    # A forward pass written by anybody may draw from the global generators.
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
    device = device_of(network)
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            random.seed(seed)
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


@contextmanager
def plainly() -> Iterator[None]:
    """Whatever the caller has set: gradients on, no autocast, float32, nothing compiled or recomputed."""
    dtype = torch.get_default_dtype()
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
            stack.enter_context(torch.autocast(device, enabled=False))
        # Of attention's kernels only this one can be differentiated twice.
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        if "torch._dynamo" in sys.modules:  # else nothing can have been compiled
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        stack.enter_context(torch.jit.optimized_execution(False))  # which changes the numbers of later runs
        stack.enter_context(_without_checkpoints())
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)


class _Unchecked:
    """What torch's reentrant checkpoint applies, without recomputing anything."""

    @staticmethod
    def apply(function: Any, preserve: bool, *args: Any) -> Any:
        return function(*args)


def _uninterrupted(*args: Any, **named: Any) -> Iterator[None]:
    """In place of the other kind's generator: it runs the function once, between its two steps."""
    yield


@contextmanager
def _without_checkpoints() -> Iterator[None]:
    """Activation checkpointing runs its function once and keeps the graph, so that nothing is seen twice."""
    others = {"CheckpointFunction": _Unchecked, "_checkpoint_without_reentrant_generator": _uninterrupted}
    own = {name: getattr(checkpoint, name) for name in others if hasattr(checkpoint, name)}
    try:
        for name in own:
            setattr(checkpoint, name, others[name])
        yield
    finally:
        for name, value in own.items():
            setattr(checkpoint, name, value)


@contextmanager
def explained(network: nn.Module, action: str) -> Iterator[None]:
    """Turn whatever a network raises into a DataError that names the innermost module.

    Want of memory is a MemoryError, for it is no property of the network.
    """
    try:
        yield
    except (EvozcError, MemoryError):
        raise
    except Exception as error:
        check_memory(error)
        reason = str(error).strip() or "no message"
        raise DataError(
            f"{action} failed{_place(network, error)}: {type(error).__name__}: {reason}"
        ) from error


def check_memory(error: Exception) -> None:
    """Raise a MemoryError where an error says that memory was not enough."""
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, RuntimeError) and _NO_MEMORY.search(str(error)):
        raise MemoryError(str(error)) from error


def _place(network: nn.Module, error: Exception) -> str:
    names = {module: name for name, module in network.named_modules()}
    place = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = frame.f_locals.get("self")
        if isinstance(module, nn.Module) and module in names:
            place = f" in {names[module] or 'the network'!s} ({type(module).__name__})"
    return place
