"""What the cell spaces of NDS and DARTS share.

Radosavovic et al., On Network Design Spaces for Visual Recognition (ICCV 2019, arXiv 1905.13214), trained
networks of five published search spaces by one recipe. A network is a chain of two cells, of which one
halves the map; in a cell every node sums two operations on earlier nodes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.errors import ConfigError
from evozc.spaces._checks import check_whole_numbers, not_of
from evozc.spaces._graphs import operation_graph
from evozc.spaces._keys import NOTHING, PASS, cell_key
from evozc.spaces._space import ImageInputs, Outputs
from evozc.spaces.nds._genotype import (
    INPUTS,
    Cell,
    Genotype,
    format_genotype,
    node_of,
    read_genotype,
)

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

WIDEST, DEEPEST = 512, 100
_EXPECTED = (
    "expected Genotype(normal=[('operation', node), ...], normal_concat=[...], reduce=[...], "
    "reduce_concat=[...]), and width=..., depth=... if they are not the space's"
)


@dataclass(frozen=True)
class GenotypeSpace:
    """A space of ``Genotype(normal=[('skip_connect', 0), ...], normal_concat=[2, 3, ...], ...)`` texts.

    Entries 2k and 2k + 1 of a list are summed in node 2 + k; nodes 0 and 1 are the outputs of the cell
    before the last and of the last cell. Published networks differ in width and depth as well: a text may
    end in ``width=32, depth=8`` and then has its own, which its neighbours keep.

    Args:
        channels: Width of a text that says none: channels within the first cells.
        cells: Depth of a text that says none: cells; those at a third and two thirds halve the map.
        imagenet: Whether networks have the stem for large images, which halves them three times.
        input_channels: Channels of the images.
        classes: Number of outputs.

    Raises:
        ConfigError: a number below one.
    """

    channels: int = 16
    cells: int = 20
    imagenet: bool = False
    input_channels: int = 3
    classes: int = 10

    name: ClassVar[str]
    #: As messages call it, and what they expect.
    title: ClassVar[str]
    expected: ClassVar[str] = _EXPECTED
    #: What an entry may be.
    operations: ClassVar[tuple[str, ...]]
    #: Sums within a cell.
    nodes: ClassVar[int]
    #: Whether only those nodes leave a drawn cell that no other reads.
    loose: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_whole_numbers(
            self.name, channels=self.channels, cells=self.cells, input_channels=self.input_channels,
            classes=self.classes,
        )
        if not isinstance(self.imagenet, bool):
            raise ConfigError(f"{self.name}: imagenet must be true or false, not {self.imagenet!r}")

    @property
    def inputs(self) -> ImageInputs:
        """Images of any size; 32 x 32 as trained, 224 x 224 with the stem for ImageNet."""
        side, batch = (224, 4) if self.imagenet else (32, 16)
        return ImageInputs(self.input_channels, side=side, batch=batch)

    @property
    def outputs(self) -> Outputs:
        """A score for each class."""
        return Outputs("classes", self.classes)

    @property
    def count(self) -> int:
        """Genotypes of the space's own width and depth whose cells are not dead."""
        entries = [(node, len(self.operations) * node) for node in range(INPUTS, INPUTS + self.nodes)]
        everything = math.prod(choices**2 for _, choices in entries)
        # Dead is a cell whose entries are all `none`, or read a node all of whose entries are.
        idle = "none" in self.operations
        unfed = [idle * node + (len(self.operations) - idle) * (node - INPUTS) for node, _ in entries]
        return (everything - math.prod(choices**2 for choices in unfed)) ** 2

    @property
    def graph_operations(self) -> tuple[str, ...]:
        """The operations, and the two inputs of a cell."""
        return ("input", "before_last", "last", *self.operations, "output")

    def settings(self) -> dict[str, int | bool | str]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def parse(self, architecture: str) -> Genotype:
        """The two cells, with the width and depth that the text says, or 0.

        Raises:
            DataError: the text is not of this space.
        """
        genotype = self.read(architecture) if isinstance(architecture, str) else None
        if genotype is None:
            raise not_of(self.title, architecture, self.expected)
        for name, cell in genotype.cells.items():
            why = self.fault(cell)
            if why:
                raise not_of(self.title, architecture, f"the {name} cell {why}")
        sizes = (genotype.width, genotype.depth)
        if sizes != (0, 0) and not (1 <= sizes[0] <= WIDEST and 1 <= sizes[1] <= DEEPEST):
            why = f"width and depth must be 1 to {WIDEST} and 1 to {DEEPEST}, not {sizes[0]} and {sizes[1]}"
            raise not_of(self.title, architecture, why)
        return genotype

    def read(self, architecture: str) -> Genotype | None:
        """The genotype of a text, of this space or another; None if it is no such text."""
        return read_genotype(architecture)

    def fault(self, cell: Cell) -> str:
        """Why a cell is not of this space; empty if it is."""
        if len(cell.entries) != 2 * self.nodes:
            return f"has {len(cell.entries)} operations, not {2 * self.nodes}"
        for source, node, operation in cell.edges():
            if operation not in self.operations:
                return f"has an unknown operation {operation!r}; known are {', '.join(self.operations)}"
            if source >= node:
                return f"reads node {source} in node {node}; only nodes 0 to {node - 1} are there"
        known = set(range(INPUTS, INPUTS + self.nodes))
        if not cell.concat or len(set(cell.concat)) < len(cell.concat) or not set(cell.concat) <= known:
            last = INPUTS + self.nodes - 1
            return f"puts out nodes {list(cell.concat)}, which must be some of {INPUTS} to {last}, each once"
        fed = set(range(INPUTS))
        for source, node, operation in cell.edges():
            if source in fed and operation != "none":
                fed.add(node)
        if not fed & set(cell.concat):
            return "has no path from an input to its output"
        return ""

    def format(self, genotype: Genotype) -> str:
        """The text of a genotype."""
        return format_genotype(genotype)

    def canonical_key(self, architecture: str) -> str:
        """Of each cell the operations that are fed and reach its output, numbered in the smallest way.

        The order of entries, of nodes and of what is put out counts nothing; skips, but those that halve the
        map, add their node's terms to the next sum; ``none`` adds nothing, and two pools of the same
        terms are one.
        """
        genotype = self.parse(architecture)
        cells = (self.cell_key(cell, name == "reduce") for name, cell in genotype.cells.items())
        size = (genotype.width, genotype.depth)
        own = size in ((0, 0), (self.channels, self.cells))
        return " / ".join([*cells, *(() if own else (f"{size[0]} x {size[1]}",))])

    @staticmethod
    @lru_cache(maxsize=1024)  # the neighbours of an architecture share one of its cells
    def cell_key(cell: Cell, reduces: bool) -> str:
        """The key of one cell."""

        def meaning(operation: str, source: int) -> str:
            if operation == "none":
                return NOTHING
            if operation == "skip_connect" and not (reduces and source < INPUTS):
                return PASS
            # What halves the map in a cell reads an input, so that one name tells both.
            return operation

        edges = [(source, node, meaning(operation, source)) for source, node, operation in cell.edges()]
        pools = {operation for operation, _ in cell.entries if "pool" in operation}
        return cell_key(edges, INPUTS, cell.concat, pools)

    def build(self, architecture: str) -> nn.Module:
        """The network of an architecture, initialised by torch's defaults, without an auxiliary head."""
        return self._network(self.parse(architecture), affine=True)

    def _network(self, genotype: Genotype, affine: bool) -> nn.Module:
        from evozc.spaces.nds._network import Network

        width, depth = genotype.width or self.channels, genotype.depth or self.cells
        return Network(genotype, width, depth, self.input_channels, self.classes, self.imagenet, affine)

    def blocks(self, network: Any) -> list[nn.Module]:
        """The stem and the cells, in forward order."""
        return [network.stem, *network.cells]

    def graph(self, architecture: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """Both cells with their operations on the nodes, the normal one in front of the other.

        Each has two nodes more for what it reads, ``before_last`` and ``last``. ``none`` feeds and reads
        nothing.

        Returns:
            bool, true from a node to those that it feeds, and the operation of each node.
        """
        start, between, end = -1, 100, 200
        genotype = self.parse(architecture)
        edges: list[tuple[int, set[int], str]] = []
        for cell, first, entered, left in (
            (genotype.normal, 0, start, between), (genotype.reduce, between + 1, between, end),
        ):
            edges += [(entered, {first}, "before_last"), (entered, {first + 1}, "last")]
            for source, node, operation in cell.edges():
                out = {left} if node in cell.concat else set()
                edges.append((first + source, {first + node} | out, operation))
        return operation_graph(edges, start, end)

    def sample(self, generator: random.Random) -> str:
        """A genotype drawn uniformly from all of the space's own width and depth.

        Each entry is any operation on any earlier node, as NDS draws them; dead cells are drawn again.
        """
        return self.format(Genotype(self._drawn(generator), self._drawn(generator)))

    def _drawn(self, generator: random.Random) -> Cell:
        while True:
            entries = tuple(
                (generator.choice(self.operations), generator.randrange(node_of(place)))
                for place in range(2 * self.nodes)
            )
            cell = Cell(entries, self.concat_of(entries))
            if not self.fault(cell):
                return cell

    def concat_of(self, entries: tuple[tuple[str, int], ...]) -> tuple[int, ...]:
        """The nodes that leave a cell by the rule of the space."""
        read = {source for _, source in entries} if self.loose else set()
        return tuple(node for node in range(INPUTS, INPUTS + self.nodes) if node not in read)

    def neighbours(self, architecture: str) -> list[str]:
        """The architectures with one operation changed, or one entry that reads another node.

        Where nodes leave the cell because no other reads them, they are looked up anew.
        """
        genotype = self.parse(architecture)
        near = [genotype._replace(normal=other) for other in self._changed(genotype.normal)]
        near += [genotype._replace(reduce=other) for other in self._changed(genotype.reduce)]
        return [self.format(other) for other in near]

    def _changed(self, cell: Cell) -> Iterator[Cell]:
        ruled = cell.concat == self.concat_of(cell.entries)
        for place, (operation, source) in enumerate(cell.entries):
            others = [(other, source) for other in self.operations if other != operation]
            others += [(operation, other) for other in range(node_of(place)) if other != source]
            for entry in others:
                entries = (*cell.entries[:place], entry, *cell.entries[place + 1 :])
                changed = Cell(entries, self.concat_of(entries) if ruled else cell.concat)
                if not self.fault(changed):
                    yield changed
