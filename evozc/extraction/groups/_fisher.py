"""Fisher information of the channels."""

from __future__ import annotations

import torch

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import by_sample
from evozc.extraction._uses import Use


class Fisher(Group):
    """Half the mean square of every channel's summed product of output and gradient."""

    name = "fisher"
    needs_loss = True

    def __init__(self) -> None:
        self._outputs: dict[Use, torch.Tensor] = {}
        self._sums: dict[tuple[Node, int, int], torch.Tensor] = {}

    def use(self, run: Pass, node: Node, use: Use, output: torch.Tensor) -> None:
        """Kept for the backward pass; a copy, for an in-place activation may follow."""
        if output.requires_grad:
            self._outputs[use] = output.detach().clone()

    def use_gradient(self, run: Pass, node: Node, use: Use, gradient: torch.Tensor) -> None:
        """Summed over the positions of each sample and channel, and over all uses."""
        product = by_sample(self._outputs.pop(use) * gradient, use.axes)
        if product is None:
            return
        by_channel = product.sum(dim=1) if product.shape[1] > 1 else product[:, 0]
        # Parts of a weight reach other channels, and so do words that are embedded and predicted.
        key = (node, int(use.weight.storage_offset()), by_channel.shape[1])
        known = self._sums.get(key)
        self._sums[key] = by_channel if known is None else known + by_channel

    def after_loss(self, run: Pass) -> None:
        """The mean over the samples."""
        for (node, *_), by_channel in self._sums.items():
            part = 0.5 * by_channel.double().square().mean(dim=0).sum().item()
            node.values["fisher"] = node.values.get("fisher", 0.0) + part
