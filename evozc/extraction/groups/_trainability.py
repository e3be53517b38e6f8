"""The blocks' Jacobians."""

from __future__ import annotations

import torch
from torch.autograd.graph import GradientEdge, get_gradient_edge

from evozc.extraction._axes import Axes
from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import NAN, by_sample, channels_last
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
            node.values["jacobian"] = _largest_singular_value(signs, node.axes, gradients[0], node.input_axes)


def _largest_singular_value(
    signs: torch.Tensor, axes: Axes, gradient: torch.Tensor | None, input_axes: Axes
) -> float:
    if gradient is None or torch.equal(signs, gradient):
        return 0.0
    left, right = _positions(gradient, input_axes), _positions(signs, axes)
    if left is None or right is None:
        return NAN
    if left.shape[:-1].numel() != right.shape[:-1].numel():
        left = _gathered(left, right.shape[1:-1])
        if left is None:
            return NAN
    g, v = (t.flatten(0, -2) for t in (left, right))
    if len(v) < min(v.shape[1], g.shape[1]):  # triangular factors, of the same singular values
        left, right = (torch.linalg.qr(t.double().T, mode="r").R for t in (g, v))
        matrix = left @ right.T / len(v)
    else:
        matrix = (g.T @ v).double() / len(v)
    return torch.linalg.svdvals(matrix)[0].item() if matrix.isfinite().all() else NAN


def _positions(z: torch.Tensor, axes: Axes) -> torch.Tensor | None:
    """A tensor as (n, positions ..., channels)."""
    if axes.samples is None or axes.channels is None:
        return None
    last = channels_last(z, axes)
    if last.ndim == z.ndim and len(last) == axes.count and axes.samples * axes.count == z.numel():
        return last
    return by_sample(z, axes)


def _gathered(z: torch.Tensor, positions: torch.Size) -> torch.Tensor | None:
    """Neighbouring positions of (n, positions ..., channels) as channels, until there are so many positions.

    Only as the authors do it, by the same factor in every direction; a sequence is a map of height 1.
    """
    before = z.shape[1:-1]
    if len(before) != len(positions) or any(b % p for b, p in zip(before, positions, strict=True)):
        return None
    if len(before) < 2 or len({b // p for b, p in zip(before, positions, strict=True)}) > 1:
        return None
    parts = [part for b, p in zip(before, positions, strict=True) for part in (p, b // p)]
    split = z.reshape(len(z), *parts, z.shape[-1])
    kept = [0, *range(1, 2 * len(positions), 2)]
    gathered = [*range(2, 2 * len(positions) + 1, 2), split.ndim - 1]
    return split.permute(*kept, *gathered).flatten(len(kept))
