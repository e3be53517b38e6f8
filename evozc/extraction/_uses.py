"""Which of torch's functions use weights, which are non-linear, and what their arguments mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from evozc.extraction._axes import Axes

#: Non-linear functions by the names that torch gives them, without the underscore of those in place.
NONLINEAR = frozenset({
    "relu", "relu6", "elu", "selu", "celu", "leaky_relu", "prelu", "rrelu", "glu", "gelu", "silu", "mish",
    "hardswish", "hardtanh", "threshold", "tanh", "sigmoid", "special_expit", "hardsigmoid", "logsigmoid",
    "_threshold", "log_sigmoid", "hardshrink", "softshrink", "tanhshrink", "softsign", "softplus", "erf",
    "sin", "softmin", "softmax", "_softmax", "gumbel_softmax", "log_softmax", "_log_softmax",
    "scaled_dot_product_attention",
})
#: Clamping is one where its lower bound is 0.
CLAMPS = frozenset({"clamp", "clamp_min", "clip"})
#: So is the larger of two where the second one is 0.
MAXIMA = frozenset({"maximum", "max", "fmax"})
SOFTMAX = frozenset({"softmax", "_softmax"})
#: Products in which softmax's probabilities weigh what attention reads.
PRODUCTS = frozenset({"matmul", "bmm", "einsum"})


@dataclass(eq=False)
class Use:
    """One call of a function with a weight.

    Args:
        function: Its name.
        weight: As it is used: a parameter, part of one, or computed from some.
        inputs: What the weight is applied to.
        bias: Added to the result, if any.
        channels_in: Input channels or features; words of an embedding.
        kernel: Kernel positions; 1 for a matrix or an embedding.
        channel_axis: The dimension of the output that holds the channels; None where the output has none.
        multiplies: From the output, how many multiply-accumulates it took; None if it only looks up.
        axes: Where the samples and channels of the output are.
    """

    function: str
    weight: torch.Tensor
    inputs: torch.Tensor
    bias: torch.Tensor | None
    channels_in: int
    kernel: int
    channel_axis: int | None
    multiplies: Callable[[torch.Tensor], float] | None
    axes: Axes = Axes(1)


def nonlinear(name: str, args: tuple, kwargs: Mapping[str, Any]) -> str | None:
    """The name of the non-linear function that is called, if it is one."""
    name = name.rstrip("_")
    if name in NONLINEAR:
        return name
    if name in CLAMPS:
        low = kwargs.get("min", args[1] if len(args) > 1 else None)
        return "clamp" if isinstance(low, int | float) and low == 0 else None
    if name in MAXIMA and len(args) == 2 and isinstance(args[1], torch.Tensor):
        return None if args[1].any() else "maximum"
    return None


def use_of(name: str, args: tuple, kwargs: dict[str, Any], is_weight: Callable[[Any], bool]) -> Use | None:
    """How a function uses a weight, if it does."""
    binder = _BINDERS.get(name)
    if binder is None:
        return None
    try:
        return binder(name, is_weight, *args, **kwargs)
    except (TypeError, ValueError, IndexError):  # another signature than those that are known
        return None


def _convolution(
    name, is_weight, input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1
) -> Use | None:
    if not is_weight(weight):
        return None
    spatial = weight.ndim - 2
    return Use(
        name, weight, input, bias, weight.shape[1] * groups, math.prod(weight.shape[2:]), -1 - spatial,
        lambda output: weight.numel() * output.numel() / weight.shape[0],
    )


def _transposed(
    name, is_weight, input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
) -> Use | None:
    if not is_weight(weight):
        return None
    spatial = weight.ndim - 2
    return Use(
        name, weight, input, bias, weight.shape[0], math.prod(weight.shape[2:]), -1 - spatial,
        lambda _: weight.numel() * input.numel() / weight.shape[0],
    )


def _general_convolution(
    name, is_weight, input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, *rest
) -> Use | None:
    known = _transposed if transposed else _convolution
    return known(name, is_weight, input, weight, bias, groups=groups)


def _deformable(name, is_weight, input, weight, offset, mask=None, bias=None, *rest, **named) -> Use | None:
    groups = input.shape[1] // weight.shape[1]
    return _convolution("deform_conv2d", is_weight, input, weight, bias, groups=groups)


def _linear(name, is_weight, input, weight, bias=None) -> Use | None:
    if not is_weight(weight):
        return None
    return Use(
        name, weight, input, bias, weight.shape[-1], 1, -1, lambda output: output.numel() * weight.shape[-1]
    )


def _bilinear(name, is_weight, input1, input2, weight, bias=None) -> Use | None:
    if not is_weight(weight):
        return None
    inner = weight.shape[1] * weight.shape[2]
    return Use(name, weight, input1, bias, inner, 1, -1, lambda output: output.numel() * inner)


def _embedding(name, is_weight, first, second, *rest, **named) -> Use | None:
    weight, indices = (first, second) if first.is_floating_point() else (second, first)
    if not is_weight(weight) or weight.ndim != 2:
        return None
    return Use(name, weight, indices, None, weight.shape[0], 1, -1, None)


def _lookup(name, is_weight, weight, index, *rest) -> Use | None:
    """Rows of a parameter that are chosen by whole numbers."""
    if name != "__getitem__":
        if index != 0 or not rest:
            return None
        index = rest[0]
    if not (is_weight(weight) and weight.ndim == 2 and isinstance(index, torch.Tensor)):
        return None
    if index.is_floating_point() or index.dtype == torch.bool:
        return None
    return Use(name, weight, index, None, weight.shape[0], 1, -1, None)


def _product(name, is_weight, first, second, bias=None, *rest, **named) -> Use | None:
    if is_weight(second):
        inner = second.shape[-2] if second.ndim > 1 else second.shape[0]
        axis = -1 if second.ndim > 1 else None
        return Use(name, second, first, bias, inner, 1, axis, lambda output: output.numel() * inner)
    if is_weight(first):
        inner = first.shape[-1]
        axis = -1 if second.ndim == 1 else -2
        return Use(
            name, first, second, bias, inner, 1, axis if first.ndim > 1 else None,
            lambda output: output.numel() * inner,
        )
    return None


def _turned_product(name, is_weight, second, first) -> Use | None:
    return _product(name, is_weight, first, second)


def _added_product(name, is_weight, input, first, second, *rest, **named) -> Use | None:
    return _product(name, is_weight, first, second, input if is_weight(input) else None)


def _einsum(name, is_weight, equation, *operands) -> Use | None:
    if len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if len(operands) != 2 or not isinstance(equation, str) or "..." in equation:
        return _einsum_with_dots(name, is_weight, equation, operands)
    inputs, _, output = equation.replace(" ", "").partition("->")
    letters = inputs.split(",")
    if not output or not any(map(is_weight, operands)):
        return None
    place = 1 if is_weight(operands[1]) else 0
    weight, other = operands[place], operands[1 - place]
    sizes = dict(zip("".join(letters), [*operands[0].shape, *operands[1].shape], strict=True))
    inner = math.prod(sizes[a] for a in dict.fromkeys(letters[place]) if a not in output)
    free = [a for a in letters[place] if a in output and a not in letters[1 - place]]
    axis = output.index(free[0]) - len(output) if free else None
    return Use(name, weight, other, None, inner, 1, axis, lambda result: result.numel() * inner)


def _einsum_with_dots(name, is_weight, equation, operands) -> Use | None:
    """``...`` stands for the same dimensions in the input and the output."""
    if len(operands) != 2 or not isinstance(equation, str) or "->" not in equation:
        return None
    left, _ = equation.replace(" ", "").split("->")
    letters = left.split(",")
    place = 1 if is_weight(operands[1]) else 0
    if "..." in letters[place]:
        return None
    room = operands[1 - place].ndim - len(letters[1 - place].replace("...", ""))
    unused = [a for a in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if a not in equation][:room]
    plain = equation.replace("...", "".join(unused))
    return _einsum(name, is_weight, plain, *operands)


def _tensordot(name, is_weight, first, second, *rest, **named) -> Use | None:
    place = is_weight(second)
    if not (place or is_weight(first)):
        return None
    weight, other = (second, first) if place else (first, second)

    def inner(output: torch.Tensor) -> int:
        return round(math.sqrt(weight.numel() * other.numel() / output.numel()))

    return Use(name, weight, other, None, 1, 1, -1, lambda output: output.numel() * inner(output))


_BINDERS: Mapping[str, Callable[..., Use | None]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"), _transposed),
    "convolution": _general_convolution,
    "deform_conv2d": _deformable,
    "linear": _linear,
    "bilinear": _bilinear,
    **dict.fromkeys(("embedding", "embedding_bag"), _embedding),
    **dict.fromkeys(("__getitem__", "index_select"), _lookup),
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "__matmul__", "_grouped_mm", "grouped_mm"), _product),
    "__rmatmul__": _turned_product,
    **dict.fromkeys(("addmm", "addmv", "baddbmm"), _added_product),
    "einsum": _einsum,
    "tensordot": _tensordot,
}
#: Names under which a use of weights may come.
USES = frozenset(_BINDERS)
