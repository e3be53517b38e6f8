"""How sure attention is, and what its heads matter."""

from __future__ import annotations

import torch

from evozc.extraction._group import Group, Node, Pass


class Attention(Group):
    """Confidence of softmax and attention; importance of the heads of attention."""

    name = "attention"
    needs_loss = True

    def __init__(self) -> None:
        self._heads: dict[Node, torch.Tensor] = {}

    def probabilities(self, run: Pass, node: Node, probabilities: torch.Tensor, axis: int) -> None:
        """The largest of each row."""
        node.values["confidence"] = probabilities.amax(dim=axis).double().mean().item()

    def activation(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """What the heads of attention (n, heads, queries, features) have read."""
        if node.function == "attention" and node.axes.samples is not None:
            self._heads[node] = output.detach().clone()

    def activation_gradient(
        self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor
    ) -> None:
        """The gradient there lies before the last projection."""
        heads = self._heads.pop(node, None)
        if heads is not None and node.axes.samples is not None:
            behind = heads.shape[-2] * heads.shape[-1]
            by_head = (heads * gradient).sum(dim=(-2, -1))
            samples = max(node.axes.samples // behind, 1)
            each = by_head.reshape(-1, node.axes.count, samples).movedim(1, 0).flatten(1)
            node.values["head_importance"] = each.abs().double().mean(dim=0).sum().item()
