"""Shapes and counts."""

from __future__ import annotations

import math

import torch

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import NAN
from evozc.extraction._uses import Use


class Shapes(Group):
    """Number and arrangement of weights; multiply-accumulates."""

    name = "shapes"

    def use(self, run: Pass, node: Node, use: Use, output: torch.Tensor) -> None:
        """Everything but the depth, which needs the number of layers; multiply-accumulates add up."""
        samples = use.axes.count
        if use.multiplies is not None:
            node.values["macs"] = node.values.get("macs", 0.0) + use.multiplies(output) / samples
        if "numel" in node.values:
            return
        c_out = 1 if use.channel_axis is None else output.shape[use.channel_axis]
        node.values.update(
            numel=node.weight.numel(),
            c_in=use.channels_in,
            c_out=c_out * node.weight.numel() / use.weight.numel(),  # of a part of a weight, all that it has
            kernel=use.kernel,
            resolution=output.numel() / samples / c_out,
        )

    def before_loss(self, run: Pass) -> None:
        """What needs all layers."""
        layers = run.nodes["layer"]
        for position, node in enumerate(layers, 1):
            node.values["depth"] = position / len(layers)
        macs = [node.values.get("macs", NAN) for node in layers]
        run.scalars["macs"] = sum(m for m in macs if not math.isnan(m)) or NAN
        run.scalars["params"] = sum(p.numel() for p in run.trainable()) or NAN
