"""Correlation between the channels of a feature map."""

from __future__ import annotations

import torch

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import NAN, channels_last


class Correlation(Group):
    """MeCo's smallest eigenvalue for every layer and activation."""

    name = "correlation"

    def layer(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """Of a layer's output."""
        node.values["correlation_min"] = _smallest_eigenvalue(output)

    def activation(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """Of an activation's output."""
        node.values["correlation_min"] = _smallest_eigenvalue(output)


def _smallest_eigenvalue(output: torch.Tensor) -> float:
    if output.ndim < 3 or output[0].isnan().any():
        return NAN
    features = channels_last(output[:1]).flatten(0, -2).double()
    if len(features) < 2:
        return NAN
    centred = features - features.mean(dim=0)
    deviation = torch.linalg.vector_norm(centred, dim=0)
    scaled = (centred / deviation).masked_fill(deviation == 0, 0)
    return torch.linalg.eigvalsh(scaled.T @ scaled)[0].item()
