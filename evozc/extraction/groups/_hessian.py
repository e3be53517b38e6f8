"""Products of the Hessian with the gradient."""

from __future__ import annotations

import torch

from evozc.extraction._group import Group, Pass, added, gradients_of


class Hessian(Group):
    """H g by differentiating the gradient's product with itself, held fixed on one side.

    As the code of GraSP does, H and g belong to the weights of all layers together.
    """

    name = "hessian"
    needs_loss = True
    second_order = True

    def after_loss(self, run: Pass) -> None:
        """A second backward pass through the first."""
        known = [(node, g) for node in run.nodes["layer"] if (g := run.gradient(node)) is not None]
        layers, gradients = [node for node, _ in known], [g for _, g in known]
        if not any(g.requires_grad for g in gradients):
            return
        first, *others = (torch.sum(g.detach() * g) for g in gradients)
        value = sum(others, first)
        weights = [weight for node in layers for weight in node.differentiated]
        products = gradients_of(run.network, value, weights)
        for node in layers:
            product = added(products, node)
            if product is not None:
                w, h = (t.detach().double().flatten() for t in (node.weight, product))
                node.values["weight_x_hessian_grad_sum"] = torch.dot(w, h).item()
                node.values["hessian_grad_l2"] = torch.linalg.vector_norm(h).item()
