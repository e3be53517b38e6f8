"""Numbers of operations and weights as published tables count them.

The catalogue's ``network.macs`` are the multiply-accumulates of all uses of weights. Published
columns follow tools with rules of their own; they are here by name, so that agreement can be shown
to the last digit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.overrides import TorchFunctionMode

#: What one run of a module costs: from the module, its input and its output.
Rule = Callable[[nn.Module, torch.Tensor, torch.Tensor], int]


def tw_flops(network: nn.Module, inputs: torch.Tensor) -> int:
    """FLOPs as TensorWatch's torchstat counts them (Microsoft, 2019): ``flops`` of NAS-Bench-Suite-Zero.

    Multiply-accumulates of convolutions (with one more an output where there is a bias) and linear
    layers (without); two operations an input of a batch normalisation with scales, one without;
    one an input of a ReLU; the window's size an output of a pooling; C (H + 1) (W + 1) for the average
    of a whole map. Transposed convolutions, additions and all else cost nothing. A module that is
    run again is not counted again.

    Args:
        network: Of any device; on ``meta`` no numbers are computed, which is quick.
        inputs: One input (1, ...) on the same device.
    """
    return sum(runs[0] for runs in _runs(network, inputs, _torchstat).values())


def thop_macs(network: nn.Module, inputs: torch.Tensor) -> int:
    """Multiply-accumulates as thop counts them (Zhu, 2019): of DARTS genotypes and Accel-NASBench.

    Those of convolutions and linear layers, biases left out; four an input of a batch normalisation
    with scales, two without; one an output of an average pooling; C (H W + 1) for the average of a whole
    map. A module that is run again is counted again.

    Args:
        network: Of any device; on ``meta`` no numbers are computed, which is quick.
        inputs: One input (1, ...) on the same device.
    """
    return sum(sum(runs) for runs in _runs(network, inputs, _thop).values())


def used_parameters(network: nn.Module, inputs: torch.Tensor) -> int:
    """Weights of the modules that a forward pass runs: ``params`` of NAS-Bench-Suite-Zero.

    Args:
        network: Of any device; on ``meta`` no numbers are computed, which is quick.
        inputs: One input (1, ...) on the same device.
    """
    used = {p for module in _runs(network, inputs, lambda *_: 0) for p in module.parameters(recurse=False)}
    return sum(parameter.numel() for parameter in used)


def _runs(network: nn.Module, inputs: torch.Tensor, rule: Rule) -> dict[nn.Module, list[int]]:
    """What each run of each module costs, by module in the order of their first runs."""
    found: dict[nn.Module, list[int]] = {}

    def count(module: nn.Module, arguments: tuple, output: object) -> None:
        if isinstance(output, torch.Tensor) and arguments and isinstance(arguments[0], torch.Tensor):
            found.setdefault(module, []).append(rule(module, arguments[0], output))

    handles = [module.register_forward_hook(count) for module in network.modules()]
    try:
        with torch.no_grad(), _evaluating(network), _Shapes():
            network(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return found


class _Shapes(TorchFunctionMode):
    """On ``meta``, torch takes a millisecond to find that an output has its input's shape."""

    def __torch_function__(
        self, function: Callable, types: Sequence[type], args: tuple = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> object:
        if function in _SAME_SHAPE and args[0].device.type == "meta":
            others = [arg for arg in args[1:] if isinstance(arg, torch.Tensor)]
            if function not in _SUMS or all(other.shape == args[0].shape for other in others):
                return args[0]
        return function(*args, **(kwargs or {}))


_SUMS = frozenset({torch.Tensor.add, torch.Tensor.__radd__})
_SAME_SHAPE = _SUMS | {
    functional.batch_norm, functional.relu, functional.relu6, functional.leaky_relu, functional.silu,
    functional.gelu, torch.tanh,
}


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    """A single input has no statistics of its own for a batch normalisation to train on."""
    training = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, mode in training.items():
            module.training = mode


def _torchstat(module: nn.Module, x: torch.Tensor, y: torch.Tensor) -> int:
    match module:
        case _ConvTransposeNd():
            return 0
        case _ConvNd():
            return _products(module, y) + (y.numel() if module.bias is not None else 0)
        case nn.Linear():
            return _products(module, y)
        case _BatchNorm():
            return x.numel() * (2 if module.affine else 1)
        case nn.ReLU() | nn.ReLU6() | nn.LeakyReLU():
            return x.numel()
        case nn.MaxPool2d() | nn.AvgPool2d():
            return y.numel() * _area(module.kernel_size)
        case nn.AdaptiveAvgPool2d():
            return x.shape[1] * (x.shape[2] + 1) * (x.shape[3] + 1)
    return 0


def _thop(module: nn.Module, x: torch.Tensor, y: torch.Tensor) -> int:
    match module:
        case _ConvTransposeNd():
            return module.weight.numel() * math.prod(x.shape[2:])
        case _ConvNd() | nn.Linear():
            return _products(module, y)
        case _BatchNorm():
            return x.numel() * (4 if module.affine else 2)
        case nn.AvgPool2d():
            return y.numel()
        case nn.AdaptiveAvgPool2d():
            return x.shape[1] * (x.shape[2] * x.shape[3] + 1)
    return 0


def _products(module: _ConvNd | nn.Linear, y: torch.Tensor) -> int:
    """Every output takes one product of each weight of its own row or kernel."""
    return y.numel() * (module.weight.numel() // module.weight.shape[0])


def _area(size: int | tuple[int, ...]) -> int:
    return size * size if isinstance(size, int) else math.prod(size)
