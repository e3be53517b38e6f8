"""All statistics of one network on one mini-batch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from evozc.errors import ConfigError, DataError, FormulaError
from evozc.extraction._axes import Axes
from evozc.extraction._blocks import find_blocks
from evozc.extraction._call import Arguments, Output
from evozc.extraction._group import Group, Pass, gradients_of
from evozc.extraction._losses import LOSSES, Loss
from evozc.extraction._network import in_float32, unwrapped
from evozc.extraction._numbers import NAN
from evozc.extraction._record import Recorder
from evozc.extraction._settings import ordered_groups
from evozc.extraction._state import Snapshot, device_of, explained, plainly, seeded
from evozc.symbols import GROUPS, group_names, statistics
from primitives import NETWORK, NODE_SETS, Sign, Statistic


class Measurement(dict[str, "np.ndarray | float"]):
    """The statistics of a network by key, in the order of the catalogue.

    A vector is float64 (nodes,), a network's scalar a float; NaN is a missing value.

    Attributes:
        names: By node set, the nodes' paths in the network, in forward order.
        failures: By group whose statistics are missing as a whole, the reason.
        unseen: The names of the parameters that ran but belong to no layer: scales, shifts, positions.
        notes: What else is to be known of the numbers.
    """

    def __init__(
        self, values: dict[str, np.ndarray | float], names: dict[str, tuple[str, ...]],
        failures: dict[str, str] | None = None, unseen: tuple[str, ...] = (), notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(values)
        self.names = names
        self.failures = failures or {}
        self.unseen = unseen
        self.notes = notes

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
    inputs: Any,
    labels: Any = None,
    blocks: Sequence[nn.Module] | None = None,
    groups: Sequence[str] | None = None,
    seed: int = 0,
    *,
    output: Output = None,
    loss: Loss | str | None = None,
) -> Measurement:
    """Measure the statistics of the catalogue at every node of an untrained network.

    A layer is a weight that the forward pass uses: in a convolution, a linear map, an embedding, a
    recurrent kernel, attention or any other matrix product, whoever calls it, and whether the weight
    is a parameter or computed from some; used several times it is one node, and what counts is added
    up. An activation is one use of a non-linear function. Both are in the order of the forward pass.
    The network runs in training mode. Afterwards its weights, buffers, modes, hooks, attributes
    and ``.grad`` and the random states are, bit by bit, what they were, also after an error.

    Args:
        network: From inputs to scores (n, classes); those of tokens (n, tokens, features) or
            positions (n, channels, height, width) are averaged. Wrapped by DataParallel or compiled,
            the network inside is measured; of another type than float32, a copy.
        inputs: float32 (n, ...), or int64 token numbers (n, ...); several as a mapping of names, or in
            a tuple, whose last may be such a mapping. Arrays of numpy do as well.
        labels: int64 (n,), each the index of a class, or as the loss takes them; without them every
            statistic that needs labels is missing.
        blocks: The modules that form the node set ``block``, in forward order; None takes
            the children of the longest ModuleList or Sequential. One that is not run is a
            node without values.
        groups: Parts of the catalogue, fewer are faster; None for all, with those of plug-ins.
        seed: For random directions and weights that a group draws itself, and for what the network
            draws, as in dropout.
        output: Which of the network's outputs are its scores: a name, a position, several joined by
            dots, or a function. By default the tensor itself, ``logits``, or the only one.
        loss: From outputs and labels to a tensor of one number, or a kind of
            :class:`~evozc.spaces.Outputs`; by default the mean cross-entropy of the scores.

    Returns:
        The statistics. Missing is the gradient of a frozen weight or of one that the loss does
        not reach, whatever is not finite, a count of nothing, and all of a group that failed.

    Raises:
        ConfigError: an unknown group or kind of loss.
        FormulaError: a group measures what it does not declare.
        DataError: inputs, labels or blocks that do not fit, or a network that cannot be run at all.
        MemoryError: want of memory, whether of the network or of a group.
    """
    names = group_names() if groups is None else ordered_groups(groups)
    chosen: list[Group] = [GROUPS.get(name)() for name in names]
    run = run_groups(network, inputs, labels, blocks, chosen, seed, output, loss)
    declared = [s for s in statistics() if any(s.group == group.name for group in chosen)]
    _check_declared(run, declared, chosen)
    values: dict[str, np.ndarray | float] = {}
    for statistic in declared:
        found = values_of(run, statistic.node_set, statistic.name)
        if statistic.group in run.spoiled:
            found = np.full_like(found, NAN)
        found = _of_sign(run, statistic, found)
        values[statistic.key] = float(found[0]) if statistic.node_set == NETWORK else found
    nodes = {s: tuple(node.name for node in run.nodes[s]) for s in NODE_SETS}
    return Measurement(values, nodes, run.failures, run.unseen, run.notes)


def _of_sign(run: Pass, statistic: Statistic, found: np.ndarray) -> np.ndarray:
    """The values without those of a sign that the statistic declares not to have: formulas count on it."""
    kept = of_signs(found, signs_of(statistic))
    wrong = np.isnan(kept) & ~np.isnan(found)
    if wrong.any():
        reason = f"{statistic.key} is {found[wrong][0]:g}, which its declared sign rules out"
        run.failures.setdefault(statistic.group, reason)
    return kept


def signs_of(statistic: Statistic) -> tuple[int, ...]:
    """The signs that a statistic may have: -1, 0 and 1."""
    flags = {-1: Sign.NEGATIVE, 0: Sign.ZERO, 1: Sign.POSITIVE}
    return tuple(sign for sign, flag in flags.items() if statistic.sign & flag)


def of_signs(found: np.ndarray, signs: Sequence[int]) -> np.ndarray:
    """The values; missing are those of other signs."""
    return np.where(np.isin(np.sign(found), signs), found, NAN)


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


def run_groups(
    network: nn.Module,
    inputs: Any,
    labels: Any,
    blocks: Sequence[nn.Module] | None,
    groups: Sequence[Group],
    seed: int,
    output: Output = None,
    loss: Loss | str | None = None,
) -> Pass:
    """Run a network so that every group takes its statistics, and leave it as it was.

    Raises:
        DataError: as :func:`measure` says.
    """
    network = unwrapped(network)
    network, blocks, note = in_float32(network, blocks)
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise ConfigError(f"unknown loss {loss!r}; known are {', '.join(LOSSES)}")
        loss = LOSSES[loss]
    blocks = find_blocks(network, blocks)
    device = device_of(network)
    given = Arguments.of(inputs).mapped(lambda t: t.to(device))
    if note is not None:
        given = given.mapped(lambda t: t.float() if t.is_floating_point() else t)
    labels = None if labels is None else as_labels(labels, device)
    check_batch(given.main, labels, least_batch(groups, labels is not None), loss)
    run = None
    maps = given.main.ndim == 4 and given.main.is_floating_point()
    if maps and not any(map(_corrupts_memory, network.modules())):
        fast = given.with_main(given.main.contiguous(memory_format=torch.channels_last))
        fresh = [type(group)() for group in groups]
        try:
            run = _run(Pass(network, fast, labels, seed, output, loss), blocks, fresh)
        except DataError:  # a network may count on the order of memory, as view does: it is given its own
            given = given.with_main(given.main.contiguous())
    if run is None:
        try:
            run = _run(Pass(network, given, labels, seed, output, loss), blocks, groups)
        except DataError as error:
            raise error if note is None else DataError(f"{error} ({note})") from error
    run.notes = () if note is None else (note,)
    return run


def _run(run: Pass, blocks: Sequence[nn.Module], groups: Sequence[Group]) -> Pass:
    with plainly():
        snapshot = Snapshot(run.network)
        record = Recorder(run, groups)
        try:
            with seeded(run.network, run.seed):
                with explained(run.network, "setting the network to training mode"):
                    run.network.train()
                _main_pass(run, record, blocks)
        finally:
            snapshot.restore()
            record.forget()
        run.outputs = run.scores = run.leaf = run.fed = None
        run.vertices.clear()
        for group in record.listeners("own_passes"):
            try:  # all passes begin with the same network and random state
                with seeded(run.network, run.seed):
                    record.tell_one(group, "own_passes")
            finally:
                snapshot.restore()
        for node in run.nodes["layer"]:
            node.computed.clear()
    return run


def as_labels(labels: Any, device: torch.device) -> torch.Tensor:
    """Labels as a tensor; whole numbers as int64.

    Raises:
        DataError: they are none.
    """
    if isinstance(labels, torch.Tensor | np.ndarray):
        return next(Arguments.of(labels).tensors()).to(device)
    if isinstance(labels, list | tuple) and labels and all(isinstance(label, int) for label in labels):
        return torch.tensor(labels, device=device)
    raise DataError(f"labels must be a tensor or an array, not {type(labels).__name__}")


def check_batch(
    inputs: torch.Tensor, labels: torch.Tensor | None, least: int, loss: Loss | None = None
) -> None:
    """Stop at a mini-batch that no network could be measured on.

    Raises:
        DataError: a wrong type or shape, or fewer than ``least`` samples.
    """
    if inputs.ndim < 1 or inputs.dtype not in (torch.float32, torch.int64, torch.bool):
        raise DataError(
            f"inputs must be float32 or int64 (n, ...), not {inputs.dtype} {tuple(inputs.shape)}"
        )
    if labels is not None and loss is None and (
        labels.shape[:1] != inputs.shape[:1] or (labels.dtype != torch.int64 and labels.ndim != 2)
        or (labels.dtype == torch.int64 and labels.ndim != 1)
    ):
        raise DataError(
            f"labels must be int64 ({len(inputs)},), one for each input, not {labels.dtype} "
            f"{tuple(labels.shape)}; others need a loss of their own"
        )
    if len(inputs) < least:
        raise DataError(f"a mini-batch of {len(inputs)} is too small; at least {least} are needed")


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


def _main_pass(run: Pass, record: Recorder, blocks: Sequence[nn.Module]) -> None:
    groups = list(record.groups)
    needs_loss = run.labels is not None and any(group.needs_loss for group in groups)
    leaf = run.inputs
    if run.inputs.is_floating_point() and any(group.at_inputs for group in groups):
        leaf = run.leaf = run.inputs.clone().requires_grad_()
    with torch.set_grad_enabled(needs_loss or any(group.needs_graph for group in groups)):
        run.fed = leaf.clone()
        given = run.given.with_main(run.fed)
        record.begin(list(given.tensors()), run.fed)
        with record.recording(blocks):
            returned = run.run(given)
        record.finish()
        loss = _scored(run, record, returned)
    record.tell("before_loss")
    if needs_loss and loss is not None:
        twice = any(group.second_order for group in record.groups)
        weights = [w for node in run.nodes["layer"] for w in node.computed]
        record.listening = True
        try:
            run.gradients = gradients_of(run.network, loss, [*run.trainable(), *weights], create_graph=twice)
        except DataError as error:
            for group in [g for g in record.groups if g.needs_loss]:
                record.fail(group, str(error))
        record.listening = False
        record.tell("after_loss")


def _scored(run: Pass, record: Recorder, returned: Any) -> torch.Tensor | None:
    """The outputs and the loss of them; groups that need what there is not have failed.

    Raises:
        DataError: labels that do not fit.
    """
    try:
        run.outputs = run.outputs_of(returned, record.count)
        known = record.mark(run.outputs)
        if known is not None and known.source > 0:
            run.sink = known.source
        if run.outputs.ndim > 2:
            run.score_axis = _axis_of_channels(run.outputs, None if known is None else known.axes)
        run.scores = run.scores_of(run.outputs)
    except DataError as error:
        run.no_loss = str(error)
        for group in list(record.groups):
            if group.needs_scores or (group.needs_loss and run.labels is not None):
                record.fail(group, run.no_loss)
        return None
    if run.labels is None:
        return None
    try:
        return run.loss_of(run.outputs, run.labels)
    except DataError as error:
        if run.loss is None:
            raise
        run.no_loss = str(error)
        for group in [g for g in record.groups if g.needs_loss]:
            record.fail(group, run.no_loss)
        return None


def _axis_of_channels(z: torch.Tensor, axes: Axes | None) -> int | None:
    if axes is None or axes.channels is None:
        return None
    found = [a for a in range(1, z.ndim) if (z.shape[a], math.prod(z.shape[a + 1 :])) == axes.channels]
    return found[0] if found else None


def values_of(run: Pass, node_set: str, name: str) -> np.ndarray:
    """A statistic at every node of a set, float64 (nodes,); what is not finite is missing."""
    holders = [run.scalars] if node_set == NETWORK else [node.values for node in run.nodes[node_set]]
    found = np.array([holder.get(name, NAN) for holder in holders], dtype=np.float64)
    return np.where(np.isfinite(found), found, NAN)
