"""Correlation between the channels of a feature map."""

from __future__ import annotations

import torch

from evozc.extraction._axes import Axes
from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import NAN, by_sample

_EPS = torch.finfo(torch.float64).eps


class Correlation(Group):
    """MeCo's smallest eigenvalue for every layer and activation."""

    name = "correlation"

    def layer(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """Of a layer's output."""
        node.values["correlation_min"] = _smallest_eigenvalue(output, node.axes)

    def activation(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """Of an activation's output."""
        node.values["correlation_min"] = _smallest_eigenvalue(output, node.axes)


def _smallest_eigenvalue(output: torch.Tensor, axes: Axes) -> float:
    features = by_sample(output, axes)
    if features is None or len(features[0]) < 2 or features[0].isnan().any():
        return NAN
    centred = features[0].double()
    centred = centred - centred.mean(dim=0)
    if len(centred) <= centred.shape[1]:  # of fewer positions than channels the matrix is singular
        return 0.0 if centred.isfinite().all() else NAN
    deviation = torch.linalg.vector_norm(centred, dim=0)
    scaled = (centred / deviation).masked_fill(deviation == 0, 0)
    eigenvalues = torch.linalg.eigvalsh(scaled.T @ scaled)
    # Singular as far as can be told: by the rounding of features, and of the solver (LAPACK, section 4.7).
    rounding = torch.finfo(output.dtype).eps ** 2 * scaled.numel()
    error = rounding + _EPS * len(eigenvalues) * eigenvalues[-1].item()
    smallest = eigenvalues[0].item()
    return smallest if smallest > error else 0.0
