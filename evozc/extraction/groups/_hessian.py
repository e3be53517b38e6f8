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
        layers = [node for node in run.nodes["layer"] if run.gradient(node) is not None]
        gradients = [run.gradient(node) for node in layers]
        if not any(g.requires_grad for g in gradients):
            return
        value = sum(torch.sum(g.detach() * g) for g in gradients)
        weights = [weight for node in layers for weight in node.differentiated]
        products = gradients_of(run.network, value, weights)
        for node in layers:
            product = added(products, node)
            if product is not None:
                w, h = (t.detach().double().flatten() for t in (node.weight, product))
                node.values["weight_x_hessian_grad_sum"] = torch.dot(w, h).item()
                node.values["hessian_grad_l2"] = torch.linalg.vector_norm(h).item()
