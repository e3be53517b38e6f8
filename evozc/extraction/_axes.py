"""Where a tensor's samples and channels lie, from the functions that made it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import torch

#: Functions that only turn dimensions.
TURNS = frozenset({
    "transpose", "swapaxes", "swapdims", "permute", "movedim", "moveaxis", "t", "T", "mT", "H", "mH",
    "adjoint",
})
#: Functions that keep all numbers in their order.
RESHAPES = frozenset({
    "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "reshape_as", "ravel",
    "contiguous", "_unsafe_view", "_reshape_alias",
})
#: Functions that take dimensions away, by their arguments.
REDUCTIONS = frozenset({
    "mean", "sum", "amax", "amin", "std", "var", "logsumexp", "norm", "select", "prod", "median", "max",
    "min", "any", "all", "count_nonzero", "__getitem__", "argmax", "argmin",
})
_STEP = 401


class Axes(NamedTuple):
    """Where the samples and channels of a tensor are, counted in its row-major order.

    Args:
        count: Samples of the mini-batch.
        samples: How many numbers lie between one sample's and the next one's; None if unknown.
        channels: Number of channels, and how many numbers lie between one and the next.
    """

    count: int  # type: ignore[assignment] # hides tuple.count, which nobody calls
    samples: int | None = None
    channels: tuple[int, int] | None = None

    def at(self, shape: Sequence[int]) -> Self:
        """The same, with what is unknown taken from the shape (n, ...) as it usually is.

        Channels are then dimension 1 of (n, C, H, W) and the last one of all others.
        """
        samples, channels = self.samples, self.channels
        if channels is None and len(shape):
            axis = 1 if len(shape) > 3 else len(shape) - 1
            if len(shape) > 1 or shape[0] != self.count:
                channels = (shape[axis], math.prod(shape[axis + 1 :]))
        if samples is None:
            samples = _guessed(self.count, shape, channels)
        return self._replace(samples=samples, channels=channels)

    def with_channels(self, shape: Sequence[int], axis: int) -> Self:
        """The same samples; the channels are one dimension."""
        axis %= len(shape)
        return self._replace(channels=(shape[axis], math.prod(shape[axis + 1 :])))


def _guessed(count: int, shape: Sequence[int], channels: tuple[int, int] | None) -> int | None:
    rests = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    places = zip(shape, rests, strict=True)
    free = [rest for size, rest in places if size == count and (size, rest) != channels]
    if len(free) == 1 or (free and shape[0] == count):
        return free[0]
    if len(shape) > 1 and shape[0] % count == 0:
        return shape[0] // count * rests[0]
    return None


def _place(shape: Sequence[int], size: int, behind: int) -> tuple[int, int] | None:
    """The dimension that holds a factor of the row-major order, and the numbers in it behind that factor."""
    rest = 1
    for axis in range(len(shape) - 1, -1, -1):
        whole = rest * shape[axis]
        if behind < whole and size > 1:
            inner = behind // rest
            return (axis, inner) if behind % rest == 0 and shape[axis] % (inner * size) == 0 else None
        if size == 1 and shape[axis] == 1 and behind == rest:
            return axis, 1
        rest = whole
    return None


def moved(axes: Axes, source: Sequence[int], shape: Sequence[int], origins: Sequence[int | None]) -> Axes:
    """The axes of a tensor whose dimensions come from those of another.

    Args:
        axes: Of the other.
        source: Its shape.
        shape: That of the tensor.
        origins: For each dimension, the one that it comes from.
    """
    samples = channels = None
    if axes.samples is not None:
        place = _place(source, axes.count, axes.samples)
        if place and place[0] in origins:
            axis = origins.index(place[0])
            if shape[axis] == source[place[0]]:
                samples = math.prod(shape[axis + 1 :]) * place[1]
    if axes.channels is not None:
        place = _place(source, *axes.channels)
        if place and place[0] in origins:
            axis, size = origins.index(place[0]), axes.channels[0]
            rest = math.prod(shape[axis + 1 :])
            if source[place[0]] == size:  # the whole dimension, which may have been cut or joined
                channels = (shape[axis], rest)
            elif shape[axis] == source[place[0]]:
                channels = (size, rest * place[1])
    return Axes(axes.count, samples, channels)


def followed(
    function: Callable[..., Any], name: str, args: tuple, kwargs: dict[str, Any],
    source: torch.Tensor, axes: Axes, shape: torch.Size,
) -> Axes:
    """The axes of a function's output, from those of the input that it most resembles."""
    before = source.shape
    if name in TURNS or (name in REDUCTIONS and len(shape) != len(before)):
        origins = _tried(function, args, kwargs, source, len(shape))
        return Axes(axes.count) if origins is None else moved(axes, before, shape, origins)
    if shape == before:
        return axes
    if name in RESHAPES and math.prod(shape) == math.prod(before):
        split = axes.channels is not None and _place(shape, *axes.channels) is None
        return axes._replace(channels=None) if split else axes
    if name == "unbind":
        axis = _argument(args, kwargs, 1, "dim", 0) % len(before)
        return moved(axes, before, shape, [a for a in range(len(before)) if a != axis])
    if name == "stack":
        axis = _argument(args, kwargs, 1, "dim", 0) % len(shape)
        origins = list(range(len(before)))
        return moved(axes, before, shape, [*origins[:axis], None, *origins[axis:]])
    if len(shape) == len(before):
        return moved(axes, before, shape, list(range(len(shape))))
    if name in ("expand", "repeat", "expand_as", "tile", "broadcast_to", "matmul", "add", "mul"):
        extra = len(shape) - len(before)
        return moved(axes, before, shape, [a - extra if a >= extra else None for a in range(len(shape))])
    if len(shape) and shape[:1] == before[:1]:  # what became of the others is not known
        kept = moved(axes, before, shape, [0, *[None] * (len(shape) - 1)])
        return kept._replace(channels=None)
    return Axes(axes.count)


def _argument(args: tuple, kwargs: dict[str, Any], position: int, name: str, default: int) -> int:
    return args[position] if len(args) > position else kwargs.get(name, default)


def _tried(
    function: Callable[..., Any], args: tuple, kwargs: dict[str, Any], source: torch.Tensor, ndim: int
) -> list[int | None] | None:
    """Where each dimension of the output comes from, by the same call on one whose sizes tell them apart."""
    sizes = [_STEP * (axis + 1) for axis in range(source.ndim)]
    if any(isinstance(a, torch.Tensor) and a is not source for a in [*_flat(args), *_flat(kwargs.values())]):
        return None  # as indices, whose effect is not on whole dimensions
    try:
        stand_in = torch.empty(sizes, device="meta", dtype=source.dtype)
        arguments = tuple(stand_in if a is source else a for a in args)
        output = function(*arguments, **{key: stand_in if a is source else a for key, a in kwargs.items()})
    except Exception:  # noqa: BLE001 - whatever it is, nothing is known then
        return None
    output = output[0] if isinstance(output, tuple) else output
    if not isinstance(output, torch.Tensor) or output.ndim != ndim:
        return None
    nearest = [round(size / _STEP) - 1 for size in output.shape]
    return [
        axis if axis >= 0 and abs(size - sizes[axis]) < _STEP // 2 else None
        for axis, size in zip(nearest, output.shape, strict=True)
    ]


def _flat(values: Any) -> list[Any]:
    return [part for value in values for part in (value if isinstance(value, tuple | list) else (value,))]
