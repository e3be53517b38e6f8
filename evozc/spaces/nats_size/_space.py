"""The size space of NATS-Bench (Dong, Liu, Musial and Gabrys, TPAMI 2021, arXiv 2009.00437).

All networks have the same cell, the best of the topology space, in three stages; an architecture is the
widths of five of their layers.
"""

from __future__ import annotations

import random
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.spaces._checks import check_whole_numbers, not_of
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    from torch import nn

WIDTHS = (8, 16, 24, 32, 40, 48, 56, 64)
LAYERS = 5
_TITLE = "NATS-Bench's size space"
_TEXT = re.compile(r"(?:[0-9]|[1-9][0-9])(?::(?:[0-9]|[1-9][0-9])){4}")


@dataclass(frozen=True)
class NatsSize:
    """The space of ``64:32:16:48:8`` texts: widths of the stem, the three cells and the blocks between.

    Args:
        input_channels: Channels of the images.
        classes: Number of outputs.

    Raises:
        ConfigError: a setting below one.
    """

    input_channels: int = 3
    classes: int = 10

    name: ClassVar[str] = "nats-size"
    count: ClassVar[int] = len(WIDTHS) ** LAYERS

    def __post_init__(self) -> None:
        check_whole_numbers(self.name, **asdict(self))

    @property
    def inputs(self) -> ImageInputs:
        """Images of any size; of 32 x 32 pixels in the benchmark."""
        return ImageInputs(self.input_channels)

    @property
    def outputs(self) -> Outputs:
        """A score for each class."""
        return Outputs("classes", self.classes)

    def settings(self) -> dict[str, int]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def parse(self, architecture: str) -> tuple[int, ...]:
        """The five widths of an architecture text.

        Raises:
            DataError: the text is not of this space.
        """
        if not isinstance(architecture, str) or not _TEXT.fullmatch(architecture):
            raise not_of(_TITLE, architecture, "expected five widths as 64:32:16:48:8")
        widths = tuple(map(int, architecture.split(":")))
        for width in widths:
            if width not in WIDTHS:
                known = ", ".join(map(str, WIDTHS))
                raise not_of(_TITLE, architecture, f"unknown width {width}; known are {known}")
        return widths

    @staticmethod
    def format(widths: tuple[int, ...]) -> str:
        """The architecture text of five widths."""
        return ":".join(map(str, widths))

    def canonical_key(self, architecture: str) -> str:
        """The text itself: no two compute the same."""
        return self.format(self.parse(architecture))

    def build(self, architecture: str) -> nn.Module:
        """The network of an architecture, initialised by torch's defaults as in the benchmark."""
        from evozc.spaces.nats_size._network import Network

        return Network(self.parse(architecture), self.input_channels, self.classes)

    def blocks(self, network: Any) -> list[nn.Module]:
        """The stem, cells and residual blocks in forward order."""
        return [network.stem, *network.body]

    def sample(self, generator: random.Random) -> str:
        """An architecture drawn uniformly from all 32,768 texts."""
        return self.format(tuple(generator.choice(WIDTHS) for _ in range(LAYERS)))

    def neighbours(self, architecture: str) -> list[str]:
        """The 35 architectures that differ in one width."""
        widths = self.parse(architecture)
        return [
            self.format((*widths[:layer], other, *widths[layer + 1 :]))
            for layer in range(LAYERS)
            for other in WIDTHS
            if other != widths[layer]
        ]
