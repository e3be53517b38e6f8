"""TransNAS-Bench-101 (Duan et al., CVPR 2021, arXiv 2105.11871): two spaces, seven tasks.

Architectures are encoders; each task adds its own head. ``micro`` has one cell of four nodes in a fixed
chain of ten, ``macro`` a chain of four to six layers of residual blocks that may halve the resolution or
double the channels.
"""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.spaces._checks import check_choice, check_whole_numbers, not_of
from evozc.spaces._graphs import FOUR_NODES, operation_graph
from evozc.spaces._keys import NOTHING, PASS, cell_key
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

#: What the network of a task returns; scene and object classes are labelled by shares.
TASKS = {
    "class_scene": Outputs("classes", 63),
    "class_object": Outputs("classes", 100),
    "room_layout": Outputs("values", 9),
    "jigsaw": Outputs("classes", 1000),
    "segmentsemantic": Outputs("class map", 17),
    "autoencoder": Outputs("image", 3),
    "normal": Outputs("image", 3),
}
#: Pieces of a jigsaw, each of them an image.
TILES = 9
#: Channels of the stem.
CHANNELS = 64
#: Layers of two cells, the same in all micro networks: 2 and 4 double the channels, 3 and 4 halve the map.
MICRO_LAYERS = "41414"
#: By digit, the operation of a micro cell's edge.
OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3")

_MICRO = re.compile(rf"{CHANNELS}-{MICRO_LAYERS}-([0-3])_([0-3]{{2}})_([0-3]{{3}})")
_MACRO = re.compile(rf"{CHANNELS}-([1-4]{{4,6}})-basic")


@dataclass(frozen=True)
class TransNas:
    """What both spaces share.

    Args:
        task: One of ``TASKS``.
        classes: Classes, values or channels that the head returns; 0 for the published number.
        input_channels: Channels of the images.

    Raises:
        ConfigError: no such task, or a number below one.
    """

    task: str = "class_scene"
    classes: int = 0
    input_channels: int = 3

    name: ClassVar[str]

    def __post_init__(self) -> None:
        check_choice(self.name, "task", self.task, list(TASKS))
        if self.classes == 0 and self.classes is not False:
            object.__setattr__(self, "classes", TASKS[self.task].size)
        check_whole_numbers(self.name, classes=self.classes, input_channels=self.input_channels)

    @property
    def inputs(self) -> ImageInputs:
        """Images of any size, 256 x 256 as published; of jigsaw, nine tiles of 64 x 64.

        Of the tasks with a map as output, sides that are multiples of the encoder's stride, 32 of micro.
        """
        if self.task == "jigsaw":
            return ImageInputs(self.input_channels, tiles=TILES, side=64, batch=8)
        return ImageInputs(self.input_channels, side=256, batch=8)

    @property
    def outputs(self) -> Outputs:
        """What the task's loss is taken of.

        The published loss of scene and object classes adds 1e-5 to each share before the logarithm.
        """
        return Outputs(TASKS[self.task].kind, self.classes)

    def settings(self) -> dict[str, int | str]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def blocks(self, network: Any) -> list[nn.Module]:
        """The stem, the cells, and the layers of a decoder but its last, in forward order."""
        return [network.encoder.stem, *network.encoder.body, *getattr(network.head, "hidden", ())]


