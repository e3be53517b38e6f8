"""All statistics of one network on one mini-batch."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from evozc.errors import DataError, FormulaError
from evozc.extraction._group import Group, Pass, forward, gradients_of, loss_of
from evozc.extraction._hooks import Hooks
from evozc.extraction._modules import find_blocks
from evozc.extraction._numbers import NAN
from evozc.extraction._settings import ordered_groups
from evozc.extraction._state import device_of, preserved
from evozc.symbols import GROUPS, group_names, statistics
from primitives import NETWORK, NODE_SETS, Statistic


class Measurement(dict[str, "np.ndarray | float"]):
    """The statistics of a network by key, in the order of the catalogue.

    A vector is float64 (nodes,), a network's scalar a float; NaN is a missing value.

    Attributes:
        names: By node set, the nodes' paths in the network, in forward order.
    """

    def __init__(self, values: dict[str, np.ndarray | float], names: dict[str, tuple[str, ...]]) -> None:
        super().__init__(values)
        self.names = names

    @property
    def missing(self) -> dict[str, list[str]]:
        """By node (the empty name is the network), the keys of the statistics that it has no value of."""
        found: dict[str, list[str]] = {}
        for key, values in self.items():
            node_set = key.split(".")[0]
            names = self.names.get(node_set, ("",))
            for name, value in zip(names, np.atleast_1d(values), strict=True):
                if math.isnan(value):
                    found.setdefault(name, []).append(key)
        return found


def measure(
    network: nn.Module,
    inputs: torch.Tensor,
    labels: torch.Tensor | None = None,
    blocks: Sequence[nn.Module] | None = None,
    groups: Sequence[str] | None = None,
    seed: int = 0,
) -> Measurement:
    """Measure the statistics of the catalogue at every node of an untrained network.

    Layers and activations are those that the forward pass runs, in its order, each module
    once. The network runs in training mode. Afterwards its weights, buffers, modes, hooks
    and ``.grad`` and the random states are, bit by bit, what they were, also after an error.

    Args:
        network: From inputs to scores (n, classes); those of tokens (n, tokens, features) or
            positions (n, channels, height, width) are averaged.
        inputs: float32 (n, ...), or int64 token numbers (n, ...).
        labels: int64 (n,), each the index of a class; without them every statistic that needs
            labels is missing.
        blocks: The modules that form the node set ``block``, in forward order; None takes
            the children of the longest ModuleList or Sequential. One that is not run is a
            node without values.
        groups: Parts of the catalogue, fewer are faster; None for all, with those of plug-ins.
        seed: For random directions and weights that a group draws itself.

    Returns:
        The statistics. Missing is the gradient of a frozen weight or of one that the loss does
        not reach, whatever is not finite, and a count of nothing.

    Raises:
        ConfigError: an unknown group.
        FormulaError: a group measures what it does not declare.
        DataError: inputs, labels or blocks that do not fit, or a network that cannot be run.
    """
    names = group_names() if groups is None else ordered_groups(groups)
    chosen: list[Group] = [GROUPS.get(name)() for name in names]
    check_batch(inputs, labels, least_batch(chosen, labels is not None))
    run = run_groups(network, inputs, labels, blocks, chosen, seed)
    declared = [s for s in statistics() if any(s.group == group.name for group in chosen)]
    _check_declared(run, declared, chosen)
    values: dict[str, np.ndarray | float] = {}
    for statistic in declared:
        found = values_of(run, statistic.node_set, statistic.name)
        values[statistic.key] = float(found[0]) if statistic.node_set == NETWORK else found
    return Measurement(values, {s: tuple(node.name for node in run.nodes[s]) for s in NODE_SETS})


def least_batch(groups: Sequence[Group], labelled: bool) -> int:
    """How many samples groups need together."""
    return max((group.least_batch for group in groups if labelled or not group.needs_loss), default=1)


def _check_declared(run: Pass, declared: Sequence[Statistic], groups: Sequence[Group]) -> None:
    """Stop at a value that would be lost, since nothing declares it.

    Raises:
        FormulaError: names it, and the groups that ran.
    """
    known = {statistic.key for statistic in declared}
    holders = [(NETWORK, run.scalars)]
    holders += [(node_set, node.values) for node_set, nodes in run.nodes.items() for node in nodes]
    for node_set, values in holders:
        for name in values:
            if f"{node_set}.{name}" not in known:
                ran = ", ".join(group.name for group in groups)
                raise FormulaError(
                    f"{node_set}.{name} is measured, but none of the groups {ran} declares it as a statistic"
                )


def check_batch(inputs: torch.Tensor, labels: torch.Tensor | None, least: int) -> None:
    """Stop at a mini-batch that no network could be measured on.

    Raises:
        DataError: a wrong type or shape, or fewer than ``least`` samples.
    """
    if inputs.ndim < 2 or inputs.dtype not in (torch.float32, torch.int64):
        raise DataError(
            f"inputs must be float32 or int64 (n, ...), not {inputs.dtype} {tuple(inputs.shape)}"
        )
    if labels is not None and (labels.dtype != torch.int64 or labels.shape != inputs.shape[:1]):
        raise DataError(
            f"labels must be int64 ({len(inputs)},), one for each input, "
            f"not {labels.dtype} {tuple(labels.shape)}"
        )
    if len(inputs) < least:
        raise DataError(f"a mini-batch of {len(inputs)} is too small; at least {least} are needed")


def run_groups(
    network: nn.Module,
    inputs: torch.Tensor,
    labels: torch.Tensor | None,
    blocks: Sequence[nn.Module] | None,
    groups: Sequence[Group],
    seed: int,
) -> Pass:
    """Run a network so that every group takes its statistics, and leave it as it was."""
    blocks = find_blocks(network, blocks)
    device = device_of(network)
    inputs = inputs.detach().to(device)
    if inputs.ndim == 4 and not any(map(_corrupts_memory, network.modules())):
        inputs = inputs.contiguous(memory_format=torch.channels_last)
    run = Pass(network, inputs, None if labels is None else labels.to(device), seed)
    watch = Hooks(run, groups)
    # Of attention's kernels only this one can be differentiated twice.
    with sdpa_kernel(SDPBackend.MATH), torch.enable_grad():
        with preserved(network), watch.watching(blocks):
            network.train()
            _main_pass(run, watch)
        run.scores = run.leaf = run.fed = None
        for group in watch.listeners("own_passes"):
            with preserved(network):  # all passes begin with the same buffers and random state
                group.own_passes(run)
    return run


def _corrupts_memory(module: nn.Module) -> bool:
    """Whether oneDNN writes past its buffers in this layer's backward pass on channels-last inputs.

    Seen with torch 2.13 on AVX-512: pointwise convolutions with a stride and fewer than 8 channels.
    """
    return (
        isinstance(module, nn.Conv2d)
        and module.in_channels < 8
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
    )


def _main_pass(run: Pass, watch: Hooks) -> None:
    groups = watch.groups
    needs_loss = run.labels is not None and any(group.needs_loss for group in groups)
    leaf = run.inputs
    if run.inputs.is_floating_point() and any(group.at_inputs for group in groups):
        leaf = run.leaf = run.inputs.clone().requires_grad_()
    with torch.set_grad_enabled(needs_loss or any(group.needs_graph for group in groups)):
        run.fed = leaf.clone()
        run.scores = forward(run.network, run.fed)
        loss = None if run.labels is None else loss_of(run.scores, run.labels)
    for group in groups:
        group.before_loss(run)
    if needs_loss:
        twice = any(group.second_order for group in groups)
        watch.listening = True
        run.gradients = gradients_of(run.network, loss, run.trainable(), create_graph=twice)
        watch.listening = False
        for group in groups:
            group.after_loss(run)


def values_of(run: Pass, node_set: str, name: str) -> np.ndarray:
    """A statistic at every node of a set, float64 (nodes,); what is not finite is missing."""
    holders = [run.scalars] if node_set == NETWORK else [node.values for node in run.nodes[node_set]]
    found = np.array([holder.get(name, NAN) for holder in holders], dtype=np.float64)
    return np.where(np.isfinite(found), found, NAN)
