"""The losses of networks, by what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch.nn.functional import cross_entropy, l1_loss, mse_loss

from evozc.errors import DataError

#: From outputs and labels to the mean loss.
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def class_loss(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of scores (n, classes) and int64 labels (n,), or float32 shares (n, classes).

    Raises:
        DataError: a label without a score.
    """
    if labels.is_floating_point():
        _same_shape("labels", scores, labels)
    else:
        _check_labels(scores.shape[1], labels, (len(scores),))
    return cross_entropy(scores, labels)


def map_loss(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of outputs (n, classes, height, width) and int64 labels (n, height, width).

    Raises:
        DataError: labels of another shape, or a label without a score.
    """
    _check_labels(outputs.shape[1], labels, (len(outputs), *outputs.shape[2:]))
    return cross_entropy(outputs, labels)


def image_loss(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference.

    Raises:
        DataError: labels of another shape.
    """
    _same_shape("labels", outputs, labels)
    return l1_loss(outputs, labels)


def value_loss(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean squared difference.

    Raises:
        DataError: labels of another shape.
    """
    _same_shape("labels", outputs, labels)
    return mse_loss(outputs, labels)


def token_loss(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy of the scores (n, length, words) at each place and the next of tokens (n, length).

    Raises:
        DataError: labels of another shape, or a token without a score.
    """
    _check_labels(outputs.shape[-1], labels, tuple(outputs.shape[:-1]))
    return cross_entropy(outputs[:, :-1].flatten(0, 1), labels[:, 1:].flatten())


#: By the kind of outputs, as search spaces declare them.
LOSSES: Mapping[str, Loss] = MappingProxyType({
    "classes": class_loss, "class map": map_loss, "image": image_loss, "values": value_loss,
    "tokens": token_loss,
})


def _check_labels(classes: int, labels: torch.Tensor, shape: tuple[int, ...]) -> None:
    if labels.dtype != torch.int64 or labels.shape != shape:
        raise DataError(
            f"labels must be int64 {shape}, one for each input, not {labels.dtype} {tuple(labels.shape)}"
        )
    counted = labels[labels != -100]  # what torch's cross-entropy leaves out
    if len(counted) and not 0 <= int(counted.min()) <= int(counted.max()) < classes:
        raise DataError(
            f"labels from {int(labels.min())} to {int(labels.max())} do not fit the network's "
            f"{classes} outputs"
        )


def _same_shape(what: str, outputs: torch.Tensor, labels: torch.Tensor) -> None:
    if outputs.shape != labels.shape:
        raise DataError(
            f"{what} must have the shape of the outputs, {tuple(outputs.shape)}, not {tuple(labels.shape)}"
        )
