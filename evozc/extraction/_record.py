"""Recording the main pass: which nodes it runs, and what every group wants of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.functional import relu6

from evozc.errors import EvozcError
from evozc.extraction._axes import Axes
from evozc.extraction._group import Group, Node, Pass, Vertex
from evozc.extraction._state import check_memory
from evozc.extraction._trace import Mark, Trace
from evozc.extraction._uses import SOFTMAX, Use

#: Modules that run nothing themselves.
_CONTAINERS = (nn.Sequential, nn.Identity)


@dataclass(eq=False)
class _Frame:
    """A module that is running.

    Args:
        module: The module.
        shape: Of its input, if it has no parts and a single one: its outcome may then be one activation.
        waiting: The non-linear functions that ran in it, until it is known whether they are one.
    """

    module: nn.Module
    shape: torch.Size | None = None
    inputs: tuple = ()
    waiting: list[tuple[Node, torch.Tensor]] = field(default_factory=list)


class Recorder(Trace):
    """The main pass's nodes.

    A layer is a weight, measured at its first use; what counts is added up over all. Every use of a
    non-linear function is an activation; those in a module without parts and weights, which returns the
    shape that it is given, are one together: its outcome. Attention's outcome is what its probabilities
    have weighed.

    Args:
        run: Whose nodes are found.
        groups: What is called with each node's tensors; one that fails is left out from there on.

    Attributes:
        listening: Whether a backward pass is that of the loss.
    """

    def __init__(self, run: Pass, groups: Sequence[Group]) -> None:
        super().__init__(run.network, len(run.inputs))
        self.run = run
        self.groups = list(groups)
        self.listening = False
        self._listeners: dict[str, list[Group]] = {}
        self._paths = {module: _plain(name) for name, module in run.network.named_modules()}
        self._owners = {id(p): _plain(name) for name, p in run.network.named_parameters()}
        self._leaves = {module for module in self._paths if not any(True for _ in module.children())}
        self._blocks: dict[nn.Module, Node] = {}
        self._entered: set[nn.Module] = set()
        self._left_behind: set[nn.Module] = set()
        self._frames: list[_Frame] = []
        self._layers: dict[int, Node] = {}
        self._softmaxes: dict[Node, tuple[tuple, torch.Tensor]] = {}
        self._names: dict[str, int] = {}
        self._ran: set[int] = set()
        # A tensor's hook that knew the tensor's own graph would keep both in memory for ever.
        self._tensors: list[Any] = []

    @contextmanager
    def recording(self, blocks: Sequence[nn.Module]) -> Iterator[None]:
        """Entered, with hooks that are gone afterwards; blocks are nodes whether they are run or not."""
        self._blocks = {block: Node(self._paths[block], block) for block in blocks}
        self.run.nodes["block"] = list(self._blocks.values())
        handles = []
        try:
            for module in self._paths:
                if type(module) in _CONTAINERS and module not in self._blocks:
                    continue
                handles.append(module.register_forward_pre_hook(self._enter, with_kwargs=True))
                handles.append(module.register_forward_hook(self._leave))
            with self.watching():
                yield
        finally:
            for handle in handles:
                handle.remove()

    def forget(self) -> None:
        """Nothing is called any more."""
        for handle in self._tensors:
            handle.remove()
        self._tensors.clear()

    def finish(self) -> None:
        """The forward pass is over."""
        for node, (inputs, output) in self._softmaxes.items():
            self._measure("activation", node, inputs, output)
        self._softmaxes.clear()
        unseen = self._ran - {id(p) for node in self.run.nodes["layer"] for p in node.parameters}
        self.run.unseen = tuple(name for key, name in self._owners.items() if key in unseen)

    def listeners(self, moment: str) -> list[Group]:
        """The groups that do something at a moment."""
        if moment not in self._listeners:
            base = getattr(Group, moment)
            self._listeners[moment] = [g for g in self.groups if getattr(type(g), moment) is not base]
        return self._listeners[moment]

    def tell(self, moment: str, *arguments: Any) -> None:
        """Call the groups; the reason of one that fails is kept."""
        for group in self.listeners(moment):
            self.tell_one(group, moment, *arguments)

    def tell_one(self, group: Group, moment: str, *arguments: Any) -> None:
        """The same for one group.

        Raises:
            MemoryError: want of memory, which is no failure of the group.
        """
        try:
            getattr(group, moment)(self.run, *arguments)
        except EvozcError as error:
            self.fail(group, str(error))
        except Exception as error:  # noqa: BLE001 - whatever a group meets in a network, it is its own
            check_memory(error)
            self.fail(group, f"{type(error).__name__}: {str(error).strip() or 'no message'}")

    def fail(self, group: Group, reason: str) -> None:
        """A group cannot be taken."""
        self.run.failures[group.name] = reason
        if group in self.groups:
            self.groups.remove(group)
            self._listeners.clear()

    def begin(self, tensors: Sequence[torch.Tensor], main: torch.Tensor) -> None:
        """Mark the network's inputs; where the graph begins is the main one."""
        self.given(tensors)
        known = self.mark(main)
        if known is not None and main.is_floating_point():
            self._set(main, known._replace(source=0))

    # What the trace sees.

    def joined(self, sources: tuple[int, ...]) -> int:
        self.run.vertices.append(Vertex(sources))
        return len(self.run.vertices) - 1

    def weighted(self, source: int) -> int:
        return self.joined((max(source, 0),))

    def call(self, function: Callable[..., Any], name: str, args: tuple, kwargs: dict[str, Any]) -> Any:
        for value in (*args, *kwargs.values()) if kwargs else args:
            if id(value) in self._owners:
                self._ran.add(id(value))
            elif isinstance(value, tuple | list):
                self._ran.update(id(v) for v in value if id(v) in self._owners)
        if name == "hardsigmoid":
            return _hardsigmoid(*args, **kwargs)
        return function(*args, **kwargs)

    def layer(self, use: Use, output: torch.Tensor, mark: Mark, again: Callable[..., torch.Tensor]) -> None:
        made_of = self.made_of(use.weight)
        main = max(made_of, key=lambda p: p.numel())
        part = use.weight is main or use.weight._base is main or _same_memory(use.weight, main)
        # What a first state is multiplied by does not depend on the inputs, but is there for each.
        per_input = mark.data or (output.ndim > 1 and len(output) == self.count)
        use.axes = mark.axes._replace(count=self.count if per_input else 1).at(output.shape)
        node = self._layers.get(id(main))
        first = node is None
        if node is None:
            module = self._frames[-1].module if self._frames else None
            path = self._owners.get(id(main), "")
            node = Node(_layer_name(path), module, use.function, main if part else use.weight)
            node.home = path.rpartition(".")[0]
            self._layers[id(main)] = node
            self.run.nodes["layer"].append(node)
            node.axes = use.axes
        bias = None if use.bias is None else self.mark(use.bias)
        owned = made_of if bias is None else (*made_of, *bias.weights)
        node.parameters = tuple(dict.fromkeys((*node.parameters, *owned)))
        if not part and node.weight is not main and not any(use.weight is w for w in node.computed):
            node.computed.append(use.weight)
            if use.weight.shape != node.weight.shape:  # several parts, as rows of a table: it is the table
                node.weight = main
                node.computed.clear()
        if self._frames:
            self._flush(self._frames[-1])
            self._frames[-1].shape = None
        with torch.no_grad():
            self.tell("use", node, use, output)
        readers = self.listeners("use_gradient")
        if readers and output.requires_grad:

            def gradient(gradient: torch.Tensor) -> None:
                if self.listening:
                    for group in readers:
                        if group in self.groups:
                            self.tell_one(group, "use_gradient", node, use, gradient.detach())

            self._tensors.append(output.register_hook(gradient))
        self.run.vertices[mark.source].layer = node
        if first:
            self._measure("layer", node, (use.inputs,), output)

    def activation(self, name: str, inputs: tuple, output: torch.Tensor, mark: Mark) -> Mark:
        frame = self._frames[-1] if self._frames else None
        path = "" if frame is None else self._paths.get(frame.module, "")
        node = Node(path, None if frame is None else frame.module, name, axes=mark.axes.at(output.shape))
        args, named = inputs
        if name == "scaled_dot_product_attention":
            axes = mark.axes.with_channels(output.shape, -1)
            node.axes, node.function = axes.at(output.shape), "attention"
            self._add(node, path, name)
            if self.listeners("probabilities"):
                with torch.no_grad():
                    self.tell("probabilities", node, _weights_of_attention(*args, **named), -1)
            self._measure("activation", node, args[:1], output)
            return mark._replace(axes=axes)
        if name in SOFTMAX:
            axis = named.get("dim", args[1] if len(args) > 1 else None)
            axis = -1 if not isinstance(axis, int) else axis
            node.function = "softmax"
            self._add(node, path, name, whole=frame is not None and frame.module in self._leaves)
            with torch.no_grad():
                self.tell("probabilities", node, output.detach(), axis)
            self._softmaxes[node] = (args[:1], output)
            return mark._replace(probabilities=node)
        if frame is not None and frame.shape == output.shape:
            frame.waiting.append((node, output))
        else:
            self._add(node, path, name)
            self._measure("activation", node, args[:1], output)
        return mark

    def attended(self, softmax: Node, output: torch.Tensor, mark: Mark) -> None:
        if softmax in self._softmaxes and output.ndim > 2:
            inputs, _ = self._softmaxes.pop(softmax)
            softmax.function = "attention"
            softmax.axes = mark.axes.with_channels(output.shape, -1).at(output.shape)
            self._measure("activation", softmax, inputs, output)

    # What modules do.

    def _enter(self, module: nn.Module, args: tuple, named: dict[str, Any]) -> None:
        with torch._C.DisableTorchFunction():  # what a hook does is not the network's doing
            self._entering(module, args, named)

    def _leave(self, module: nn.Module, args: tuple, output: object) -> None:
        with torch._C.DisableTorchFunction():
            self._leaving(module, args, output)

    def _entering(self, module: nn.Module, args: tuple, named: dict[str, Any]) -> None:
        frame = _Frame(module)
        if module in self._leaves:
            given = [v for v in (*args, *named.values()) if isinstance(v, torch.Tensor)]
            if len(given) == 1:
                frame.shape, frame.inputs = given[0].shape, (given[0],)
        self._frames.append(frame)
        if module in self._blocks and module not in self._entered:
            self._entered.add(module)
            inputs = (*args, *(v for v in named.values() if isinstance(v, torch.Tensor)))
            if inputs and isinstance(inputs[0], torch.Tensor):
                known = self.mark(inputs[0])
                axes = Axes(self.count) if known is None else known.axes
                self._blocks[module].input_axes = axes.at(inputs[0].shape)
            self.tell("enter_block", self._blocks[module], inputs)

    def _leaving(self, module: nn.Module, args: tuple, output: object) -> None:
        while self._frames:
            frame = self._frames.pop()
            if frame.module is module:
                break
        else:
            return
        if frame.waiting:
            if isinstance(output, torch.Tensor) and output.shape == frame.shape:
                node = frame.waiting[0][0]
                known = self.mark(output)
                if known is not None:
                    node.axes = known.axes.at(output.shape)
                self._add(node, self._paths.get(module, ""), node.function, whole=True)
                self._measure("activation", node, frame.inputs, output)
            else:
                self._flush(frame)
        if module in self._blocks and module not in self._left_behind:
            self._left_behind.add(module)
            self._block(self._blocks[module], args, output)

    def _block(self, node: Node, args: tuple, output: object) -> None:
        while isinstance(output, tuple | list) and output:
            output = output[0]
        if isinstance(output, torch.Tensor):
            known = self.mark(output)
            node.axes = (Axes(self.count) if known is None else known.axes).at(output.shape)
            self._measure("block", node, args, output)

    def _flush(self, frame: _Frame) -> None:
        """The functions of a module that is no activation as a whole."""
        for node, output in frame.waiting:
            self._add(node, self._paths.get(frame.module, ""), node.function)
            self._measure("activation", node, frame.inputs, output)
        frame.waiting.clear()

    def _add(self, node: Node, path: str, function: str, whole: bool = False) -> None:
        name = path if whole else f"{path}.{function}".lstrip(".")
        times = self._names[name] = self._names.get(name, 0) + 1
        node.name = name if times == 1 else f"{name}#{times}"
        self.run.nodes["activation"].append(node)

    def _measure(self, node_set: str, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        if not (output.is_floating_point() and output.numel()):
            return
        with torch.no_grad():
            self.tell(node_set, node, inputs, output)
        seen = output.detach()
        readers = self.listeners(f"{node_set}_gradient")
        if not readers or not output.requires_grad:
            return

        def gradient(gradient: torch.Tensor) -> None:
            if self.listening:
                for group in readers:
                    if group in self.groups:
                        self.tell_one(group, f"{node_set}_gradient", node, seen, gradient.detach())

        self._tensors.append(output.register_hook(gradient))


def _plain(name: str) -> str:
    """A path without what torch's parametrizations put into it."""
    if "parametrizations." in name:
        before, _, rest = name.partition("parametrizations.")
        return before + rest.split(".")[0]
    return name


def _layer_name(path: str) -> str:
    """The path of a parameter, less ``weight``."""
    for ending in ("_orig", "_v"):  # as torch's older hooks for pruning and normalisation call it
        path = path.removesuffix(ending) if path.endswith("weight" + ending) else path
    return path.removesuffix("weight").rstrip("._") or path


def _same_memory(tensor: torch.Tensor, other: torch.Tensor) -> bool:
    return tensor.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def _hardsigmoid(input: torch.Tensor, inplace: bool = False) -> torch.Tensor:  # noqa: A002 - as torch
    """The same in functions that can be differentiated twice, which torch's own cannot."""
    output = relu6(input + 3) / 6
    return input.copy_(output) if inplace else output


def _weights_of_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> torch.Tensor:
    """The probabilities (..., queries, keys) that scaled dot-product attention weighs the values by."""
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], dim=-3)
    products = query @ key.transpose(-2, -1) * (1 / math.sqrt(query.shape[-1]) if scale is None else scale)
    if is_causal:
        future = torch.ones(products.shape[-2:], dtype=torch.bool, device=products.device).triu(1)
        products = products.masked_fill(future, -math.inf)
    if attn_mask is not None:
        masked = attn_mask.dtype == torch.bool
        products = products.masked_fill(~attn_mask, -math.inf) if masked else products + attn_mask
    return products.softmax(dim=-1)
