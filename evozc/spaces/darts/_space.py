"""DARTS (Liu, Simonyan and Yang, ICLR 2019, arXiv 1806.09055), in NAS-Bench-301 and in NDS.

NAS-Bench-301 (Siems et al., arXiv 2008.09777) predicts accuracies of this space; NAS-Bench-Suite-Zero
measured proxies on a network of its own for them.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from evozc.spaces._checks import check_choice
from evozc.spaces.nds._genotype import (
    INPUTS,
    Cell,
    Genotype,
    format_genotype,
    format_nested,
    read_genotype,
    read_nested,
)
from evozc.spaces.nds._space import GenotypeSpace

if TYPE_CHECKING:
    from torch import nn

#: By NAS-Bench-301's number, which has no ``none``.
NUMBERED = (
    "max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3",
    "dil_conv_5x5",
)
#: By network, the published width and depth.
NETWORKS = {"trained": (36, 20), "suite-zero": (32, 8)}


@dataclass(frozen=True)
class Darts(GenotypeSpace):
    """The space of DARTS, with the network that is trained or the one of NAS-Bench-Suite-Zero.

    Both read genotypes as :class:`GenotypeSpace` does and NAS-Bench-301's nested lists,
    ``[[(0, 4), (1, 3), ...], [(0, 1), ...]]``: of the normal and of the reducing cell, by entry the node
    that it reads, and its operation by number. ``suite-zero`` draws and writes such lists; its cells have
    no ``none``, a node's two inputs differ, and its normalisations within cells have no scales, but one
    follows every pool, as in the network that DARTS searches with.

    Args:
        network: ``trained`` or ``suite-zero``.
        channels: Width of a text that says none; 0 for the network's own, 36 or 32.
        cells: Depth of a text that says none; 0 for the network's own, 20 or 8.

    The other settings are those of :class:`GenotypeSpace`.

    Raises:
        ConfigError: no such network, or a number below one.
    """

    network: str = "trained"
    channels: int = 0
    cells: int = 0

    name: ClassVar[str] = "darts"
    title: ClassVar[str] = "the DARTS space"
    operations: ClassVar[tuple[str, ...]] = ("none", *NUMBERED)
    nodes: ClassVar[int] = 4
    expected: ClassVar[str] = GenotypeSpace.expected + "; or [[(node, number), ...], [...]]"

    def __post_init__(self) -> None:
        check_choice(self.name, "network", self.network, list(NETWORKS))
        for key, published in zip(("channels", "cells"), NETWORKS[self.network], strict=True):
            own = getattr(self, key)
            if own == 0 and own is not False:
                object.__setattr__(self, key, published)
        super().__post_init__()

    @property
    def _nested(self) -> bool:
        return self.network == "suite-zero"

    @property
    def count(self) -> int:
        """Genotypes of the space's own width and depth; nested lists with their pairs sorted."""
        if not self._nested:
            return super().count
        nodes = range(INPUTS, INPUTS + self.nodes)
        return math.prod(math.comb(node, 2) * len(NUMBERED) ** 2 for node in nodes) ** 2

    def read(self, architecture: str) -> Genotype | None:
        """The genotype of a text of either kind."""
        return read_genotype(architecture) or read_nested(architecture, NUMBERED)

    def fault(self, cell: Cell) -> str:
        """Why a cell is not of this space; empty if it is."""
        why = super().fault(cell)
        if why or not self._nested:
            return why
        if any(operation == "none" for operation, _ in cell.entries):
            return "has the operation 'none', which NAS-Bench-301 has not"
        for node, (one, other) in enumerate(_pairs(cell), INPUTS):
            if one[1] == other[1]:
                return f"reads node {one[1]} twice in node {node}"
        if cell.concat != self.concat_of(cell.entries):
            return f"puts out nodes {list(cell.concat)}, not all"
        return ""

    def format(self, genotype: Genotype) -> str:
        """The text of a genotype; a nested list says no width and depth."""
        if not self._nested or genotype.width:
            return format_genotype(genotype)
        return format_nested(genotype, NUMBERED)

    def build(self, architecture: str) -> nn.Module:
        """The network of an architecture, initialised by torch's defaults, without an auxiliary head."""
        return self._network(self.parse(architecture), affine=not self._nested)

    def _drawn(self, generator: random.Random) -> Cell:
        if not self._nested:
            return super()._drawn(generator)
        entries = []
        for node in range(INPUTS, INPUTS + self.nodes):
            sources = sorted(generator.sample(range(node), 2))
            entries += [(generator.choice(NUMBERED), source) for source in sources]
        return Cell(tuple(entries), self.concat_of(tuple(entries)))

    def _changed(self, cell: Cell) -> Iterator[Cell]:
        if not self._nested:
            yield from super()._changed(cell)
            return
        for changed in super()._changed(_sorted(cell)):
            yield _sorted(changed)


def _pairs(cell: Cell) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """By node its two entries."""
    return list(zip(cell.entries[::2], cell.entries[1::2], strict=True))


def _sorted(cell: Cell) -> Cell:
    """The cell with the entries of each node sorted by what they read."""
    pairs = [sorted(pair, key=lambda entry: entry[1]) for pair in _pairs(cell)]
    return cell._replace(entries=tuple(entry for pair in pairs for entry in pair))
