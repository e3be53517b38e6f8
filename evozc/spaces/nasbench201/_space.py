"""NAS-Bench-201 (Dong and Yang, ICLR 2020, arXiv 2001.00326).

A cell is a complete directed graph of four nodes; each of its six edges carries
one of five operations. The network repeats the cell in stages of doubling width,
joined by a residual block that halves the resolution.
"""

from __future__ import annotations

import difflib
import random
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.errors import DataError
from evozc.spaces._checks import check_whole_numbers
from evozc.spaces._graphs import FOUR_NODES, operation_graph
from evozc.spaces._keys import NOTHING, PASS, cell_key
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
#: Edges (from, to) in the order in which the architecture text names them.
EDGES = FOUR_NODES
_MEANING = {"none": NOTHING, "skip_connect": PASS}

#: Longer texts are not searched: no architecture comes near it, and the search is quadratic.
_LONGEST = 1000
_EDGE = re.compile(r"([a-z0-9_]+)~(\d)")


@dataclass(frozen=True)
class NasBench201:
    """The space of ``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`` texts.

    Args:
        channels: Channels of the first stage; each later stage doubles them.
        cells: Cells in each stage.
        stages: Number of stages; the published network has three.
        input_channels: Channels of the images.
        classes: Number of outputs.

    Raises:
        ConfigError: a setting below one.
    """

    channels: int = 16
    cells: int = 5
    stages: int = 3
    input_channels: int = 3
    classes: int = 10

    name: ClassVar[str] = "nasbench201"
    count: ClassVar[int] = len(OPERATIONS) ** len(EDGES)
    graph_operations: ClassVar[tuple[str, ...]] = ("input", *OPERATIONS, "output")

    def __post_init__(self) -> None:
        check_whole_numbers(self.name, **asdict(self))

    @property
    def inputs(self) -> ImageInputs:
        """Images of any size."""
        return ImageInputs(self.input_channels)

    @property
    def outputs(self) -> Outputs:
        """A score for each class."""
        return Outputs("classes", self.classes)

    def settings(self) -> dict[str, int]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def canonical_key(self, architecture: str) -> str:
        """The cell's operations that are fed and reach the output, numbered in the smallest way.

        ``skip_connect`` adds its node's terms to the next sum, ``none`` nothing; two pools of the same
        terms are one, two convolutions are two. It makes 5,260 classes of the 15,625 texts, that of
        ``dead`` texts among them.
        """
        operations = self.parse(architecture)
        edges = [(*edge, _MEANING.get(name, name)) for edge, name in zip(EDGES, operations, strict=True)]
        return cell_key(edges, inputs=1, outputs=[3], fixed=["avg_pool_3x3"])

    def published_key(self, architecture: str) -> str:
        """The expression that the cell computes, each node's sum sorted: the rule of NATS-Bench.

        It makes the 6,466 classes by which published splits are made. They are not those of
        :meth:`canonical_key`: an expression cannot tell one convolution used twice from two (430
        classes hold networks of different size), and keeps sums within sums and operations on nothing
        (688 exact classes are split).
        """
        operations = dict(zip(EDGES, self.parse(architecture), strict=True))
        nodes = ["0"]
        for target in range(1, 4):
            terms = []
            for source in range(target):
                operation, value = operations[source, target], nodes[source]
                if operation == "none" or value == "#":
                    terms.append("#")
                elif operation == "skip_connect":
                    terms.append(value)
                else:
                    terms.append(f"({value})@{operation}")
            nodes.append("+".join(sorted(terms)))
        return nodes[-1]

    def parse(self, architecture: str) -> tuple[str, ...]:
        """The six operations of an architecture text, in the order of ``EDGES``.

        Raises:
            DataError: the text is not an architecture of NAS-Bench-201.
        """
        readable = isinstance(architecture, str) and len(architecture) <= _LONGEST
        edges = _EDGE.findall(architecture) if readable else []
        operations = tuple(name for name, _ in edges)
        for name in operations:
            if name not in OPERATIONS:
                name = name[:40]
                near = difflib.get_close_matches(name, OPERATIONS, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise DataError(
                    f"architecture {architecture[:120]!r}: unknown operation {name!r}{hint} "
                    f"(known: {', '.join(OPERATIONS)})"
                )
        if len(operations) != len(EDGES) or self.format(operations) != architecture:
            raise DataError(
                f"architecture {str(architecture)[:120]!r} is not of NAS-Bench-201: "
                "expected |op~0|+|op~0|op~1|+|op~0|op~1|op~2|"
            )
        return operations

    @staticmethod
    def format(operations: tuple[str, ...]) -> str:
        """The architecture text of six operations in the order of ``EDGES``."""
        groups: dict[int, str] = {1: "|", 2: "|", 3: "|"}
        for (source, target), operation in zip(EDGES, operations, strict=True):
            groups[target] += f"{operation}~{source}|"
        return "+".join(groups.values())

    def build(self, architecture: str) -> nn.Module:
        """The network of an architecture, initialised by torch's defaults as in the benchmark."""
        from evozc.spaces.nasbench201._network import Network

        return Network(
            self.parse(architecture),
            self.channels, self.cells, self.stages, self.input_channels, self.classes,
        )

    def blocks(self, network: Any) -> list[nn.Module]:
        """The stem, cells and residual blocks in forward order, as AZ-NAS takes its features."""
        return [network.stem, *network.body]

    def graph(self, architecture: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """The cell with its operations on the nodes, as graph predictors read it.

        Nodes are the input, the six operations in the order of ``EDGES``, and the output; an
        operation feeds those that start where it ends. ``none`` feeds and reads nothing.

        Returns:
            bool (8, 8), true from a node to those that it feeds, and the operation of each node.
        """
        operations = self.parse(architecture)
        return operation_graph([(a, {b}, name) for (a, b), name in zip(EDGES, operations, strict=True)], 0, 3)

    def sample(self, generator: random.Random) -> str:
        """An architecture drawn uniformly from all 15,625 texts."""
        return self.format(tuple(generator.choice(OPERATIONS) for _ in EDGES))

    def neighbours(self, architecture: str) -> list[str]:
        """The 24 architectures that differ in the operation of one edge."""
        operations = self.parse(architecture)
        return [
            self.format((*operations[:edge], other, *operations[edge + 1 :]))
            for edge in range(len(EDGES))
            for other in OPERATIONS
            if other != operations[edge]
        ]

