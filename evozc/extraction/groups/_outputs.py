"""What comes out of the layers, and the loss's gradient there."""

from __future__ import annotations

import torch

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import flat, summarise


class Outputs(Group):
    """Mean, deviation and magnitude of every layer's output and of the gradient at it."""

    name = "outputs"
    needs_loss = True

    def layer(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """The output."""
        z = summarise(flat(output))
        node.values.update(output_mean=z.mean, output_std=z.std)
        node.values.update(output_l1=z.mean_abs, output_positive=z.positive)

    def layer_gradient(self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor) -> None:
        """The gradient at the output."""
        g = summarise(flat(gradient))
        node.values.update(output_grad_mean=g.mean, output_grad_std=g.std, output_grad_l1=g.mean_abs)
