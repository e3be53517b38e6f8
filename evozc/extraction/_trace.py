"""What a network really runs: every function of torch, whoever calls it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from types import FunctionType
from typing import Any, NamedTuple, Self

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from evozc.extraction._axes import RESHAPES, Axes, followed
from evozc.extraction._recurrent import STEPS, run_cell, run_layers
from evozc.extraction._uses import PRODUCTS, USES, Use, nonlinear, use_of

_UNKNOWN = (None, None)
#: Functions that are layers even of what does not depend on the inputs, as of positions.
_OF_LAYERS = ("linear", "conv", "embedding")
_CELLS = frozenset(f"{name}_cell" for name in STEPS)
_RECURRENT = frozenset(STEPS)


class Mark(NamedTuple):
    """What is known of a tensor.

    Args:
        data: Whether it depends on the network's inputs.
        weights: If not, the parameters from which alone it was computed.
        axes: Where its samples and channels are; of data.
        probabilities: The softmax whose probabilities it holds, perhaps dropped out.
        source: The number of the vertex of the network's graph that it comes from; -1 if from none.
    """

    data: bool
    weights: tuple[nn.Parameter, ...] = ()
    axes: Axes = Axes(1)
    probabilities: Any = None
    source: int = -1

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Itself: who copies a tensor wants no second network."""
        return self


CONSTANT = Mark(False)


