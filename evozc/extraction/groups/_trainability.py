"""The blocks' Jacobians."""

from __future__ import annotations

import torch
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.nn.functional import pixel_unshuffle

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import NAN, channels_last
from evozc.extraction._state import explained


class Trainability(Group):
    """AZ-NAS's largest singular value of every block's estimated Jacobian.

    The edges of the graph are remembered, not the tensors: an in-place operation may
    come before or after.
    """

    name = "trainability"
    needs_graph = True
    at_inputs = True

    def __init__(self) -> None:
        self._inputs: dict[Node, GradientEdge] = {}
        self._outputs: dict[Node, tuple[GradientEdge, torch.Tensor]] = {}

    def enter_block(self, run: Pass, node: Node, inputs: tuple) -> None:
        """Where gradients leave the block."""
        if inputs and inputs[0] is not run.fed and getattr(inputs[0], "requires_grad", False):
            self._inputs[node] = get_gradient_edge(inputs[0])

    def block(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """Where gradients enter the block."""
        if node in self._inputs and output.requires_grad:
            self._outputs[node] = get_gradient_edge(output), torch.empty_like(output, device="meta")
        elif node in self._inputs:
            node.values["jacobian"] = 0.0

    def before_loss(self, run: Pass) -> None:
        """One product of random signs with the Jacobian for each block."""
        for position, node in enumerate(run.nodes["block"]):
            if node not in self._outputs:
                continue
            edge, like = self._outputs[node]
            signs = torch.empty(like.shape, device=run.inputs.device)
            signs = signs.bernoulli_(0.5, generator=run.generator(position)).mul_(2).sub_(1)
            if signs.ndim == 4:
                signs = signs.contiguous(memory_format=torch.channels_last)
            with explained(run.network, "the backward pass of a block"):
                gradients = torch.autograd.grad(
                    edge, self._inputs[node], signs, retain_graph=True, allow_unused=True
                )
            node.values["jacobian"] = _largest_singular_value(signs, gradients[0])


def _largest_singular_value(signs: torch.Tensor, gradient: torch.Tensor | None) -> float:
    if gradient is None or torch.equal(signs, gradient):
        return 0.0
    if gradient.ndim == 4 and signs.ndim == 4 and gradient.shape[2:] != signs.shape[2:]:
        stride = gradient.shape[2] // signs.shape[2]
        if gradient.shape[2:] != tuple(size * stride for size in signs.shape[2:]):
            return NAN
        gradient = pixel_unshuffle(gradient, stride)
    v, g = (channels_last(t).flatten(0, -2) for t in (signs, gradient))
    if len(v) != len(g):
        return NAN
    if len(v) < min(v.shape[1], g.shape[1]):  # triangular factors, of the same singular values
        left, right = (torch.linalg.qr(t.double().T, mode="r").R for t in (g, v))
        matrix = left @ right.T / len(v)
    else:
        matrix = (g.T @ v).double() / len(v)
    return torch.linalg.svdvals(matrix)[0].item() if matrix.isfinite().all() else NAN
