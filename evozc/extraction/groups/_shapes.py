"""Shapes and counts."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import NAN


class Shapes(Group):
    """Number and arrangement of weights; multiply-accumulates."""

    name = "shapes"

    def layer(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """Everything but the depth, which needs the number of layers."""
        module, weight = node.module, node.weight
        c_in, c_out = _channels(module, weight)
        resolution = output.numel() / len(output) / c_out
        if isinstance(module, nn.Embedding):
            macs = NAN  # it looks up and multiplies nothing
        elif isinstance(module, _ConvTransposeNd):
            macs = weight.numel() * math.prod(inputs[0].shape[2:])
        else:
            macs = weight.numel() * resolution
        node.values.update(
            numel=weight.numel(),
            macs=macs,
            c_in=c_in,
            c_out=c_out,
            kernel=math.prod(getattr(module, "kernel_size", ())),
            resolution=resolution,
        )

    def before_loss(self, run: Pass) -> None:
        """What needs all layers."""
        layers = run.nodes["layer"]
        for position, node in enumerate(layers, 1):
            node.values["depth"] = position / len(layers)
        macs = [node.values.get("macs", NAN) for node in layers]
        run.scalars["macs"] = sum(m for m in macs if not math.isnan(m)) or NAN
        run.scalars["params"] = sum(p.numel() for p in run.trainable()) or NAN


def _channels(module: nn.Module, weight: torch.Tensor) -> tuple[int, int]:
    """Input and output channels or features; of an embedding, its words and their width."""
    if isinstance(module, _ConvNd):
        return module.in_channels, module.out_channels
    if isinstance(module, nn.Embedding):
        return module.num_embeddings, module.embedding_dim
    return weight.shape[1], weight.shape[0]
