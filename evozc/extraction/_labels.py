"""The labels that belong to what networks of a space return."""

from __future__ import annotations

import numpy as np
import torch

from evozc._npz import Archive, Declared
from evozc.errors import DataError
from evozc.spaces import Outputs, SearchSpace


def label_shape(outputs: Outputs, inputs: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the labels of inputs, as :class:`~evozc.spaces.Outputs` lists them; classes are numbers.

    Args:
        outputs: What networks return.
        inputs: The shape of what they are fed.
    """
    match outputs.kind:
        case "values":
            return (inputs[0], outputs.size)
        case "class map":
            return (inputs[0], *inputs[-2:])
        case "image":
            return (inputs[0], outputs.size, *inputs[-2:])
        case "tokens":
            return inputs
        case _:
            return inputs[:1]


def random_labels(outputs: Outputs, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Labels of inputs ``x``: classes drawn alike, values standard normal, images uniform from -1 to 1.

    The label of a token is the next, which the loss knows: so they are ``x``.
    """
    shape = label_shape(outputs, tuple(x.shape))
    match outputs.kind:
        case "tokens":
            return x
        case "values":
            return torch.randn(shape, generator=generator)
        case "image":
            return torch.rand(shape, generator=generator) * 2 - 1
        case _:
            return torch.randint(outputs.size, shape, generator=generator)


def read_labels(archive: Archive, space: SearchSpace, inputs: tuple[int, ...]) -> torch.Tensor:
    """The labels ``y`` of an archive.

    Whole numbers are classes, float shares of classes (n, classes) and values are taken as they are, images
    (n, height, width, channels) of uint8 become -1 to 1. Without ``y``, an image's label is ``x`` itself.

    Args:
        archive: Holds them.
        space: Whose networks are to learn them.
        inputs: The shape of what they are fed.

    Raises:
        DataError: they do not fit.
    """
    outputs, n = space.outputs, inputs[0]
    y = archive.declared("y" if "y" in archive.names else "x")
    shape = label_shape(outputs, inputs)
    match outputs.kind:
        case "image":
            shape = (n, *shape[2:], outputs.size)
            _require(y, "uf", shape, "numbers (n, height, width, channels)")
            if y.dtype.kind == "u" and y.dtype != np.uint8:
                raise DataError(f"y is {y}; images are uint8, or real numbers from -1 to 1")
        case "values":
            _require(y, "iuf", shape, "numbers (n, values)")
        case "classes" if y.dtype.kind == "f":
            _require(y, "f", (n, outputs.size), "a share for each class")
        case "classes":
            _require(y, "iu", shape, f"{n} whole numbers")
        case _:
            _require(y, "iu", shape, "whole numbers (n, height, width)")
    return torch.from_numpy(_as_labels(archive.read("y" if "y" in archive.names else "x"), space))


def _as_labels(given: np.ndarray, space: SearchSpace) -> np.ndarray:
    outputs = space.outputs
    if outputs.kind == "image" and given.dtype == np.uint8:
        return np.ascontiguousarray(given.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(127.5) - 1
    if given.dtype.kind == "f" or outputs.kind == "values":
        with np.errstate(over="ignore"):
            made = given.astype(np.float32)
        if not np.isfinite(made).all():
            raise DataError("y holds numbers that are not finite, or too large for float32")
        return np.ascontiguousarray(made.transpose(0, 3, 1, 2)) if outputs.kind == "image" else made
    labels = given.astype(np.int64)
    last = outputs.size - 1
    if labels.min() < 0 or labels.max() > last:
        raise DataError(
            f"y reaches from {labels.min()} to {labels.max()}; {space.name} is set to {last + 1} "
            f"classes, 0 to {last}"
        )
    return labels


def _require(y: Declared, kinds: str, shape: tuple[int, ...], what: str) -> None:
    if y.dtype.kind not in kinds or y.shape != shape:
        size = f" {shape}" if len(shape) > 1 else ""
        raise DataError(f"y is {y}; expected {what}{size}")
