"""What proxies that others evolved are made of."""

from __future__ import annotations

import torch

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import NAN, flat, summarise


class Evolved(Group):
    """Inputs of EZNAS-A and of the formulas of LPZero and Auto-Prox."""

    name = "evolved"
    needs_loss = True

    def layer(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """Auto-Prox's norm of the scaled input."""
        x = inputs[0].detach() if inputs and isinstance(inputs[0], torch.Tensor) else output
        if not x.is_floating_point():
            return
        low, high = (bound.item() for bound in torch.aminmax(x))
        z = summarise(flat(x))
        squares = (z.std**2 + (z.mean - low) ** 2) * x.numel()
        node.values["input_minmax_l2"] = squares**0.5 / (high - low) if high > low else NAN

    def layer_gradient(self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor) -> None:
        """Auto-Prox's mean of the gradient at the output."""
        node.values["output_grad_sqrt_sigmoid"] = gradient.sigmoid().sqrt_().mean().item()

    def after_loss(self, run: Pass) -> None:
        """LPZero's and EZNAS's functions of the gradient at the weight."""
        for node in run.nodes["layer"]:
            gradient = run.gradient(node)
            if gradient is None:
                continue
            g = gradient.detach()
            node.values["grad_softmax_square"] = g.double().softmax(dim=0).square().mean().item()
            if g.ndim > 3 and g.shape[-1] == g.shape[-2]:
                determinant = torch.linalg.det(g.sign()).abs()  # sigmoid(log d) = d / (1 + d)
                share = determinant / (1 + determinant)
                node.values["sign_grad_logdet"] = torch.linalg.vector_norm(share).item()
