"""Norms of the weights."""

from __future__ import annotations

from evozc.extraction._group import Group, Pass
from evozc.extraction._numbers import weight_summary


class Weights(Group):
    """Norms, mean and deviation of every layer's weight."""

    name = "weights"

    def before_loss(self, run: Pass) -> None:
        """Weights need no pass."""
        for node in run.nodes["layer"]:
            node.values.update(weight_summary("weight", node.weight.detach().double().flatten()))
