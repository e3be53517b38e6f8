"""NAS-Bench-Macro (Su et al., CVPR 2021, arXiv 2103.11922).

A chain of eight layers in stages of two, three and three, each layer the identity or one of two
inverted residual blocks; the first layer of a stage halves the resolution and doubles the channels.
"""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.spaces._checks import check_whole_numbers, not_of
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    from torch import nn

#: By digit: (kernel, expansion) of the inverted residual block; None for the identity.
LAYERS: tuple[tuple[int, int] | None, ...] = (None, (3, 3), (5, 6))
#: Layers in each stage.
STAGES = (2, 3, 3)

_TEXT = re.compile(r"[012]{8}")


@dataclass(frozen=True)
class NasBenchMacro:
    """The space of eight digits: 0 identity, 1 kernel 3 expansion 3, 2 kernel 5 expansion 6.

    Args:
        input_channels: Channels of the images.
        classes: Number of outputs.

    Raises:
        ConfigError: a setting below one.
    """

    input_channels: int = 3
    classes: int = 10

    name: ClassVar[str] = "nasbench-macro"
    count: ClassVar[int] = len(LAYERS) ** sum(STAGES)

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

    def parse(self, architecture: str) -> tuple[tuple[int, ...], ...]:
        """The digits of each stage.

        Raises:
            DataError: the text is not an architecture of NAS-Bench-Macro.
        """
        if not isinstance(architecture, str) or not _TEXT.fullmatch(architecture):
            raise not_of("NAS-Bench-Macro", architecture, "expected eight digits 0, 1 or 2, as 12012012")
        digits = iter(map(int, architecture))
        return tuple(tuple(itertools.islice(digits, length)) for length in STAGES)

    def canonical_key(self, architecture: str) -> str:
        """The text with the identities of each stage, but for its first layer, moved to the stage's end.

        An identity that changes no shape is no layer at all, so 6,561 texts are 3,969 networks.
        """
        return "".join(
            str(digit)
            for first, *others in self.parse(architecture)
            for digit in (first, *sorted(others, key=lambda layer: layer == 0))
        )

    def build(self, architecture: str) -> nn.Module:
        """The network of an architecture, initialised by torch's defaults as in the benchmark."""
        from evozc.spaces.nasbench_macro._network import Network

        stages = [[LAYERS[digit] for digit in stage] for stage in self.parse(architecture)]
        return Network(stages, self.input_channels, self.classes)

    def blocks(self, network: Any) -> list[nn.Module]:
        """The stem and all layers that are more than the identity."""
        return [network.stem, *network.body]

    def sample(self, generator: random.Random) -> str:
        """A network drawn uniformly from all 3,969, as its canonical text.

        Uniform digits would draw networks with identities more often, once for each way to place them.
        """
        while True:
            drawn = "".join(generator.choices("012", k=sum(STAGES)))
            if drawn == self.canonical_key(drawn):
                return drawn

    def neighbours(self, architecture: str) -> list[str]:
        """The texts that differ in one digit, one of each network, and not of this one's."""
        own = self.canonical_key(architecture)
        near: dict[str, str] = {}
        for position, digit in enumerate(architecture):
            for other in "012".replace(digit, ""):
                text = architecture[:position] + other + architecture[position + 1 :]
                near.setdefault(self.canonical_key(text), text)
        near.pop(own, None)
        return list(near.values())