class Trace(TorchFunctionMode):
    """Sees every function of torch that runs while it is entered; subclasses say what for.

    Tensors are marked with where they come from, so that a use of a weight is known as one whether
    the weight is a parameter, part of one, or computed from some, as by weight normalisation, and so
    that samples and channels are found wherever they have been moved to. Attention and recurrent
    kernels are taken apart into single functions.

    Args:
        network: Whose parameters are weights.
        count: Samples of the mini-batch.
    """

    def __init__(self, network: nn.Module, count: int) -> None:
        super().__init__()
        self.count = count
        # Kept, for a tensor that a forward pass replaces must not leave its id to another.
        self._constants: list[torch.Tensor] = []
        parameters: list[nn.Parameter] = []
        for module in network.modules():
            self._constants += [a for a in vars(module).values() if isinstance(a, torch.Tensor)]
            self._constants += [b for b in module._buffers.values() if b is not None]
            parameters += [p for p in module._parameters.values() if p is not None]
        self._known: dict[int, Mark] = {id(c): CONSTANT for c in self._constants}
        self._known |= {id(p): Mark(False, (p,)) for p in parameters}
        self._left: list[torch.Tensor] = []
        self._quiet = 0

    def instead(self, use: Use) -> torch.Tensor | None:
        """The weight to use in place of the network's own."""
        return None

    def layer(self, use: Use, output: torch.Tensor, mark: Mark, again: Callable[..., torch.Tensor]) -> None:
        """A weight was used; ``again(weight, bias)`` computes the same with others."""

    def activation(self, name: str, inputs: tuple, output: torch.Tensor, mark: Mark) -> Mark:
        """A non-linear function has run; the mark of its output."""
        return mark

    def attended(self, softmax: Any, output: torch.Tensor, mark: Mark) -> None:
        """Attention has read by a softmax's probabilities."""

    def joined(self, sources: tuple[int, ...]) -> int:
        """A function takes what comes from several vertices; the vertex of its output."""
        return sources[0]

    def weighted(self, source: int) -> int:
        """A weight is used on what comes from a vertex; the vertex of the output."""
        return source

    def function(self, name: str, args: tuple, kwargs: dict[str, Any], output: Any) -> None:
        """Any function on data has run."""

    def call(self, function: Callable[..., Any], name: str, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Run a function."""
        return function(*args, **kwargs)

    def given(self, tensors: Sequence[torch.Tensor]) -> None:
        """Mark the network's inputs; those of n entries hold a sample in each."""
        for tensor in tensors:
            whole = tensor.ndim > 0 and len(tensor) == self.count
            axes = Axes(self.count, math.prod(tensor.shape[1:]) if whole else None)
            self._set(tensor, Mark(True, axes=axes))

    def mark(self, tensor: torch.Tensor) -> Mark | None:
        """What is known of a tensor, None if nothing."""
        found = self._known.get(id(tensor))
        if found is None:
            owner, found = getattr(tensor, "_place_by_measuring", _UNKNOWN)
            return found if owner == id(self) else None
        return found

    def made_of(self, weight: torch.Tensor) -> tuple[nn.Parameter, ...]:
        """The parameters that a weight is, or was computed from."""
        known = self.mark(weight)
        return () if known is None else known.weights

    def is_weight(self, tensor: Any) -> bool:
        """Whether it is a parameter, or computed from parameters alone."""
        mark = self.mark(tensor) if isinstance(tensor, torch.Tensor) else None
        return mark is not None and bool(mark.weights)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Entered; no tensor that was there before is marked afterwards."""
        try:
            with self:
                yield
        finally:
            for tensor in self._left:
                tensor.__dict__.pop("_place_by_measuring", None)
            self._left.clear()

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: tuple = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs) if kwargs else {}
        name = _name(function)
        if name == "requires_grad" and args[1:] == (True,) and args[0].grad_fn is not None:
            return None  # asked of an input that is computed here, it has a gradient anyway
        if name == "multi_head_attention_forward" and isinstance(function, FunctionType):
            with self:
                return _opened(function)(*args, **named)
        if name in _RECURRENT and not named:
            return self._recurrent(name, args)
        if name in _CELLS and not named:
            return self._cell(name, args)
        use = None
        if name in USES:
            use = use_of(name, args, named, self.is_weight)
            if use is not None:
                own = self.instead(use)
                if own is not None:
                    args, named = _with(args, named, {id(use.weight): own})
        output = self.call(function, name, args, named)
        if isinstance(output, torch.Tensor):
            self._after(function, name, args, named, output, use)
        elif isinstance(output, tuple | list):
            self._follow_all(function, name, args, named, output)
        elif name == "__setitem__":
            self._after(function, name, args, named, args[0], None)
        return output

    def _follow_all(
        self, function: Callable[..., Any], name: str, args: tuple, named: dict[str, Any],
        outputs: Sequence[Any],
    ) -> None:
        for output in outputs:
            if isinstance(output, torch.Tensor):
                self._set(output, self._followed(function, name, args, named, output))

    def _after(
        self, function: Callable[..., Any], name: str, args: tuple, named: dict[str, Any],
        output: torch.Tensor, use: Use | None,
    ) -> None:
        mark = self._followed(function, name, args, named, output)
        if mark is None:
            return
        if use is not None and output.is_floating_point():
            if self.mark(use.inputs) is None and self._is_data(use.inputs):
                mark = Mark(True, axes=Axes(self.count))
            if use.channel_axis is not None and output.ndim:
                mark = mark._replace(axes=mark.axes.with_channels(output.shape, use.channel_axis))
            # Of two factors that are both made of parameters comes a weight, and that is no layer.
            if mark.data or name.startswith(_OF_LAYERS):
                mark = mark._replace(source=self.weighted(mark.source))
                self._set(output, mark)

                def again(weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
                    others = {id(use.weight): weight, id(use.bias): bias}
                    new_args, new_named = _with(args, named, others)
                    return function(*new_args, **new_named)

                self.layer(use, output, mark, again)
                return
        called = nonlinear(name, args, named) if mark.data and not self._quiet else None
        if called is not None and output.is_floating_point():
            mark = self.activation(called, (args, named), output, mark)
        elif name in PRODUCTS and mark.data and not self._quiet:
            softmax = self._weighing(args)
            if softmax is not None:
                self.attended(softmax, output, mark)
        if any(output is argument for argument in args) and self.mark(output) is None:
            self._left.append(output)
        self._set(output, mark)
        if mark.data:
            self.function(name, args, named, output)

    def _weighing(self, args: tuple) -> Any:
        """The softmax whose probabilities are the first factor of a product with other data."""
        first = next(iter(_tensors(args)), None)
        known = None if first is None else self.mark(first)
        return None if known is None else known.probabilities

    def _followed(
        self, function: Callable[..., Any], name: str, args: tuple, named: dict[str, Any],
        output: torch.Tensor,
    ) -> Mark | None:
        """The mark of an output, None if it is a parameter itself."""
        if id(output) in self._known:
            return None
        shape = output.shape
        source: Mark | None = None
        best = torch.empty(0)
        weights: tuple[nn.Parameter, ...] = ()
        strange = False
        sources: dict[int, None] = {}
        for tensor in _tensors((*args, *named.values()) if named else args):
            known = self.mark(tensor)
            if known is None:
                strange = strange or self._is_data(tensor)
                continue
            if known.source >= 0:
                sources[known.source] = None
            if known.data:
                if source is None or (best.shape != shape and tensor.shape == shape):
                    source, best = known, tensor
            elif known.weights:
                weights += known.weights
        place = self.joined(tuple(sources)) if len(sources) > 1 else next(iter(sources), -1)
        if source is None:
            if strange:
                return Mark(True, axes=Axes(self.count), source=place)
            return Mark(False, tuple(dict.fromkeys(weights)), source=place) if weights else CONSTANT
        axes = followed(function, name, args, named, best, source.axes, shape)
        same = best.shape == shape or name in RESHAPES
        return Mark(True, (), axes, source.probabilities if same else None, place)

    def _is_data(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor that comes from a kernel which could not be watched seems to hold samples."""
        return tensor.ndim > 1 and len(tensor) > 0 and len(tensor) % self.count == 0

    def _set(self, tensor: torch.Tensor, mark: Mark | None) -> None:
        if mark is not None:
            setattr(tensor, "_place_by_measuring", (id(self), mark))  # noqa: B010 - which torch does not declare

    def _recurrent(self, name: str, args: tuple) -> tuple:
        def each(data: torch.Tensor, states: torch.Tensor) -> None:
            known = self.mark(states)
            self._quiet -= 1
            assert known is not None  # states of a layer follow from its data
            mark = known._replace(axes=known.axes.with_channels(states.shape, -1))
            self._set(states, self.activation(name, ((data,), {}), states, mark))
            self._quiet += 1

        self._quiet += 1
        try:
            with self:
                return run_layers(name, args, each)
        finally:
            self._quiet -= 1

    def _cell(self, name: str, args: tuple) -> Any:
        self._quiet += 1
        try:
            with self:
                state = run_cell(name, *args)
        finally:
            self._quiet -= 1
        known = self.mark(state[0])
        if known is not None and known.data:
            mark = known._replace(axes=known.axes.with_channels(state[0].shape, -1))
            self._set(state[0], self.activation(name, ((args[0],), {}), state[0], mark))
        return state if name == "lstm_cell" else state[0]


def _name(function: Callable[..., Any]) -> str:
    """What torch calls a function, whether it is a method, an operator or a property."""
    name = getattr(function, "__name__", "")
    if name in ("__get__", "__set__"):
        return getattr(getattr(function, "__self__", None), "__name__", "")
    return name.split(".")[0]


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    """The tensors among arguments, and in lists of them."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from _tensors(value)


def _with(args: tuple, named: dict[str, Any], others: Mapping[int, Any]) -> tuple[tuple, dict[str, Any]]:
    """Arguments in which some tensors, by their id, are others."""

    def swap(value: Any) -> Any:
        if isinstance(value, tuple | list):
            return type(value)(map(swap, value))
        return others.get(id(value), value)

    return tuple(map(swap, args)), {key: swap(value) for key, value in named.items()}


@cache
def _opened(function: FunctionType) -> FunctionType:
    """A function of torch that does not hand itself over as one, so that those inside it are seen."""
    names = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
    inside = {**function.__globals__, **dict.fromkeys(names, _never)}
    made = FunctionType(
        function.__code__, inside, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _never(*_: Any) -> bool:
    return False
