"""All statistics of one network on one mini-batch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from evozc.errors import DataError
from evozc.extraction import _numbers as numbers
from evozc.extraction._modules import find_blocks
from evozc.extraction._numbers import NAN
from evozc.extraction._recorder import Recorder
from evozc.extraction._settings import GROUPS, ordered_groups
from evozc.extraction._state import device_of, explained, preserved
from evozc.extraction._synflow import synflow
from primitives import NETWORK, STATISTICS

#: The groups that hold a gradient of the loss over the whole mini-batch.
_BACKWARD = {"gradients", "outputs", "blocks"}

Gradients = Mapping[torch.Tensor, torch.Tensor | None]


def measure(
    network: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    blocks: Sequence[nn.Module] | None = None,
    groups: Sequence[str] = GROUPS,
) -> dict[str, np.ndarray | float]:
    """Measure the statistics of the catalogue at every node of an untrained network.

    Layers and activations are those that the forward pass runs, in its order, each module
    once. The network runs in training mode. Afterwards its weights, buffers, modes, hooks
    and ``.grad`` and the random states are, bit by bit, what they were, also after an error.

    Args:
        network: From images to scores (n, classes).
        images: float32 (n, channels, height, width).
        labels: int64 (n,), each the index of a class.
        blocks: The modules that form the node set ``block``, in forward order; None takes
            the children of the longest ModuleList or Sequential. One that is not run is a
            node without values.
        groups: Parts of the catalogue; fewer are faster.

    Returns:
        By key, in the order of the catalogue: float64 (nodes,), or a float for a network's
        scalar. NaN is a missing value: the gradient of a frozen weight or of one that the
        loss does not reach, whatever is not finite, and a count of nothing.

    Raises:
        ConfigError: an unknown group.
        DataError: images, labels or blocks that do not fit, or a network that cannot be run.
    """
    groups = ordered_groups(groups)
    _check(images, labels, groups)
    blocks = find_blocks(network, blocks)
    device = device_of(network)
    images, labels = images.detach().to(device), labels.to(device)
    with preserved(network):
        network.train()
        recorder = Recorder(groups, len(labels))
        with recorder.watching(network, blocks):
            loss = _loss(network, images, labels, bool(_BACKWARD.intersection(groups)))
        gradients = _gradients(network, loss)
        layers = recorder.nodes["layer"]
        for layer, values in layers.items():
            values.update(_weights(layer, gradients.get(layer.weight), groups))
        if "shapes" in groups:
            for position, values in enumerate(layers.values(), 1):
                values["depth"] = position / len(layers)
        if "subbatches" in groups:
            for values, ratio in zip(layers.values(), _ratios(network, layers, images, labels), strict=True):
                values["grad_ratio"] = ratio
        if "synflow" in groups:
            flows = synflow(network, layers, images.shape[1:], device)
            for values, flow in zip(layers.values(), flows, strict=True):
                values["synflow"] = flow
    nodes = {**recorder.nodes, "block": {b: recorder.nodes["block"].get(b, {}) for b in blocks}}
    return _collect(nodes, _scalars(network, recorder), groups)


def _check(images: torch.Tensor, labels: torch.Tensor, groups: Sequence[str]) -> None:
    if images.ndim != 4 or images.dtype != torch.float32:
        raise DataError(
            "images must be float32 (n, channels, height, width), "
            f"not {images.dtype} {tuple(images.shape)}"
        )
    if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
        raise DataError(
            f"labels must be int64 ({len(images)},), one for each image, "
            f"not {labels.dtype} {tuple(labels.shape)}"
        )
    least = 2 if "subbatches" in groups else 1
    if len(images) < least:
        raise DataError(f"a mini-batch of {len(images)} images is too small; at least {least} are needed")


def _loss(
    network: nn.Module, images: torch.Tensor, labels: torch.Tensor, with_graph: bool
) -> torch.Tensor:
    """The mean cross-entropy; images are copied, since an in-place operation may come first."""
    images = images.to(memory_format=torch.channels_last, copy=True)
    with explained(network, "the forward pass"), torch.set_grad_enabled(with_graph):
        scores = network(images)
        if not isinstance(scores, torch.Tensor) or scores.ndim != 2 or len(scores) != len(labels):
            got = tuple(scores.shape) if isinstance(scores, torch.Tensor) else type(scores).__name__
            raise DataError(f"the network must return scores ({len(labels)}, classes), not {got}")
        if not 0 <= int(labels.min()) <= int(labels.max()) < scores.shape[1]:
            raise DataError(
                f"labels from {int(labels.min())} to {int(labels.max())} do not fit "
                f"the network's {scores.shape[1]} outputs"
            )
        return cross_entropy(scores, labels)


def _gradients(network: nn.Module, loss: torch.Tensor) -> Gradients:
    """The loss's gradient by parameter, None where it has none; frozen ones are left out."""
    trainable = [p for p in network.parameters() if p.requires_grad]
    if not trainable or not loss.requires_grad:
        return {}
    with explained(network, "the backward pass"):
        gradients = torch.autograd.grad(loss, trainable, allow_unused=True)
    return dict(zip(trainable, gradients, strict=True))


