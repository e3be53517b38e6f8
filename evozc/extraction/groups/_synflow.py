"""Synaptic flow: which weights carry the signal, without any data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from evozc.extraction._group import Group, Pass
from evozc.extraction._state import explained


class Synflow(Group):
    """The sum of w dR/dw for each layer, R the summed output for one input of ones.

    Everything is float64, because R grows exponentially with depth; all parameters are
    replaced by their magnitudes, and batch normalisation is left out. The network's
    parameters and buffers are copied, not changed.
    """

    name = "synflow"

    def own_passes(self, run: Pass) -> None:
        """One pass on a single input."""
        names = {parameter: name for name, parameter in run.network.named_parameters()}
        weights = {
            name: parameter.detach().double().abs().requires_grad_()
            for parameter, name in names.items()
            if parameter.is_floating_point()
        }
        buffers = {
            name: buffer.double() if buffer.is_floating_point() else buffer.clone()
            for name, buffer in run.network.named_buffers()
        }
        ones = torch.ones_like(run.inputs[:1], memory_format=torch.contiguous_format)
        ones = ones.double() if ones.is_floating_point() else ones
        run.network.eval()
        action = "the pass of synflow (float64, one input of ones)"
        with explained(run.network, action), _without_batch_norm(run.network), torch.enable_grad():
            output = functional_call(run.network, {**weights, **buffers}, (ones,))
            flow = getattr(output, "logits", output).sum()
            if not flow.requires_grad:
                return
            gradients = torch.autograd.grad(flow, list(weights.values()), allow_unused=True)
        sums = {
            name: torch.dot(g.flatten(), weights[name].detach().flatten()).item()
            for name, g in zip(weights, gradients, strict=True)
            if g is not None
        }
        for node in run.nodes["layer"]:
            flow = sums.get(names.get(node.weight, ""))
            if flow is not None:
                node.values["synflow"] = flow


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
