"""Counting a network without computing it."""

from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.overrides import TorchFunctionMode


class _NoDraws(TorchFunctionMode):
    """Without memory there is nothing to draw, but torch takes a millisecond for it."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function in (torch.Tensor.normal_, torch.Tensor.uniform_):
            return args[0]
        return function(*args, **(kwargs or {}))


@contextmanager
def unmaterialised():
    """Networks built inside have shapes but no memory: thousands are built and run in seconds."""
    with torch.device("meta"), _NoDraws():
        yield


def parameters(network):
    """How many weights there are, shared ones once."""
    return sum(weight.numel() for weight in network.parameters())


def millions(count):
    """A count as NAS-Bench-Suite-Zero's tables hold it: in millions, of seven digits."""
    return float(f"{count / 1e6:.7g}")


def macs(network, inputs):
    """Multiply-accumulates of convolutions and linear layers for one input, without their biases.

    The network is useless afterwards: its normalisations, which are slow without memory and change no
    shape, are taken out.
    """
    total = 0

    def count(module, _, output):
        nonlocal total
        channels = output.shape[1 if isinstance(module, _ConvNd) else -1]
        total += module.weight.numel() * (output.numel() // channels)

    for module in network.modules():
        if isinstance(module, _ConvNd | nn.Linear):
            module.register_forward_hook(count)
        elif isinstance(module, _BatchNorm):
            module.forward = lambda features: features
    with torch.no_grad():
        network(inputs)
    return total
