"""What a group of statistics may look at, and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, cast

import torch
from torch import nn

from evozc.errors import DataError, EvozcError
from evozc.extraction._axes import Axes
from evozc.extraction._call import Arguments, Output, selected
from evozc.extraction._losses import Loss, class_loss
from evozc.extraction._state import explained
from evozc.extraction._uses import Use

Gradients = Mapping[torch.Tensor, torch.Tensor | None]


@dataclass(eq=False)
class Node:
    """One node of a network: the use of a weight or of a non-linear function, or a block.

    Args:
        name: Its path in the network.
        module: The module in which it runs.
        function: What torch calls the function; empty for a block.
        weight: A layer's weight: a parameter, or what was computed from some.
        parameters: Those that belong to it: what its weight is made of, and its bias.
        axes: Where the samples and channels of its output are.

    Attributes:
        values: Its statistics by name, filled by the groups.
        computed: Weights that were computed, one for each time; empty for a parameter.
        input_axes: Where the samples and channels of a block's input are.
        home: The path of the module that holds a layer's weight.
    """

    name: str
    module: nn.Module | None
    function: str = ""
    weight: torch.Tensor = field(default=cast("torch.Tensor", None))  # which only layers have
    parameters: tuple[nn.Parameter, ...] = ()
    axes: Axes = Axes(1)
    values: dict[str, float] = field(default_factory=dict)
    computed: list[torch.Tensor] = field(default_factory=list)
    input_axes: Axes = Axes(1)
    home: str = ""

    @property
    def differentiated(self) -> list[torch.Tensor]:
        """The tensors whose gradients add up to that of the weight."""
        return self.computed or ([] if self.weight is None else [self.weight])


@dataclass(eq=False)
class Vertex:
    """A place in the graph of a network: the input, the use of a weight, or where several come together.

    Args:
        sources: The vertices that feed it, by their numbers.
        layer: The layer whose weight is used.
    """

    sources: tuple[int, ...] = ()
    layer: Node | None = None


@dataclass(eq=False)
class Pass:
    """One network on one mini-batch.

    Args:
        network: The network, in training mode during the main pass.
        given: What it is called with.
        labels: As the loss takes them, or None.
        seed: For what a group draws itself, and for what the network draws.
        output: Which of its outputs are its scores.
        loss: From outputs and labels; None takes cross-entropy of the classes.

    Attributes:
        nodes: By node set, in forward order.
        scalars: The network's own statistics by name.
        failures: By group that could not be taken, the reason.
        no_loss: Why there are no scores or no loss of them; what needs neither is measured all the same.
        outputs: What the main pass returned, with its graph until the loss is taken.
        scores: The outputs averaged over their positions (n, classes).
        score_axis: The dimension of the outputs that holds the classes.
        leaf: The inputs that the main pass's graph reaches back to, if any.
        fed: The copy of them that the network was given.
        gradients: The loss's gradient by tensor, once it is taken.
        vertices: The graph of the main pass; the first one is the input.
        sink: The number of the vertex that gives the outputs; None if it is not known.
        unseen: The names of the parameters that ran but belong to no node.
        notes: What else is to be known of the numbers.
    """

    network: nn.Module
    given: Arguments
    labels: torch.Tensor | None
    seed: int
    output: Output = None
    loss: Loss | None = None
    nodes: dict[str, list[Node]] = field(default_factory=lambda: defaultdict(list))
    scalars: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    no_loss: str = ""
    outputs: torch.Tensor | None = None
    scores: torch.Tensor | None = None
    score_axis: int | None = None
    leaf: torch.Tensor | None = None
    fed: torch.Tensor | None = None
    gradients: Gradients = field(default_factory=dict)
    vertices: list[Vertex] = field(default_factory=lambda: [Vertex()])
    sink: int | None = None
    unseen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def inputs(self) -> torch.Tensor:
        """What the network is mainly fed (n, ...)."""
        return self.given.main

    @property
    def spoiled(self) -> list[str]:
        """The groups that failed while they were taken, so that none of their values stands."""
        return [group for group, reason in self.failures.items() if reason != self.no_loss]

    def generator(self, stream: int = 0) -> torch.Generator:
        """A generator of the run's seed, the same for every group and whatever ran before."""
        return torch.Generator(self.inputs.device).manual_seed(self.seed + stream)

    def trainable(self) -> list[nn.Parameter]:
        """The parameters that are not frozen."""
        return [p for p in self.network.parameters() if p.requires_grad]

    def gradient(self, node: Node) -> torch.Tensor | None:
        """The loss's gradient at a layer's weight, None where it has none."""
        return added(self.gradients, node)

    def run(self, given: Arguments) -> Any:
        """Call the network; it may change the inputs in place.

        Raises:
            DataError: it fails.
        """
        with explained(self.network, "the forward pass"):
            return self.network(*given.args, **given.named)

    def outputs_of(self, returned: Any, count: int) -> torch.Tensor:
        """The scores among what the network returned, (n, ...).

        Raises:
            DataError: it returned something else.
        """
        found = selected(returned, self.output, count)
        if found.ndim < 1 or len(found) != count or not found.is_floating_point():
            raise DataError(f"the network must return scores ({count}, classes), not {tuple(found.shape)}")
        return found

    def scores_of(self, outputs: torch.Tensor) -> torch.Tensor:
        """The outputs averaged over their positions, (n, classes)."""
        if outputs.ndim < 2:
            return outputs[:, None]
        axis = self.score_axis
        if axis is None:
            axis = 1 if outputs.ndim > 3 else outputs.ndim - 1
        if outputs.ndim == 3 and axis == 2:
            return outputs.mean(dim=1)
        return outputs.movedim(axis, 1).flatten(2).mean(dim=2) if outputs.ndim > 2 else outputs

    def loss_of(self, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The mean loss.

        Raises:
            DataError: the labels do not fit, or the loss fails.
        """
        if self.loss is None or self.loss is class_loss:
            return class_loss(self.scores_of(outputs), labels)
        try:
            loss = self.loss(outputs, labels)
        except EvozcError:
            raise
        except Exception as error:
            raise DataError(f"the loss failed: {type(error).__name__}: {error}") from error
        if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
            raise DataError("the loss must be a tensor of one number")
        return loss.reshape(())


def added(gradients: Gradients, node: Node) -> torch.Tensor | None:
    """The sum of the gradients at a layer's weight, None where it has none."""
    found = [g for w in node.differentiated if (g := gradients.get(w)) is not None]
    return None if not found else found[0] if len(found) == 1 else sum(found[1:], found[0])


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
    #: Whether it needs the network's scores, though perhaps not their loss.
    needs_scores: ClassVar[bool] = False
    #: Whether it needs the main pass's graph before the loss is taken.
    needs_graph: ClassVar[bool] = False
    #: Whether it needs the gradient at the inputs.
    at_inputs: ClassVar[bool] = False
    #: Whether it differentiates the loss's gradients again.
    second_order: ClassVar[bool] = False

    def layer(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """A layer has run for the first time."""

    def layer_gradient(self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor) -> None:
        """The loss's gradient at a layer's first output is known."""

    def use(self, run: Pass, node: Node, use: Use, output: torch.Tensor) -> None:
        """A layer has run, for the first time or again."""

    def use_gradient(self, run: Pass, node: Node, use: Use, gradient: torch.Tensor) -> None:
        """The loss's gradient at a layer's output is known, of each time that it ran."""

    def activation(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """An activation has run."""

    def activation_gradient(
        self, run: Pass, node: Node, output: torch.Tensor, gradient: torch.Tensor
    ) -> None:
        """The loss's gradient at an activation's output is known."""

    def probabilities(self, run: Pass, node: Node, probabilities: torch.Tensor, axis: int) -> None:
        """A softmax, of attention or by itself, gave probabilities that add up to 1 along a dimension."""

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


def gradients_of(
    network: nn.Module, value: torch.Tensor, tensors: Sequence[torch.Tensor], create_graph: bool = False
) -> Gradients:
    """The gradient of a value by tensor, None where it has none.

    Raises:
        DataError: the backward pass fails.
    """
    tensors = [t for t in dict.fromkeys(tensors) if t.requires_grad]
    if not tensors or not value.requires_grad:
        return {}
    with explained(network, "the backward pass"):
        gradients = torch.autograd.grad(value, tensors, create_graph=create_graph, allow_unused=True)
    dense = (g.to_dense() if g is not None and g.layout != torch.strided else g for g in gradients)
    return dict(zip(tensors, dense, strict=True))
