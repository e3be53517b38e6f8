"""How the gradients differ between the two halves of the mini-batch."""

from __future__ import annotations

import torch

from evozc.extraction._group import Gradients, Group, Pass, forward, gradients_of, loss_of


class Subbatches(Group):
    """ZiCo's ratio and its parts, and L-SWAG's gradient term.

    Of two numbers a and b the mean is (a + b) / 2 and the deviation |a - b| / 2.
    """

    name = "subbatches"
    needs_loss = True
    least_batch = 2

    def own_passes(self, run: Pass) -> None:
        """One pass for each half."""
        if run.labels is None:
            return
        half = len(run.labels) // 2
        first, second = (self._half(run, part) for part in (slice(half), slice(half, None)))
        for node in run.nodes["layer"]:
            a, b = first.get(node.weight), second.get(node.weight)
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
    def _half(run: Pass, part: slice) -> Gradients:
        run.network.train()
        loss = loss_of(forward(run.network, run.inputs[part].clone()), run.labels[part])
        return gradients_of(run.network, loss, run.trainable())


def _sum_of_ratios(above: torch.Tensor, below: torch.Tensor) -> float:
    """The sum of above / below where below is not zero."""
    return (above / below).masked_fill(below == 0, 0).sum().item()
