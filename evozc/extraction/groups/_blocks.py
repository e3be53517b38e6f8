"""What comes out of the blocks."""

from __future__ import annotations

import math

import torch

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import entropy, flat, moments, rms


class Blocks(Group):
    """Summary and entropy of every block's output, and the gradient at it."""

    name = "blocks"
    needs_loss = True

    def block(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """The output."""
        mean, std = moments(flat(output))
        node.values.update(output_mean=mean, output_std=std, output_l2=math.hypot(mean, std))
        node.values["entropy"] = entropy(output, node.axes)

    def block_gradient(self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor) -> None:
        """The gradient at the output."""
        node.values["output_grad_l2"] = rms(flat(gradient))
