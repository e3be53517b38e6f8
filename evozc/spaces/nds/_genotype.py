"""Genotypes: two cells as lists of operations with their inputs, and the texts that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

#: Nodes below are the outputs of the cell before the last and of the last one.
INPUTS = 2
#: Longer texts are not read.
_LONGEST = 2000

_PAIR = re.compile(r"\('(\w{1,40})',(\d{1,2})\)", re.ASCII)
_PAIRS = r"\(((?:\('\w{1,40}',\d{1,2}\),?)+)\)"
_LIST = r"(range\(\d{1,2},\d{1,2}\)|\(\d{1,2}(?:,\d{1,2})*,?\))"
_GENOTYPE = re.compile(
    rf"Genotype\(normal={_PAIRS},normal_concat={_LIST},reduce={_PAIRS},reduce_concat={_LIST}"
    r"(?:,width=(\d{1,4}),depth=(\d{1,4}))?\)",
    re.ASCII,
)
_NUMBERS = r"\(((?:\(\d,\d\),?)+)\)"
_NESTED = re.compile(rf"\({_NUMBERS},{_NUMBERS}\)", re.ASCII)


class Cell(NamedTuple):
    """One cell; entries 2k and 2k + 1 are summed in node 2 + k.

    Args:
        entries: By entry its operation, and the node that it reads.
        concat: The nodes whose sums leave the cell side by side.
    """

    entries: tuple[tuple[str, int], ...]
    concat: tuple[int, ...]

    def edges(self) -> Iterator[tuple[int, int, str]]:
        """By entry the node that it reads, its own node and its operation."""
        for place, (operation, source) in enumerate(self.entries):
            yield source, node_of(place), operation


class Genotype(NamedTuple):
    """Two cells, and the width and depth of their network where the text says them, else 0."""

    normal: Cell
    reduce: Cell
    width: int = 0
    depth: int = 0

    @property
    def cells(self) -> dict[str, Cell]:
        """Both by their names."""
        return {"normal": self.normal, "reduce": self.reduce}


def node_of(place: int) -> int:
    """The node that an entry is summed in."""
    return INPUTS + place // 2


def read_genotype(text: str) -> Genotype | None:
    """The genotype of ``Genotype(normal=[('skip_connect', 0), ...], normal_concat=range(2, 6), ...)``.

    Brackets and parentheses, single and double quotes are the same, as are ``range(2, 6)`` and
    ``[2, 3, 4, 5]``. ``width`` and ``depth`` may follow.

    Returns:
        None if it is no such text; whether operations and nodes are those of a space is not looked at.
    """
    match = _GENOTYPE.fullmatch(_plain(text))
    if match is None:
        return None
    normal, normal_concat, reduce, reduce_concat, width, depth = match.groups()
    return Genotype(
        Cell(_entries(normal), _nodes(normal_concat)),
        Cell(_entries(reduce), _nodes(reduce_concat)),
        int(width or 0),
        int(depth or 0),
    )


def format_genotype(genotype: Genotype) -> str:
    """The text of a genotype, as it is printed by Python."""
    fields = [
        field
        for name, cell in genotype.cells.items()
        for field in (f"{name}={list(cell.entries)}", f"{name}_concat={_format_nodes(cell.concat)}")
    ]
    if genotype.width:
        fields += [f"width={genotype.width}", f"depth={genotype.depth}"]
    return f"Genotype({', '.join(fields)})"


def read_nested(text: str, operations: Sequence[str]) -> Genotype | None:
    """The genotype of ``[[(0, 4), (1, 3), ...], [...]]``: by entry the node that it reads, and its operation.

    Args:
        text: Of NAS-Bench-Suite-Zero's NAS-Bench-301.
        operations: By number.

    Returns:
        None if it is no such text, or an operation's number is too large.
    """
    match = _NESTED.fullmatch(_plain(text))
    if match is None:
        return None
    cells = []
    for part in match.groups():
        numbers = list(map(int, re.findall(r"\d", part)))
        if max(numbers[1::2]) >= len(operations):
            return None
        pairs = zip(numbers[::2], numbers[1::2], strict=True)
        entries = tuple((operations[number], source) for source, number in pairs)
        cells.append(Cell(entries, tuple(range(INPUTS, INPUTS + len(entries) // 2))))
    normal, reduce = cells
    return Genotype(normal, reduce)


def format_nested(genotype: Genotype, operations: Sequence[str]) -> str:
    """The text of a genotype whose nodes all leave the cell."""
    cells = [
        [(source, operations.index(name)) for name, source in cell.entries]
        for cell in genotype.cells.values()
    ]
    return str(cells)


def _plain(text: str) -> str:
    """The text with one kind of brackets and quotes, and without blanks beside them."""
    if len(text) > _LONGEST or text != text.strip():
        return ""
    return re.sub(r" *([(),=]) *", r"\1", text.translate(str.maketrans("[]\"", "()'")))


def _entries(pairs: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, int(source)) for name, source in _PAIR.findall(pairs))


def _nodes(text: str) -> tuple[int, ...]:
    numbers = tuple(map(int, re.findall(r"\d+", text)))
    return tuple(range(*numbers)) if text.startswith("range") else numbers


def _format_nodes(nodes: tuple[int, ...]) -> str:
    whole = len(nodes) > 1 and nodes == tuple(range(nodes[0], nodes[-1] + 1))
    return f"range({nodes[0]}, {nodes[-1] + 1})" if whole else str(list(nodes))
