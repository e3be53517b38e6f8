"""The spectrum of the Fisher matrix over a few weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.autograd.graph import GradientEdge, get_gradient_edge
from torch.func import functional_call
from torch.nn.modules.conv import _ConvNd

from evozc.extraction._group import Group, Pass, forward
from evozc.extraction._numbers import channels_last
from evozc.extraction._state import explained

_SAMPLES = 16
#: Directions of the scores that are followed back; as many as there are classes, if fewer.
_DIRECTIONS = 16
_SMOOTHING = 0.05


class Spectrum(Group):
    """VKDNW's entropy of the deciles of the Fisher matrix's eigenvalues.

    The matrix is the mean over samples of J^T (diag(p) - p p^T) J, J the derivatives of the
    scores by the first weight of every layer. With more classes than 16 its inner part is
    estimated from 16 random directions.
    """

    name = "spectrum"

    def own_passes(self, run: Pass) -> None:
        """One forward pass in evaluation mode, a backward pass for each direction."""
        if len(run.nodes["layer"]) < 2:
            return
        run.network.eval()
        kept: list[tuple[GradientEdge, torch.Tensor]] = []
        with _watching_layers(run.network, kept):
            scores = forward(run.network, run.inputs[:_SAMPLES].clone())
        outputs = [z for z, _ in kept]
        if not outputs or not scores.requires_grad:
            return
        rows = []
        directions = _directions(scores.detach(), run.generator())
        for direction in directions:
            with explained(run.network, "the backward pass of the Fisher matrix"):
                gradients = torch.autograd.grad(
                    scores, outputs, direction, retain_graph=True, allow_unused=True
                )
            derivatives = [
                torch.zeros(len(d), device=d.device) if g is None else (_first_channel(g) * d).sum(dim=1)
                for g, (_, d) in zip(gradients, kept, strict=True)
            ]
            rows.append(torch.stack(derivatives, dim=1))
        jacobian = torch.cat(rows).double()
        if jacobian.isfinite().all():
            run.scalars["fisher_entropy"] = _decile_entropy(jacobian.T @ jacobian / len(scores))


def _directions(scores: torch.Tensor, generator: torch.Generator) -> list[torch.Tensor]:
    """Columns b (n, classes) whose b b^T add up to diag(p) - p p^T for every sample."""
    classes = scores.shape[1]
    p = scores.softmax(dim=1) * (1 - _SMOOTHING) + _SMOOTHING / classes
    root = torch.diag_embed(p.sqrt()) - p[:, :, None] * p.sqrt()[:, None, :]
    if classes > _DIRECTIONS:
        signs = torch.empty(classes, _DIRECTIONS, device=scores.device)
        signs.bernoulli_(0.5, generator=generator).mul_(2).sub_(1)
        root = root @ signs / _DIRECTIONS**0.5
    return list(root.unbind(dim=2))


def _decile_entropy(matrix: torch.Tensor) -> float:
    values = torch.linalg.eigvalsh(matrix).clamp(min=0)
    deciles = torch.quantile(values, torch.arange(0.1, 0.95, 0.1, dtype=values.dtype, device=values.device))
    share = deciles / deciles.sum()
    return -torch.special.xlogy(share, share).sum().item()


def _first_channel(z: torch.Tensor) -> torch.Tensor:
    """The first channel or feature of every sample, (n, positions)."""
    return channels_last(z)[..., 0].reshape(len(z), -1)


@contextmanager
def _watching_layers(
    network: nn.Module, kept: list[tuple[GradientEdge, torch.Tensor]]
) -> Iterator[None]:
    """Every convolution's and linear layer's output, with its derivative by the first weight."""
    seen: set[nn.Module] = set()

    def keep(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        if module in seen or not output.requires_grad:
            return
        seen.add(module)
        with torch.no_grad():
            unit = torch.zeros_like(module.weight)
            unit[(0,) * unit.ndim] = 1
            weights = {"weight": unit}
            if module.bias is not None:
                weights["bias"] = torch.zeros_like(module.bias)
            # A layer is linear in its weight; that it is called again is not seen, as it is known.
            derivative = functional_call(module, weights, (inputs[0],))
            kept.append((get_gradient_edge(output), _first_channel(derivative)))

    handles = [
        m.register_forward_hook(keep) for m in network.modules() if isinstance(m, _ConvNd | nn.Linear)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
