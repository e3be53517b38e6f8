"""Synaptic flow: which weights carry the signal, without any data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from evozc.extraction._numbers import NAN
from evozc.extraction._state import explained


def synflow(
    network: nn.Module, layers: Iterable[nn.Module], shape: Iterable[int], device: torch.device
) -> list[float]:
    """The sum of w dR/dw for each layer, R the summed output for one input of ones.

    Everything is float64, because R grows exponentially with depth; all parameters are
    replaced by their magnitudes, and batch normalisation is left out. The network runs in
    evaluation mode, whose caller restores it.

    Args:
        network: Whose parameters and buffers are copied, not changed.
        layers: Its layers.
        shape: Of one input, without the batch dimension.
        device: Where the network lies.

    Raises:
        DataError: the network cannot run in float64.
    """
    names = {parameter: name for name, parameter in network.named_parameters()}
    weights = {
        name: parameter.detach().double().abs().requires_grad_()
        for parameter, name in names.items()
        if parameter.is_floating_point()
    }
    buffers = {
        name: buffer.double() if buffer.is_floating_point() else buffer.clone()
        for name, buffer in network.named_buffers()
    }
    ones = torch.ones((1, *shape), dtype=torch.float64, device=device)
    network.eval()
    action = "the pass of synflow (float64, one input of ones)"
    with explained(network, action), _without_batch_norm(network), torch.enable_grad():
        flow = functional_call(network, {**weights, **buffers}, (ones,)).sum()
        if not flow.requires_grad:
            return [NAN for _ in layers]
        gradients = torch.autograd.grad(flow, list(weights.values()), allow_unused=True)
    sums = {
        name: NAN if g is None else torch.dot(g.flatten(), weights[name].detach().flatten()).item()
        for name, g in zip(weights, gradients, strict=True)
    }
    return [sums.get(names.get(layer.weight, ""), NAN) for layer in layers]


@contextmanager
def _without_batch_norm(network: nn.Module) -> Iterator[None]:
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    own = [module.__dict__.get("forward") for module in norms]
    try:
        for module in norms:
            # A copy, because an in-place activation may follow while others use the input.
            module.__dict__["forward"] = torch.clone
        yield
    finally:
        for module, forward in zip(norms, own, strict=True):
            if forward is None:
                module.__dict__.pop("forward", None)
            else:
                module.__dict__["forward"] = forward
