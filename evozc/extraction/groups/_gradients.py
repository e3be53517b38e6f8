"""Norms of the loss's gradients at the weights."""

from __future__ import annotations

import torch

from evozc.extraction._group import Group, Pass
from evozc.extraction._numbers import weight_summary


class Gradients(Group):
    """Norms of every layer's gradient, and of its product with the weight."""

    name = "gradients"
    needs_loss = True

    def after_loss(self, run: Pass) -> None:
        """From the gradients of the main pass."""
        for node in run.nodes["layer"]:
            gradient = run.gradient(node)
            if gradient is None:
                continue
            w, g = (t.detach().double().flatten() for t in (node.weight, gradient))
            node.values.update(weight_summary("grad", g))
            node.values["weight_x_grad_sum"] = torch.dot(w, g).item()
            node.values["weight_x_grad_l1"] = torch.linalg.vector_norm(w * g, 1).item()
