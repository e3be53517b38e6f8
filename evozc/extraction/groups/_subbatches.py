"""How the gradients differ between the two halves of the mini-batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from evozc.extraction._group import Group, Node, Pass, gradients_of
from evozc.extraction._trace import Mark, Trace
from evozc.extraction._uses import Use

#: Differences of gradients below this share of them are rounding.
_EPS = torch.finfo(torch.float32).eps


class Subbatches(Group):
    """ZiCo's ratio and its parts, and L-SWAG's gradient term.

    Of two numbers a and b the mean is (a + b) / 2 and the deviation |a - b| / 2.
    """

    name = "subbatches"
    needs_loss = True
    least_batch = 2
    needs_scores = True

    def own_passes(self, run: Pass) -> None:
        """One pass for each half."""
        if run.labels is None:
            return
        count = len(run.inputs)
        first, second = (self._half(run, part) for part in (slice(count // 2), slice(count // 2, count)))
        for node in run.nodes["layer"]:
            a, b = first.get(node), second.get(node)
            if a is None or b is None:
                continue
            a, b = a.flatten().double(), b.flatten().double()
            mean, deviation = (a.abs() + b.abs()) / 2, (a - b).abs() / 2
            node.values.update(
                grad_ratio=_sum_of_ratios(mean, deviation),
                subbatch_grad_mean=mean.mean().item(),
                subbatch_grad_std=deviation.mean().item(),
                grad_inverse_std=_sum_of_ratios(torch.ones_like(a), (a.abs() - b.abs()).abs() / 2),
            )

    @staticmethod
    def _half(run: Pass, part: slice) -> dict[Node, torch.Tensor | None]:
        """The gradients at the layers' weights."""
        run.network.train()
        assert run.labels is not None
        given, labels = run.given.part(part), run.labels[part]
        count = len(given.main)
        if any(node.computed for node in run.nodes["layer"]):
            weights = ComputedWeights(run, count)
            with weights.watching():
                returned = run.run(given)
            found = weights.found
        else:
            returned, found = run.run(given), {}
        loss = run.loss_of(run.outputs_of(returned, count), labels)
        tensors = [w for several in found.values() for w in several]
        gradients = gradients_of(run.network, loss, [*run.trainable(), *tensors])
        sums: dict[Node, torch.Tensor | None] = {}
        for node in run.nodes["layer"]:
            parts = [g for w in found.get(node, [node.weight]) if (g := gradients.get(w)) is not None]
            sums[node] = sum(parts[1:], parts[0]) if parts else None
        return sums


class ComputedWeights(Trace):
    """The weights of the layers that are computed from parameters.

    Attributes:
        found: By layer, the tensors of one pass.
    """

    def __init__(self, run: Pass, count: int) -> None:
        super().__init__(run.network, count)
        self._nodes = {p: node for node in run.nodes["layer"] if node.computed for p in node.parameters}
        self.found: dict[Node, list[torch.Tensor]] = {}

    def layer(self, use: Use, output: torch.Tensor, mark: Mark, again: Callable[..., torch.Tensor]) -> None:
        """Keep the weight."""
        node = next((self._nodes[p] for p in self.made_of(use.weight) if p in self._nodes), None)
        if node is not None and not isinstance(use.weight, nn.Parameter):
            kept = self.found.setdefault(node, [])
            if not any(use.weight is w for w in kept):
                kept.append(use.weight)


def _sum_of_ratios(above: torch.Tensor, below: torch.Tensor) -> float:
    """The sum of above / below where below is not zero."""
    return (above / below).masked_fill(below == 0, 0).sum().item()
