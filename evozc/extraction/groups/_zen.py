"""Zen-score: how the last feature map answers to a change of the input."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._state import Replaced, explained
from evozc.extraction._trace import Mark, Trace
from evozc.extraction._uses import Use

_Drawn = dict[int, torch.Tensor]
_STEP = 0.01
_EPS = torch.finfo(torch.float32).eps


class Zen(Group):
    """Of one draw of weights and noise; average over initialisations for more.

    The last feature map is the input of the last layer, or, where that has one position alone, the
    last outcome before it that has several; without one, the input of the last layer itself. Weights
    of all layers but embeddings are drawn anew, also those that are computed from parameters.
    """

    name = "zen"

    def own_passes(self, run: Pass) -> None:
        """Two passes on noise through the network with weights of its own."""
        if not run.inputs.is_floating_point():
            return
        generator = run.generator()
        tensors, computed = _normal_weights(run, generator)
        noise, change = (
            torch.randn(run.inputs.shape, generator=generator, device=run.inputs.device) for _ in range(2)
        )
        network = run.network
        network.train()
        with explained(network, "the passes of zen"), torch.no_grad(), Replaced(network, tensors):
            before, after = (_last_features(run, computed, x) for x in (noise, noise + _STEP * change))
            if before is None or after is None or before.shape != after.shape:
                return
            difference = (before - after).abs()
            if difference.mean() <= _EPS * before.abs().mean():  # no more than rounding
                return
            moved = difference.flatten(1).sum(dim=1).double().mean().log()
            for module in network.modules():
                if isinstance(module, _BatchNorm) and module.running_var is not None:
                    moved = moved + module.running_var.double().mean().sqrt().log()
        run.scalars["zen"] = moved.item()


def _normal_weights(run: Pass, generator: torch.Generator) -> tuple[dict[torch.Tensor, torch.Tensor], _Drawn]:
    """By parameter or buffer another one: weights drawn anew, biases 0, scales of normalisation 1.

    Second, by a parameter's place among all, the draws for weights that are computed from it.
    """
    homes: dict[str, list[Node]] = defaultdict(list)
    for node in run.nodes["layer"]:
        if node.function not in LOOKUPS:
            homes[node.home].append(node)
    places = {p: place for place, p in enumerate(run.network.parameters())}
    tensors: dict[torch.Tensor, torch.Tensor] = {buffer: buffer.clone() for buffer in run.network.buffers()}
    computed: _Drawn = {}
    biases = {p for nodes in homes.values() for node in nodes for p in node.parameters if p.ndim == 1}
    for path, module in run.network.named_modules():
        for node in homes[path]:
            drawn = torch.randn(node.weight.shape, generator=generator, device=node.weight.device)
            if node.computed:
                computed.update((places[p], drawn) for p in node.parameters if p.ndim > 1)
            else:
                tensors[node.weight] = drawn
        for name, parameter in module.named_parameters(recurse=False):
            if parameter in biases and parameter not in tensors:
                drawn = torch.randn(parameter.shape, generator=generator, device=parameter.device)
                tensors[parameter] = torch.zeros_like(drawn)
            elif isinstance(module, _BatchNorm | nn.GroupNorm):
                fill = torch.ones_like if name == "weight" else torch.zeros_like
                tensors[parameter] = fill(parameter.detach())
    return tensors, computed


#: Functions that look weights up.
LOOKUPS = frozenset({"embedding", "embedding_bag", "__getitem__", "index_select"})


def _last_features(run: Pass, computed: _Drawn, x: torch.Tensor) -> torch.Tensor | None:
    given = run.given.with_main(x.clone())
    watch = _Last(run, computed)
    watch.given(list(given.tensors()))
    with watch.watching():
        run.network(*given.args, **given.named)
    return watch.features


class _Last(Trace):
    """A pass with weights of its own.

    Attributes:
        features: The last feature map before the last layer, or else that layer's input.
    """

    def __init__(self, run: Pass, computed: _Drawn) -> None:
        super().__init__(run.network, len(run.inputs))
        self.features: torch.Tensor | None = None
        self._map: torch.Tensor | None = None
        self._computed = {id(p): computed[n] for n, p in enumerate(run.network.parameters()) if n in computed}

    def instead(self, use: Use) -> torch.Tensor | None:
        """A weight that was computed is drawn too."""
        if use.function in LOOKUPS:
            return None
        parameters = self.made_of(use.weight)
        drawn = (self._computed[id(p)] for p in parameters if id(p) in self._computed)
        return next((w for w in drawn if w.shape == use.weight.shape), None)

    def layer(self, use: Use, output: torch.Tensor, mark: Mark, again: Any) -> None:
        """What comes before it, if it is the last one."""
        self.features = self._map if self._map is not None else use.inputs
        self.function("", (), {}, output)

    def function(self, name: str, args: tuple, kwargs: dict[str, Any], output: torch.Tensor) -> None:
        """The last outcome with several positions."""
        if not output.is_floating_point() or output.ndim < 3:
            return
        known = self.mark(output)
        sizes = [math.prod(output.shape[axis + 1 :]) for axis in range(output.ndim)]
        axis = 0 if len(output) == self.count else None
        if known is not None and known.axes.samples in sizes:
            axis = sizes.index(known.axes.samples)
        if axis is None or output.shape[axis] != self.count:
            return
        samples = output.movedim(axis, 0)
        if samples[0, 0].numel() > 1:
            self._map = samples
