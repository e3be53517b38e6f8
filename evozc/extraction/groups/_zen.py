"""Zen-score: how the last feature map answers to a change of the input."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from evozc.extraction._group import Group, Pass
from evozc.extraction._state import explained

_STEP = 0.01


class Zen(Group):
    """Of one draw of weights and noise; average over initialisations for more.

    The last feature map is the last output, of a module without children, that has
    several positions; without one, it is the input of the last linear layer.
    """

    name = "zen"

    def own_passes(self, run: Pass) -> None:
        """Two passes on noise through the network with weights of its own."""
        if not run.inputs.is_floating_point():
            return
        generator = run.generator()
        tensors = _normal_weights(run.network, generator)
        noise, change = (
            torch.randn(run.inputs.shape, generator=generator, device=run.inputs.device) for _ in range(2)
        )
        run.network.train()
        with explained(run.network, "the passes of zen"), torch.no_grad():
            before, after = (
                _last_features(run.network, tensors, x) for x in (noise, noise + _STEP * change)
            )
        if before is None or after is None or before.shape != after.shape:
            return
        moved = (before - after).abs().flatten(1).sum(dim=1).double().mean().log()
        names = {module: name for name, module in run.network.named_modules()}
        for module in names:
            if isinstance(module, _BatchNorm) and module.running_var is not None:
                variance = tensors[f"{names[module]}.running_var".lstrip(".")].double().mean()
                moved = moved + variance.sqrt().log()
        run.scalars["zen"] = moved.item()


def _normal_weights(network: nn.Module, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Parameters and buffers by name: convolutions and linear layers drawn anew, the rest as it is."""
    tensors = {name: buffer.clone() for name, buffer in network.named_buffers()}
    tensors |= {name: parameter.detach() for name, parameter in network.named_parameters()}
    for path, module in network.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            key = f"{path}.{name}".lstrip(".")
            if isinstance(module, _ConvNd | nn.Linear):
                drawn = torch.randn(parameter.shape, generator=generator, device=parameter.device)
                tensors[key] = drawn if name == "weight" else torch.zeros_like(drawn)
            elif isinstance(module, _BatchNorm | nn.GroupNorm):
                fill = torch.ones_like if name == "weight" else torch.zeros_like
                tensors[key] = fill(parameter.detach())
    return tensors


def _last_features(
    network: nn.Module, tensors: dict[str, torch.Tensor], x: torch.Tensor
) -> torch.Tensor | None:
    found: dict[str, torch.Tensor] = {}
    with _watching_leaves(network, found):
        functional_call(network, tensors, (x.clone(),))
    return found.get("map", found.get("vector"))


@contextmanager
def _watching_leaves(network: nn.Module, found: dict[str, torch.Tensor]) -> Iterator[None]:
    def keep(module: nn.Module, inputs: tuple, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.ndim > 2 and output[0, 0].numel() > 1:
            found["map"] = output
        if isinstance(module, nn.Linear) and inputs and isinstance(inputs[0], torch.Tensor):
            found["vector"] = inputs[0]

    leaves = [module for module in network.modules() if not list(module.children())]
    handles = [module.register_forward_hook(keep) for module in leaves]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
