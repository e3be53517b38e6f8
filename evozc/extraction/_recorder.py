"""Watching one forward and one backward pass through hooks."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn
from torch.nn.modules.conv import _ConvTransposeNd

from evozc.extraction import _numbers as numbers
from evozc.extraction._modules import ACTIVATIONS, LAYERS, channels
from evozc.extraction._numbers import NAN

Values = dict[str, float]


class Recorder:
    """The nodes that a forward pass runs, and the statistics of their outputs.

    Each node's numbers are taken inside its hook, while the output is at hand and before
    an in-place operation can change it. A module that is run again is not measured again.

    Args:
        groups: Parts of the catalogue to measure.
        samples: Images in the mini-batch.

    Attributes:
        nodes: By node set, module -> its statistics by name, in forward order.
        kernel: The sum of the activations' sign kernels, float64 (n, n), or None.
    """

    def __init__(self, groups: Sequence[str], samples: int) -> None:
        self.groups = groups
        self.samples = samples
        self.nodes: dict[str, dict[nn.Module, Values]] = defaultdict(dict)
        self.kernel: torch.Tensor | None = None

    @contextmanager
    def watching(self, network: nn.Module, blocks: Sequence[nn.Module]) -> Iterator[None]:
        """Hooks on every node of the network, gone afterwards."""
        handles = []

        def watch(module: nn.Module, node_set: str, function: Callable) -> None:
            hook = partial(self._once, node_set, function)
            handles.append(module.register_forward_hook(hook))

        try:
            for module in network.modules():
                if isinstance(module, LAYERS):
                    watch(module, "layer", self._layer)
                elif isinstance(module, ACTIVATIONS):
                    watch(module, "activation", self._activation)
            for block in blocks:
                watch(block, "block", self._block)
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _once(
        self, node_set: str, function: Callable, module: nn.Module, inputs: tuple, output: object
    ) -> None:
        if module in self.nodes[node_set]:
            return
        values = self.nodes[node_set][module] = {}
        if isinstance(output, tuple | list) and output:
            output = output[0]
        if isinstance(output, torch.Tensor) and output.is_floating_point() and output.numel():
            function(module, inputs, output, values)

    def _layer(self, layer: nn.Module, inputs: tuple, output: torch.Tensor, values: Values) -> None:
        if "shapes" in self.groups:
            values.update(shapes(layer, inputs, output))
        if "outputs" not in self.groups:
            return
        z = numbers.summarise(numbers.rows(output.detach()))
        values.update(output_mean=z.mean, output_std=z.std)
        values.update(output_l1=z.mean_abs, output_positive=z.positive)

        def gradient(gradient: torch.Tensor) -> None:
            g = numbers.summarise(numbers.rows(gradient))
            values.update(output_grad_mean=g.mean, output_grad_std=g.std, output_grad_l1=g.mean_abs)

        if output.requires_grad:
            output.register_hook(gradient)

    def _activation(
        self, module: nn.Module, inputs: tuple, output: torch.Tensor, values: Values
    ) -> None:
        del module, inputs
        if "activations" not in self.groups:
            return
        rows = numbers.rows(output.detach())
        z = numbers.summarise(rows)
        values.update(output_mean=z.mean, output_std=z.std, positive=z.positive)
        if len(rows) != self.samples:
            return
        kernel = numbers.sign_kernel(rows)
        if math.isnan(z.mean):
            kernel.fill_(NAN)
        values["logdet"] = numbers.logdet(kernel)
        self.kernel = kernel if self.kernel is None else self.kernel + kernel

    def _block(self, module: nn.Module, inputs: tuple, output: torch.Tensor, values: Values) -> None:
        del module, inputs
        if "blocks" not in self.groups:
            return
        z = numbers.summarise(numbers.rows(output.detach()))
        values.update(output_mean=z.mean, output_std=z.std, output_l2=math.hypot(z.mean, z.std))
        values["entropy"] = numbers.entropy(output.detach())

        def gradient(gradient: torch.Tensor) -> None:
            values["output_grad_l2"] = numbers.rms(numbers.rows(gradient))

        if output.requires_grad:
            output.register_hook(gradient)


def shapes(layer: nn.Module, inputs: tuple, output: torch.Tensor) -> Values:
    """The statistics of a layer's group ``shapes``, all but its depth."""
    c_in, c_out = channels(layer)
    resolution = output.numel() / len(output) / c_out
    if isinstance(layer, nn.Embedding):
        macs = NAN  # it looks up and multiplies nothing
    elif isinstance(layer, _ConvTransposeNd):
        macs = layer.weight.numel() * math.prod(inputs[0].shape[2:])
    else:
        macs = layer.weight.numel() * resolution
    return {
        "numel": layer.weight.numel(),
        "macs": macs,
        "c_in": c_in,
        "c_out": c_out,
        "kernel": math.prod(getattr(layer, "kernel_size", ())),
        "resolution": resolution,
    }
