"""NAS-Bench-101 (Ying et al., ICML 2019, arXiv 1902.09635).

A cell is a graph of at most seven vertices and nine edges, each vertex between input and output an
operation. The network repeats it three times in each of three stacks.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from evozc.errors import ConfigError, DataError
from evozc.spaces._checks import check_whole_numbers, not_of
from evozc.spaces._fields import cell
from evozc.spaces._keys import smallest_form
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    from torch import nn

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
MOST_VERTICES = 7
MOST_EDGES = 9

#: The numbers of NAS-Bench-Suite-Zero.
_NUMBERED = ("input", "output", "maxpool3x3", "conv1x1-bn-relu", "conv3x3-bn-relu")
_TEXT = re.compile(r"([01]{4,400}):([a-z0-9|-]{1,600})")
_TUPLE = re.compile(r"\([0-4](?:, [0-4]){5,419}\)")
_EXPECTED = (
    "expected <bits of the matrix, row by row>:input|<operations>|output, or NAS-Bench-Suite-Zero's tuple"
)


class Cell(NamedTuple):
    """A graph in topological order, with dangling vertices or without.

    Args:
        fed: Of each vertex, those that feed it.
        operations: Of each vertex; the first is the input, the last the output.
    """

    fed: tuple[frozenset[int], ...]
    operations: tuple[str, ...]

    @property
    def edges(self) -> int:
        """How many there are."""
        return sum(map(len, self.fed))

    def pruned(self) -> Cell:
        """Without the vertices that the input does not reach, or that do not reach the output."""
        live = self.live()
        places = {vertex: place for place, vertex in enumerate(live)}
        return Cell(
            tuple(frozenset(places[s] for s in self.fed[v] if s in places) for v in live),
            tuple(self.operations[v] for v in live),
        )

    def live(self) -> list[int]:
        """The vertices between input and output, both included if there is a path."""
        reached = {0}
        for vertex, sources in enumerate(self.fed):
            if sources & reached:
                reached.add(vertex)
        reaching = {len(self.fed) - 1}
        for vertex in reversed(range(len(self.fed))):
            if vertex in reaching:
                reaching |= self.fed[vertex]
        return sorted(reached & reaching)


@dataclass(frozen=True)
class NasBench101:
    """The space of ``0110001100010000:input|conv3x3-bn-relu|maxpool3x3|output`` texts.

    They hold the published columns ``matrix``, the bits of an upper triangular matrix of any size row by
    row, and ``ops``. The tuples of NAS-Bench-Suite-Zero, ``(0, 1, 1, ..., 4, 2, 1)``, are read as well.
    Limits are those of the cell without dangling vertices.

    Args:
        channels: Of the first stack; each later one doubles them.
        stacks: Number of stacks.
        modules: Cells in each of them.
        input_channels: Channels of the images.
        classes: Number of outputs.

    Raises:
        ConfigError: a setting below one, or fewer channels than vertices that may share them.
    """

    channels: int = 128
    stacks: int = 3
    modules: int = 3
    input_channels: int = 3
    classes: int = 10

    name: ClassVar[str] = "nasbench101"
    #: Cells that are not isomorphic; each has many texts.
    count: ClassVar[int] = 423_624
    graph_operations: ClassVar[tuple[str, ...]] = ("input", *OPERATIONS, "output")
    architecture_columns: ClassVar[tuple[str, ...]] = ("matrix", "ops")

    def __post_init__(self) -> None:
        check_whole_numbers(self.name, **asdict(self))
        if self.channels < MOST_VERTICES - 2:
            raise ConfigError(
                f"nasbench101: channels must be at least {MOST_VERTICES - 2}, not {self.channels}, "
                "since as many vertices may share them"
            )

    @property
    def inputs(self) -> ImageInputs:
        """Images of any size; of 32 x 32 pixels in the benchmark."""
        return ImageInputs(self.input_channels, batch=16)

    @property
    def outputs(self) -> Outputs:
        """A score for each class."""
        return Outputs("classes", self.classes)

    def settings(self) -> dict[str, int]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def from_columns(self, cells: Mapping[str, str]) -> str:
        """The text of the published columns ``matrix`` and ``ops``."""
        return f"{cell(cells, 'matrix')}:{cell(cells, 'ops')}"

    def parse(self, architecture: str) -> Cell:
        """The cell of a text, with its dangling vertices.

        Raises:
            DataError: the text is no cell, or one that the space does not allow.
        """
        bits, operations = _read(architecture)
        size = len(operations)
        if len(bits) != size * size:
            raise _wrong(architecture, f"{size} operations need {size * size} bits, not {len(bits)}")
        if operations[0] != "input" or operations[-1] != "output":
            raise _wrong(architecture, "operations must begin with input and end with output")
        for name in operations[1:-1]:
            if name not in OPERATIONS:
                known = ", ".join(OPERATIONS)
                raise _wrong(architecture, f"unknown operation {name[:40]!r}; known are {known}")
        edges = [divmod(place, size) for place, bit in enumerate(bits) if bit == "1"]
        if any(source >= target for source, target in edges):
            raise _wrong(architecture, "the matrix must be upper triangular, without a diagonal")
        found = Cell(
            tuple(frozenset(a for a, b in edges if b == vertex) for vertex in range(size)), tuple(operations)
        )
        why = _forbidden(found)
        if why:
            raise _wrong(architecture, why)
        return found

    @staticmethod
    def format(cell: Cell) -> str:
        """The text of a cell."""
        size = range(len(cell.operations))
        bits = "".join("01"[source in cell.fed[target]] for source in size for target in size)
        return f"{bits}:{'|'.join(cell.operations)}"

    def canonical_key(self, architecture: str) -> str:
        """The cell without dangling vertices, numbered in the smallest way.

        Cells of one key are one in the publishers' sense. Where channels cannot be shared out evenly, the
        first vertices get one more, so that their networks may differ by a few channels.
        """
        cell = self.parse(architecture).pruned()
        return smallest_form(cell.operations, [sorted(sources) for sources in cell.fed])

    def build(self, architecture: str) -> nn.Module:
        """The network, initialised as in NASLib and zero-cost-nas.

        Weights of convolutions are normal with variance 2 / (kernel x channels out), those of the head
        with deviation .01.
        """
        from evozc.spaces.nasbench101._network import Network

        return Network(
            self.parse(architecture).pruned(),
            self.channels, self.stacks, self.modules, self.input_channels, self.classes,
        )

    def blocks(self, network: Any) -> list[nn.Module]:
        """The stem and the cells, in forward order."""
        return [network.stem, *network.cells]

    def graph(self, architecture: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """The cell without dangling vertices.

        Returns:
            bool (vertices, vertices), true from a vertex to those that it feeds, and their operations.
        """
        cell = self.parse(architecture).pruned()
        adjacency = np.zeros((len(cell.fed), len(cell.fed)), dtype=bool)
        for target, sources in enumerate(cell.fed):
            adjacency[sorted(sources), target] = True
        return adjacency, cell.operations

    def sample(self, generator: random.Random) -> str:
        """A text drawn uniformly from those of seven vertices, dangling ones among them, that are allowed.

        As in the literature; cells with many texts are drawn more often than others.
        """
        while True:
            fed = [
                frozenset(source for source in range(vertex) if generator.random() < 0.5)
                for vertex in range(MOST_VERTICES)
            ]
            inner = generator.choices(OPERATIONS, k=MOST_VERTICES - 2)
            drawn = Cell(tuple(fed), ("input", *inner, "output"))
            if not _forbidden(drawn):
                return self.format(drawn)

    def neighbours(self, architecture: str) -> list[str]:
        """The texts with one operation changed, or one edge put in or taken out, of which the cell shows.

        What only changes dangling vertices is left out, and what the space does not allow.
        """
        own = self.parse(architecture)
        live = set(own.live())
        near = []
        for vertex in sorted(live - {0, len(own.fed) - 1}):
            for name in OPERATIONS:
                if name != own.operations[vertex]:
                    changed = (*own.operations[:vertex], name, *own.operations[vertex + 1 :])
                    near.append(own._replace(operations=changed))
        for source, target in itertools.combinations(range(len(own.fed)), 2):
            fed = list(own.fed)
            fed[target] ^= {source}
            other = own._replace(fed=tuple(fed))
            if not _forbidden(other) and ({source, target} <= live or {source, target} <= set(other.live())):
                near.append(other)
        return [self.format(cell) for cell in near]


def _read(architecture: str) -> tuple[str, Sequence[str]]:
    """The bits and the operations of a text."""
    if isinstance(architecture, str):
        match = _TEXT.fullmatch(architecture)
        if match:
            return match[1], match[2].split("|")
        if len(architecture) < 1300 and _TUPLE.fullmatch(architecture):
            numbers = architecture[1:-1].split(", ")
            size = next((v for v in range(2, 21) if v * v + v == len(numbers)), None)
            if size is None:
                raise _wrong(architecture, f"{len(numbers)} numbers are no matrix and its operations")
            bits = "".join(numbers[: size * size])
            if set(bits) <= {"0", "1"}:
                return bits, [_NUMBERED[int(number)] for number in numbers[size * size :]]
    raise _wrong(architecture, _EXPECTED)


def _forbidden(cell: Cell) -> str:
    """Why the space does not allow a cell; empty if it does."""
    pruned = cell.pruned()
    if 0 not in cell.live():
        return "no path leads from input to output"
    if len(pruned.fed) > MOST_VERTICES:
        return f"{len(pruned.fed)} vertices lie between input and output, at most {MOST_VERTICES} may"
    if pruned.edges > MOST_EDGES:
        return f"{pruned.edges} edges lie between input and output, at most {MOST_EDGES} may"
    return ""


def _wrong(architecture: object, why: str) -> DataError:
    return not_of("NAS-Bench-101", architecture, why)
