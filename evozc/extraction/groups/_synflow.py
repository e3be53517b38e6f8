"""Synaptic flow: which weights carry the signal, without any data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._state import Replaced, explained
from evozc.extraction._trace import Trace
from evozc.extraction._uses import Use


class Synflow(Group):
    """The sum of |w dR/dw| for each layer, R the summed output for one input of ones.

    Everything is float64, because R grows exponentially with depth; all parameters, and weights
    computed from some, are replaced by their magnitudes, and batch normalisation is left out. What
    the network takes beside its main input stays as it was given.
    """

    name = "synflow"
    needs_scores = True

    def own_passes(self, run: Pass) -> None:
        """One pass on a single input."""
        network = run.network
        signed = {p for node in run.nodes["layer"] if node.computed for p in node.parameters if p.ndim > 1}
        weights: dict[torch.Tensor, torch.Tensor] = {}
        for parameter in network.parameters():
            if parameter.is_floating_point():
                double = parameter.detach().double()
                weights[parameter] = (double if parameter in signed else double.abs()).requires_grad_()
        buffers = {b: b.double() if b.is_floating_point() else b.clone() for b in network.buffers()}
        given = run.given.part(slice(1))
        ones = torch.ones_like(given.main, memory_format=torch.contiguous_format)
        given = given.with_main(ones).mapped(lambda t: t.double() if t.is_floating_point() else t)
        network.eval()
        torch.set_default_dtype(torch.float64)
        action = "the pass of synflow (float64, one input of ones)"
        try:
            with explained(network, action), Replaced(network, {**weights, **buffers}):
                flow = _Flow(network)
                with flow.watching():
                    output = run.outputs_of(network(*given.args, **given.named), 1).sum()
                if not output.requires_grad:
                    return
                tensors = [*weights.values(), *(w for several in flow.computed.values() for w in several)]
                found = torch.autograd.grad(output, tensors, allow_unused=True)
                gradients: dict[torch.Tensor, torch.Tensor | None] = dict(zip(tensors, found, strict=True))
        finally:
            torch.set_default_dtype(torch.float32)
        for node in run.nodes["layer"]:
            self._sum(node, weights, flow, gradients)

    @staticmethod
    def _sum(
        node: Node, weights: dict[torch.Tensor, torch.Tensor], flow: _Flow,
        gradients: dict[torch.Tensor, torch.Tensor | None],
    ) -> None:
        # What is computed from a parameter that is used by itself too, as of tied words, is part of its flow.
        found = [weights[node.weight]] if node.weight in weights else [
            w for parameter in node.parameters if parameter in weights
            for w in flow.computed.get(weights[parameter], ())
        ]
        known = [(w, g) for w in found if (g := gradients[w]) is not None]
        if known:
            first, *others = (g.to_dense() if g.layout != torch.strided else g for _, g in known)
            total = sum(others, first)
            node.values["synflow"] = torch.linalg.vector_norm(total * known[0][0].detach(), 1).item()


class _Flow(Trace):
    """The pass of synflow.

    Attributes:
        computed: By parameter, the magnitudes of the weights that were computed from it alone.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network, 1)
        self.computed: dict[torch.Tensor, list[torch.Tensor]] = {}

    def call(self, function: Callable[..., Any], name: str, args: tuple, kwargs: dict[str, Any]) -> Any:
        """In float64 whatever is made on the way, and no batch normalisation."""
        if name == "batch_norm":
            # A copy, because an in-place activation may follow while others use the input.
            return (args[0] if args else kwargs["input"]).clone()
        if name.endswith("_"):  # what is changed in place must stay itself
            return function(*args, **kwargs)
        return function(*_doubled(args), **{key: _doubled(value) for key, value in kwargs.items()})

    def instead(self, use: Use) -> torch.Tensor | None:
        """The magnitude of a computed weight."""
        main = max(self.made_of(use.weight), key=lambda p: p.numel())
        if use.weight is main or use.weight._base is main:
            return None
        own = use.weight.abs()
        self.computed.setdefault(main, []).append(own)
        return own


def _doubled(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.double() if value.dtype == torch.float32 else value
    return type(value)(map(_doubled, value)) if type(value) in (tuple, list) else value