class TransNasMicro(TransNas):
    """The space of ``64-41414-a_bc_def`` texts: the operations into the cell's second, third and last node.

    Digits are 0 none, 1 skip, 2 convolution 1 x 1, 3 convolution 3 x 3. NAS-Bench-Suite-Zero writes the
    same digits as a tuple ``(a, b, c, d, e, f)``. Settings are those of :class:`TransNas`.
    """

    name: ClassVar[str] = "transnas-micro"
    count: ClassVar[int] = len(OPERATIONS) ** len(FOUR_NODES)
    graph_operations: ClassVar[tuple[str, ...]] = ("input", *OPERATIONS, "output")

    def parse(self, architecture: str) -> tuple[int, ...]:
        """The six digits, of edges ordered by target and then by source.

        Raises:
            DataError: the text is not of this space.
        """
        match = _MICRO.fullmatch(architecture) if isinstance(architecture, str) else None
        if match is None:
            expected = f"expected {CHANNELS}-{MICRO_LAYERS}-a_bc_def with digits 0 to {len(OPERATIONS) - 1}"
            raise not_of("TransNAS-Bench-101's micro space", architecture, expected)
        return tuple(map(int, "".join(match.groups())))

    @staticmethod
    def format(digits: tuple[int, ...]) -> str:
        """The architecture text of six digits."""
        return "{}-{}-{}_{}{}_{}{}{}".format(CHANNELS, MICRO_LAYERS, *digits)

    def canonical_key(self, architecture: str) -> str:
        """The cell's operations that are fed and reach the output, numbered in the smallest way.

        A skip from the first node is an operation, since it halves the map in the first cell of a layer;
        other skips add their node's terms to the next sum. It makes 1,376 classes of the 4,096 texts,
        one of them the 169 ``dead`` texts'.
        """
        edges = [
            (source, target, _meaning(digit, source))
            for (source, target), digit in zip(FOUR_NODES, self.parse(architecture), strict=True)
        ]
        return cell_key(edges, inputs=1, outputs=[3])

    def build(self, architecture: str) -> nn.Module:
        """The network: the encoder with Kaiming-normal weights (fan out), the head with torch's defaults."""
        from evozc.spaces.transnas._network import micro_network

        operations = [OPERATIONS[digit] for digit in self.parse(architecture)]
        return micro_network(operations, CHANNELS, MICRO_LAYERS, self.task, self.classes, self.input_channels)

    def sample(self, generator: random.Random) -> str:
        """An architecture drawn uniformly from all 4,096 texts, dead ones among them."""
        return self.format(tuple(generator.randrange(len(OPERATIONS)) for _ in FOUR_NODES))

    def neighbours(self, architecture: str) -> list[str]:
        """The 18 architectures that differ in the operation of one edge."""
        digits = self.parse(architecture)
        return [
            self.format((*digits[:edge], other, *digits[edge + 1 :]))
            for edge in range(len(FOUR_NODES))
            for other in range(len(OPERATIONS))
            if other != digits[edge]
        ]

    def graph(self, architecture: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """The cell with its operations on the nodes, as :meth:`NasBench201.graph` gives it.

        Returns:
            bool (8, 8), true from a node to those that it feeds, and the operation of each node.
        """
        digits = self.parse(architecture)
        edges = [(a, {b}, OPERATIONS[digit]) for (a, b), digit in zip(FOUR_NODES, digits, strict=True)]
        return operation_graph(edges, start=0, end=3)


class TransNasMacro(TransNas):
    """The space of ``64-1234-basic`` texts: four to six layers of two residual blocks each.

    In the first block of a layer, digits 2 and 4 double the channels and 3 and 4 halve the map; a
    network has one to three layers that double and one to four that halve. NAS-Bench-Suite-Zero pads
    the digits with zeros to six. Settings are those of :class:`TransNas`.
    """

    name: ClassVar[str] = "transnas-macro"
    count: ClassVar[int] = 3256

    def parse(self, architecture: str) -> str:
        """The digits.

        Raises:
            DataError: the text is not of this space.
        """
        title = "TransNAS-Bench-101's macro space"
        match = _MACRO.fullmatch(architecture) if isinstance(architecture, str) else None
        if match is None:
            expected = f"expected {CHANNELS}-<four to six digits from 1 to 4>-basic"
            raise not_of(title, architecture, expected)
        if not _within(match[1]):
            raise not_of(
                title, architecture,
                "one to three layers must double the channels (2, 4) and one to four halve the map (3, 4)",
            )
        return match[1]

    @staticmethod
    def format(digits: str) -> str:
        """The architecture text of some digits."""
        return f"{CHANNELS}-{digits}-basic"

    def canonical_key(self, architecture: str) -> str:
        """The text itself: no two compute the same."""
        return self.format(self.parse(architecture))

    def build(self, architecture: str) -> nn.Module:
        """The network: the encoder with Kaiming-normal weights (fan out), the head with torch's defaults."""
        from evozc.spaces.transnas._network import macro_network

        digits = self.parse(architecture)
        return macro_network(CHANNELS, digits, self.task, self.classes, self.input_channels)

    def sample(self, generator: random.Random) -> str:
        """An architecture drawn uniformly from all 3,256 texts."""
        return self.format(generator.choice(_macro_digits()))

    def neighbours(self, architecture: str) -> list[str]:
        """The architectures with one digit changed, or one layer put in or taken out."""
        own = self.parse(architecture)
        near = [
            own[:place] + put + own[place + taken :]
            for place in range(len(own) + 1)
            for put in ("", *"1234")
            for taken in (0, 1)
        ]
        return [
            self.format(digits)
            for digits in dict.fromkeys(near)
            if digits != own and 4 <= len(digits) <= 6 and _within(digits)
        ]


def _meaning(digit: int, source: int) -> str:
    """What the key takes a micro edge for."""
    if OPERATIONS[digit] == "none":
        return NOTHING
    return PASS if OPERATIONS[digit] == "skip_connect" and source else OPERATIONS[digit]


def _within(digits: str) -> bool:
    """Whether a macro network doubles and halves often enough, and not too often."""
    return 1 <= sum(d in "24" for d in digits) <= 3 and 1 <= sum(d in "34" for d in digits) <= 4


@cache
def _macro_digits() -> tuple[str, ...]:
    """The digits of all macro networks."""
    texts = ("".join(digits) for depth in (4, 5, 6) for digits in itertools.product("1234", repeat=depth))
    return tuple(digits for digits in texts if _within(digits))
