"""Fisher information of the channels."""

from __future__ import annotations

import torch

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import channels_last


class Fisher(Group):
    """Half the mean square of every channel's summed product of output and gradient."""

    name = "fisher"
    needs_loss = True

    def __init__(self) -> None:
        self._outputs: dict[Node, torch.Tensor] = {}

    def layer(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """Kept for the backward pass; a copy, for an in-place activation may follow."""
        self._outputs[node] = output.clone()

    def layer_gradient(self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor) -> None:
        """Summed over the positions of each sample and channel."""
        product = channels_last(self._outputs.pop(node) * gradient)
        by_channel = product.flatten(1, -2).sum(dim=1) if product.ndim > 2 else product
        node.values["fisher"] = 0.5 * by_channel.double().square().mean(dim=0).sum().item()
