"""Pooling-based vision transformers (Heo et al., ICCV 2021, arXiv 2103.16302), the space of Auto-Prox.

Three stages of transformer blocks; between them a strided convolution halves the resolution.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.errors import ConfigError
from evozc.spaces._checks import check_whole_numbers
from evozc.spaces._fields import Fields
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    from torch import nn

FIELDS = Fields(
    "the PiT space",
    {
        "base_dim": (16, 24, 32, 40),
        "mlp_ratio": (2, 4, 6, 8),
        "depth": (
            (1, 6, 6), (1, 8, 4), (2, 4, 6), (2, 6, 4), (2, 6, 6), (2, 8, 2), (2, 8, 4), (3, 4, 6), (3, 6, 4),
            (3, 8, 2),
        ),
        "num_heads": tuple(
            (a, b, c) for a in (2, 4, 8) for b in (2, 4, 8) for c in (2, 4, 8) if a <= b <= c
        ),
    },
    {},
)
PATCH, STRIDE = 16, 8


@dataclass(frozen=True)
class PiT:
    """The space of ``base_dim=32 mlp_ratio=4 depth=2,6,4 num_heads=2,4,8`` texts.

    A stage's width is its heads times ``base_dim``.

    Args:
        resolution: Height and width of the images, from 32.
        input_channels: Channels of the images.
        classes: Number of outputs.

    Raises:
        ConfigError: a setting below one, or images too small for two poolings.
    """

    resolution: int = 224
    input_channels: int = 3
    classes: int = 100

    name: ClassVar[str] = "pit"
    count: ClassVar[int] = FIELDS.count
    architecture_columns: ClassVar[tuple[str, ...]] = tuple(FIELDS.whole)

    def __post_init__(self) -> None:
        check_whole_numbers(self.name, **asdict(self))
        if self.resolution < 2 * PATCH:
            raise ConfigError(f"pit: resolution must be at least {2 * PATCH}, not {self.resolution}")

    @property
    def inputs(self) -> ImageInputs:
        """Images of the one size that the positions are learned for."""
        return ImageInputs(self.input_channels, self.resolution, self.resolution, batch=8)

    @property
    def outputs(self) -> Outputs:
        """A score for each class."""
        return Outputs("classes", self.classes)

    def settings(self) -> dict[str, int]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def from_columns(self, cells: Mapping[str, str]) -> str:
        """The text of the published columns."""
        return FIELDS.from_columns(cells)

    def canonical_key(self, architecture: str) -> str:
        """The text itself: no two compute the same."""
        FIELDS.parse(architecture)
        return architecture

    def build(self, architecture: str) -> nn.Module:
        """The network, initialised by torch's defaults but for positions and class token, as published."""
        from evozc.spaces.pit._network import Network

        values = FIELDS.parse(architecture)
        (base,), (ratio,), (depths,), (heads,) = (values[name] for name in FIELDS.whole)
        side = (self.resolution - PATCH) // STRIDE + 1
        return Network(base, ratio, depths, heads, side, self.input_channels, self.classes)

    def blocks(self, network: Any) -> list[nn.Module]:
        """The transformer blocks."""
        return [block for stage in network.stages for block in stage]

    def sample(self, generator: random.Random) -> str:
        """An architecture drawn uniformly from all texts."""
        return FIELDS.sample(generator)

    def neighbours(self, architecture: str) -> list[str]:
        """The 24 architectures with another base width, ratio, triple of depths or triple of heads."""
        return FIELDS.neighbours(architecture)
