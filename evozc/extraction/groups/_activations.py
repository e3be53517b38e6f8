"""What comes out of the activations, and how their signs tell the samples apart."""

from __future__ import annotations

import math

import torch

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import NAN, flat, logdet, moments, rows, sign_kernel, summarise


class Activations(Group):
    """Summary and sign kernel of every activation; NASWOT from their sum."""

    name = "activations"

    def __init__(self) -> None:
        self._kernel: torch.Tensor | None = None

    def activation(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """The output and its signs."""
        units = rows(output, node.axes)
        if units is None:
            z = summarise(flat(output))
            node.values.update(output_mean=z.mean, output_std=z.std, positive=z.positive)
            return
        mean, std = moments(flat(output))
        kernel, positive = sign_kernel(units)
        if math.isnan(mean):
            kernel.fill_(NAN)
        node.values.update(output_mean=mean, output_std=std, positive=NAN if math.isnan(mean) else positive)
        node.values["logdet"] = logdet(kernel)
        self._kernel = kernel if self._kernel is None else self._kernel + kernel

    def before_loss(self, run: Pass) -> None:
        """The network's kernel is whole."""
        run.scalars["naswot"] = NAN if self._kernel is None else logdet(self._kernel)
