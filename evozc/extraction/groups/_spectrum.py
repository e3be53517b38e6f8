"""The spectrum of the Fisher matrix over a few weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch.autograd.graph import GradientEdge, get_gradient_edge

from evozc.extraction._axes import Axes
from evozc.extraction._group import Group, Pass
from evozc.extraction._numbers import rows
from evozc.extraction._state import explained
from evozc.extraction._trace import Mark, Trace
from evozc.extraction._uses import Use

_SAMPLES = 16
#: Directions of the scores that are followed back; as many as there are classes, if fewer.
_DIRECTIONS = 16
_SMOOTHING = 0.05


class Spectrum(Group):
    """VKDNW's entropy of the deciles of the Fisher matrix's eigenvalues.

    The matrix is the mean over samples of J^T (diag(p) - p p^T) J, J the derivatives of the
    scores by the first weight of every layer that multiplies, over all its uses. With more classes
    than 16 its inner part is estimated from 16 random directions.
    """

    name = "spectrum"
    needs_scores = True

    def own_passes(self, run: Pass) -> None:
        """One forward pass in evaluation mode, a backward pass for each direction."""
        if len(run.nodes["layer"]) < 2:
            return
        run.network.eval()
        given = run.given.part(slice(_SAMPLES))
        count = len(given.main)
        watch = _FirstWeights(run, count)
        watch.given(list(given.tensors()))
        with watch.watching():
            returned = run.run(given)
        scores = run.scores_of(run.outputs_of(returned, count))
        if not watch.found or not scores.requires_grad:
            return
        edges = [edge for edge, _, _ in watch.found]
        layers = {main: place for place, main in enumerate(dict.fromkeys(main for _, _, main in watch.found))}
        parts = []
        for direction in _directions(scores.detach(), run.generator()):
            with explained(run.network, "the backward pass of the Fisher matrix"):
                gradients = torch.autograd.grad(
                    scores, edges, direction, retain_graph=True, allow_unused=True
                )
            derivatives = torch.zeros(count, len(layers), device=scores.device)
            for gradient, (_, derivative, main) in zip(gradients, watch.found, strict=True):
                if gradient is not None:
                    derivatives[:, layers[main]] += derivative(gradient)
            parts.append(derivatives)
        jacobian = torch.cat(parts).double()
        if jacobian.isfinite().all():
            run.scalars["fisher_entropy"] = _decile_entropy(jacobian.T @ jacobian / len(scores))


class _FirstWeights(Trace):
    """Every layer's output, with its derivative by the first weight.

    Attributes:
        found: For each use the edge of the graph, from a gradient there to each sample's derivative
            of the score by the weight, and the parameter.
    """

    def __init__(self, run: Pass, count: int) -> None:
        super().__init__(run.network, count)
        self.found: list[tuple[GradientEdge, Callable[[torch.Tensor], torch.Tensor], int]] = []

    def layer(self, use: Use, output: torch.Tensor, mark: Mark, again: Callable[..., torch.Tensor]) -> None:
        """A layer is linear in its weight."""
        if use.multiplies is None or not output.requires_grad:
            return
        main = max(self.made_of(use.weight), key=lambda p: p.numel())
        if use.weight._base is main and use.weight.storage_offset() != main.storage_offset():
            return  # a part without the first weight
        with torch.no_grad():
            unit = torch.zeros_like(use.weight)
            unit[(0,) * unit.ndim] = 1
            derivative = again(unit, None if use.bias is None else torch.zeros_like(use.bias))
        axes = mark.axes._replace(channels=None).at(output.shape)._replace(channels=None)
        if axes.samples is None:
            return
        place = use.channel_axis
        # The first weight of a plain layer reaches the first channel alone.
        if place is None or use.weight.storage_offset() or use.function not in _PLAIN:
            by_sample = partial(_product, derivative, axes)
        else:
            by_sample = partial(_product_of_first, _first(derivative, axes, place), axes, place)
        self.found.append((get_gradient_edge(output), by_sample, id(main)))


def _product(derivative: torch.Tensor, axes: Axes, gradient: torch.Tensor) -> torch.Tensor:
    return _rows(gradient * derivative, axes).sum(dim=1)


def _product_of_first(first: torch.Tensor, axes: Axes, place: int, gradient: torch.Tensor) -> torch.Tensor:
    return (_first(gradient, axes, place) * first).sum(dim=1)


def _first(z: torch.Tensor, axes: Axes, place: int) -> torch.Tensor:
    """The first channel of every sample."""
    if axes.samples is None or axes.samples * axes.count < z.numel():
        return _rows(z, axes)
    behind = axes.samples // z.shape[place]
    return z.select(place, 0).reshape(-1, axes.count, behind).movedim(1, 0).flatten(1)


def _rows(z: torch.Tensor, axes: Axes) -> torch.Tensor:
    found = rows(z, axes)
    assert found is not None  # since where samples are is known
    return found


#: Functions whose first weight belongs to the first channel of the output.
_PLAIN = frozenset({"linear", "conv1d", "conv2d", "conv3d"})


def _directions(scores: torch.Tensor, generator: torch.Generator) -> list[torch.Tensor]:
    """Columns b (n, classes) whose b b^T add up to diag(p) - p p^T for every sample."""
    classes = scores.shape[1]
    p = scores.softmax(dim=1) * (1 - _SMOOTHING) + _SMOOTHING / classes
    if classes <= _DIRECTIONS:
        return list((torch.diag_embed(p.sqrt()) - p[:, :, None] * p.sqrt()[:, None, :]).unbind(dim=2))
    signs = torch.empty(classes, _DIRECTIONS, device=scores.device)
    signs.bernoulli_(0.5, generator=generator).mul_(2).sub_(1)
    # The same matrix times the signs, without the matrix: of a vocabulary it would not fit the memory.
    parts = p.sqrt()[:, :, None] * signs - p[:, :, None] * (p.sqrt() @ signs)[:, None, :]
    return list((parts / _DIRECTIONS**0.5).unbind(dim=2))


def _decile_entropy(matrix: torch.Tensor) -> float:
    values = torch.linalg.eigvalsh(matrix).clamp(min=0)
    deciles = torch.quantile(values, torch.arange(0.1, 0.95, 0.1, dtype=values.dtype, device=values.device))
    share = deciles / deciles.sum()
    return -torch.special.xlogy(share, share).sum().item()
