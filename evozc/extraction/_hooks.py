"""Watching the main pass: which modules run, and what every group wants of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.functional import linear

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._modules import ACTIVATIONS, LAYERS


class Hooks:
    """Hooks on every node of a network; a module that is run again is not measured again.

    Args:
        run: Whose nodes are found.
        groups: What is called with each node's tensors.

    Attributes:
        listening: Whether a backward pass is that of the loss.
    """

    def __init__(self, run: Pass, groups: Sequence[Group]) -> None:
        self.run = run
        self.groups = groups
        self.listening = False
        self._names = {module: name for name, module in run.network.named_modules()}
        self._blocks: dict[nn.Module, Node] = {}
        self._seen: set[tuple[str, nn.Module]] = set()
        # A tensor's hook that knew the tensor's own graph would keep both in memory for ever.
        self._tensors: list[Any] = []

    @contextmanager
    def watching(self, blocks: Sequence[nn.Module]) -> Iterator[None]:
        """Hooks that are gone afterwards; blocks are nodes whether they are run or not."""
        self._blocks = {block: Node(self._names[block], block) for block in blocks}
        self.run.nodes["block"] = list(self._blocks.values())
        handles = []
        try:
            for module in self._names:
                if isinstance(module, LAYERS):
                    handles.append(module.register_forward_hook(self._layer))
                elif isinstance(module, ACTIVATIONS):
                    handles.append(module.register_forward_hook(self._activation, with_kwargs=True))
            for block in blocks:
                handles.append(block.register_forward_pre_hook(self._enter))
                handles.append(block.register_forward_hook(self._leave))
            yield
        finally:
            for handle in (*handles, *self._tensors):
                handle.remove()
            self._tensors.clear()

    def listeners(self, moment: str) -> list[Group]:
        """The groups that do something at a moment."""
        return [g for g in self.groups if getattr(type(g), moment) is not getattr(Group, moment)]

    def _layer(self, module: nn.Module, inputs: tuple, output: object) -> None:
        if self._is_new("layer", module):
            node = self._add("layer", module, self._names[module], module.weight)
            self._measure("layer", node, inputs, output)

    def _activation(self, module: nn.Module, inputs: tuple, named: dict[str, Any], output: object) -> None:
        if not self._is_new("activation", module):
            return
        if isinstance(module, nn.MultiheadAttention):
            self._projections(module, inputs, named, output)
            inputs = (inputs, named)
        node = self._add("activation", module, self._names[module])
        self._measure("activation", node, inputs, output)

    def _projections(
        self, module: nn.MultiheadAttention, inputs: tuple, named: dict[str, Any], output: object
    ) -> None:
        """The two layers of attention, which it runs without calling them."""
        name = self._names[module]
        query = inputs[0] if inputs else named["query"]
        if module.in_proj_weight is not None:
            with torch.no_grad():
                projected = linear(query, module.in_proj_weight, module.in_proj_bias)
            node = self._add("layer", module, f"{name}.in_proj".lstrip("."), module.in_proj_weight)
            self._measure("layer", node, (query,), projected)
        last = module.out_proj
        node = self._add("layer", last, self._names[last], last.weight)
        self._measure("layer", node, (), output)

    def _enter(self, module: nn.Module, inputs: tuple) -> None:
        if self._is_new("entrance", module):
            for group in self.groups:
                group.enter_block(self.run, self._blocks[module], inputs)

    def _leave(self, module: nn.Module, inputs: tuple, output: object) -> None:
        if self._is_new("block", module):
            self._measure("block", self._blocks[module], inputs, output)

    def _is_new(self, what: str, module: nn.Module) -> bool:
        """Whether it is the first time; from now on it is not."""
        new = (what, module) not in self._seen
        self._seen.add((what, module))
        return new

    def _add(self, node_set: str, module: nn.Module, name: str, weight: Any = None) -> Node:
        node = Node(name, module, weight)
        self.run.nodes[node_set].append(node)
        return node

    def _measure(self, node_set: str, node: Node, inputs: tuple, output: object) -> None:
        if isinstance(output, tuple | list) and output:
            output = output[0]
        if not (isinstance(output, torch.Tensor) and output.is_floating_point() and output.numel()):
            return
        with torch.no_grad():
            for group in self.listeners(node_set):
                getattr(group, node_set)(self.run, node, inputs, output)
        seen = output.detach()
        readers = self.listeners(f"{node_set}_gradient")
        if not readers or not output.requires_grad:
            return

        def gradient(gradient: torch.Tensor) -> None:
            if self.listening:
                for group in readers:
                    getattr(group, f"{node_set}_gradient")(self.run, node, seen, gradient.detach())

        self._tensors.append(output.register_hook(gradient))