def _weights(layer: nn.Module, gradient: torch.Tensor | None, groups: Sequence[str]) -> dict[str, float]:
    values: dict[str, float] = {}
    w = layer.weight.detach().double().flatten()
    if "weights" in groups:
        values |= numbers.weight_summary("weight", w)
    if "gradients" in groups and gradient is not None:
        g = gradient.double().flatten()
        values |= numbers.weight_summary("grad", g)
        values["weight_x_grad_sum"] = torch.dot(w, g).item()
        values["weight_x_grad_l1"] = torch.linalg.vector_norm(w * g, 1).item()
    return values


def _ratios(
    network: nn.Module, layers: Mapping, images: torch.Tensor, labels: torch.Tensor
) -> list[float]:
    """For each layer the sum of mean |g| / deviation of g over the two halves.

    Of two numbers a and b these are (|a| + |b|) / 2 and |a - b| / 2.
    """
    half = len(labels) // 2
    first, second = (
        _gradients(network, _loss(network, images[part], labels[part], with_graph=True))
        for part in (slice(half), slice(half, None))
    )
    ratios = []
    for layer in layers:
        a, b = first.get(layer.weight), second.get(layer.weight)
        if a is None or b is None:
            ratios.append(NAN)
            continue
        a, b = a.double(), b.double()
        spread = (a - b).abs()
        ratio = (a.abs() + b.abs()) / spread
        ratios.append(ratio.masked_fill(spread == 0, 0).sum().item())
    return ratios


def _scalars(network: nn.Module, recorder: Recorder) -> dict[str, float]:
    macs = [values.get("macs", NAN) for values in recorder.nodes["layer"].values()]
    kernel = recorder.kernel
    return {
        "params": sum(p.numel() for p in network.parameters() if p.requires_grad) or NAN,
        "macs": float(np.nansum(macs)) or NAN,
        "naswot": NAN if kernel is None else numbers.logdet(kernel),
    }


def _collect(
    nodes: Mapping[str, Mapping], scalars: Mapping[str, float], groups: Sequence[str]
) -> dict[str, np.ndarray | float]:
    """The values by key; what is not finite is missing."""
    collected: dict[str, np.ndarray | float] = {}
    for statistic in STATISTICS:
        if statistic.group not in groups:
            continue
        if statistic.node_set == NETWORK:
            value = float(scalars[statistic.name])
            collected[statistic.key] = value if math.isfinite(value) else NAN
            continue
        found = [values.get(statistic.name, NAN) for values in nodes.get(statistic.node_set, {}).values()]
        vector = np.array(found, dtype=np.float64)
        collected[statistic.key] = np.where(np.isfinite(vector), vector, NAN)
    return collected
