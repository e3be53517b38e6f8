"""What a group of statistics may look at, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from evozc.errors import DataError
from evozc.extraction._state import explained

Gradients = Mapping[torch.Tensor, torch.Tensor | None]


@dataclass(eq=False)
class Node:
    """One node of a network: a module that the forward pass runs.

    Args:
        name: Its path in the network.
        module: The module.
        weight: A layer's weight; None for other nodes.
        values: Its statistics by name, filled by the groups.
    """

    name: str
    module: nn.Module
    weight: nn.Parameter | None = None
    values: dict[str, float] = field(default_factory=dict)


@dataclass(eq=False)
class Pass:
    """One network on one mini-batch.

    Args:
        network: The network, in training mode during the main pass.
        inputs: What it is fed (n, ...).
        labels: int64 (n,), or None.
        seed: For what a group draws itself.

    Attributes:
        nodes: By node set, in forward order.
        scalars: The network's own statistics by name.
        scores: The main pass's scores (n, classes), with their graph until the loss is taken.
        leaf: The inputs that the main pass's graph reaches back to, if any.
        fed: The copy of them that the network was given.
        gradients: The loss's gradient by parameter, once it is taken.
    """

    network: nn.Module
    inputs: torch.Tensor
    labels: torch.Tensor | None
    seed: int
    nodes: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    scalars: dict[str, float] = field(default_factory=dict)
    scores: torch.Tensor | None = None
    leaf: torch.Tensor | None = None
    fed: torch.Tensor | None = None
    gradients: Gradients = field(default_factory=dict)

    def generator(self, stream: int = 0) -> torch.Generator:
        """A generator of the run's seed, the same for every group and whatever ran before."""
        return torch.Generator(self.inputs.device).manual_seed(self.seed + stream)

    def trainable(self) -> list[nn.Parameter]:
        """The parameters that are not frozen."""
        return [p for p in self.network.parameters() if p.requires_grad]


class Group:
    """One group of the catalogue; a subclass overrides the moments that it needs.

    A node's callbacks come inside the forward or backward pass, while the tensor is at
    hand and before an in-place operation can change it.
    """

    #: As the catalogue names it.
    name: ClassVar[str]
    #: What a plug-in measures, :class:`~primitives.Statistic`; those of a group that is built in are in the
    #: catalogue. (Not annotated as such, or every exported file would hold that class.)
    statistics: ClassVar[tuple[Any, ...]] = ()
    #: How many samples it needs; those that need the loss need none where there are no labels.
    least_batch: ClassVar[int] = 1
    #: Whether it needs the loss's gradients of the main pass.
    needs_loss: ClassVar[bool] = False
    #: Whether it needs the main pass's graph before the loss is taken.
    needs_graph: ClassVar[bool] = False
    #: Whether it needs the gradient at the inputs.
    at_inputs: ClassVar[bool] = False
    #: Whether it differentiates the loss's gradients again.
    second_order: ClassVar[bool] = False

    def layer(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """A layer has run."""

    def layer_gradient(self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor) -> None:
        """The loss's gradient at a layer's output is known."""

    def activation(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """An activation has run."""

    def activation_gradient(
        self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor
    ) -> None:
        """The loss's gradient at an activation's output is known."""

    def enter_block(self, run: Pass, node: Node, inputs: tuple) -> None:
        """A block is about to run."""

    def block(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """A block has run."""

    def block_gradient(self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor) -> None:
        """The loss's gradient at a block's output is known."""

    def before_loss(self, run: Pass) -> None:
        """The forward pass is over and its graph whole; keep it so."""

    def after_loss(self, run: Pass) -> None:
        """The loss's gradients are known."""

    def own_passes(self, run: Pass) -> None:
        """All of the main pass is over; the network may be run again, in any mode."""


def forward(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """The network's scores (n, classes); it may change the inputs in place.

    Scores by token (n, tokens, features) or by position (n, channels, height, width) are
    averaged over the positions; of an object with ``logits``, those are taken.

    Raises:
        DataError: the network fails, or returns something else.
    """
    with explained(network, "the forward pass"):
        scores: Any = network(inputs)
        if isinstance(scores, list | tuple) and not hasattr(scores, "logits"):
            raise DataError(f"the network must return scores ({len(inputs)}, classes), not {_shape(scores)}")
        scores = getattr(scores, "logits", scores)
        if not isinstance(scores, torch.Tensor) or scores.ndim < 2 or len(scores) != len(inputs):
            raise DataError(f"the network must return scores ({len(inputs)}, classes), not {_shape(scores)}")
        if scores.ndim == 3:
            return scores.mean(dim=1)
        return scores.flatten(2).mean(dim=2) if scores.ndim > 3 else scores


def loss_of(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy.

    Raises:
        DataError: a label without a score.
    """
    if not 0 <= int(labels.min()) <= int(labels.max()) < scores.shape[1]:
        raise DataError(
            f"labels from {int(labels.min())} to {int(labels.max())} do not fit "
            f"the network's {scores.shape[1]} outputs"
        )
    return cross_entropy(scores, labels)


def gradients_of(
    network: nn.Module, value: torch.Tensor, parameters: list[nn.Parameter], **how: bool
) -> Gradients:
    """The gradient of a value by parameter, None where it has none.

    Raises:
        DataError: the backward pass fails.
    """
    if not parameters or not value.requires_grad:
        return {}
    with explained(network, "the backward pass"):
        gradients = torch.autograd.grad(value, parameters, allow_unused=True, **how)
    return dict(zip(parameters, gradients, strict=True))


def _shape(scores: Any) -> str:
    return str(tuple(scores.shape)) if isinstance(scores, torch.Tensor) else type(scores).__name__
