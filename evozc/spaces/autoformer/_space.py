"""AutoFormer (Chen et al., ICCV 2021, arXiv 2107.00651), and as Auto-Prox builds it (AAAI 2024).

Vision transformers whose width, depth and, layer by layer, heads and width of the feed-forward layer are
chosen.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.errors import ConfigError
from evozc.spaces._checks import check_choice, check_whole_numbers
from evozc.spaces._fields import Fields
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    from torch import nn

PATCH = 16
HEAD_WIDTH = 64


def _fields(
    size: str, widths: tuple[int, ...], ratios: tuple[float, ...], heads: tuple[int, ...],
    depths: tuple[int, ...],
) -> Fields:
    return Fields(
        f"AutoFormer's {size} space", {"embed_dim": widths}, {"mlp_ratio": ratios, "num_heads": heads}, depths
    )


#: The three published spaces.
SIZES: Mapping[str, Fields] = {
    "tiny": _fields("tiny", (192, 216, 240), (3.5, 4), (3, 4), (12, 13, 14)),
    "small": _fields("small", (320, 384, 448), (3, 3.5, 4), (5, 6, 7), (12, 13, 14)),
    "base": _fields("base", (528, 576, 624), (3, 3.5, 4), (9, 10), (14, 15, 16)),
}
VARIANTS = ("autoformer", "auto-prox")


@dataclass(frozen=True)
class AutoFormer:
    """The space of ``embed_dim=192 mlp_ratio=3.5,4,... num_heads=3,4,...`` texts, a number a layer.

    Args:
        size: ``tiny``, ``small`` or ``base``.
        variant: ``autoformer``: heads of 64 whatever the width, relative positions in every layer.
            ``auto-prox``: heads share the width, no relative positions; of the tiny space alone, for in
            the others heads do not divide the width.
        resolution: Height and width of the images, a multiple of 16.
        input_channels: Channels of the images.
        classes: Number of outputs.

    Raises:
        ConfigError: a setting that is none of these.
    """

    size: str = "tiny"
    variant: str = "autoformer"
    resolution: int = 224
    input_channels: int = 3
    classes: int = 1000

    name: ClassVar[str] = "autoformer"
    architecture_columns: ClassVar[tuple[str, ...]] = ("depth", "embed_dim", "mlp_ratio", "num_heads")

    def __post_init__(self) -> None:
        check_choice(self.name, "size", self.size, tuple(SIZES))
        check_choice(self.name, "variant", self.variant, VARIANTS)
        check_whole_numbers(
            self.name, resolution=self.resolution, input_channels=self.input_channels, classes=self.classes
        )
        if self.resolution % PATCH:
            raise ConfigError(f"autoformer: resolution must be a multiple of {PATCH}, not {self.resolution}")
        if self.variant == "auto-prox" and self.size != "tiny":
            raise ConfigError(f"autoformer: auto-prox is of the size tiny alone, not {self.size}")

    @property
    def inputs(self) -> ImageInputs:
        """Images of the one size that the positions are learned for."""
        return ImageInputs(self.input_channels, self.resolution, self.resolution, batch=8)

    @property
    def outputs(self) -> Outputs:
        """A score for each class."""
        return Outputs("classes", self.classes)

    @property
    def count(self) -> int:
        """About 1e9, 8e13 and 1e13."""
        return SIZES[self.size].count

    def settings(self) -> dict[str, int | str]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def from_columns(self, cells: Mapping[str, str]) -> str:
        """The text of the published columns; lists longer than ``depth`` are cut."""
        return SIZES[self.size].from_columns(cells, "depth")

    def canonical_key(self, architecture: str) -> str:
        """The text itself: no two compute the same."""
        SIZES[self.size].parse(architecture)
        return architecture

    def build(self, architecture: str) -> nn.Module:
        """The network, initialised by truncated normal weights of deviation .02, as published."""
        from evozc.spaces.autoformer._network import Network

        values = SIZES[self.size].parse(architecture)
        return Network(
            values["embed_dim"][0], values["mlp_ratio"], values["num_heads"], self.variant == "autoformer",
            self.resolution // PATCH, self.input_channels, self.classes,
        )

    def blocks(self, network: Any) -> list[nn.Module]:
        """The transformer blocks."""
        return list(network.body)

    def sample(self, generator: random.Random) -> str:
        """An architecture: depth and width uniformly, then every layer's choices, as published."""
        return SIZES[self.size].sample(generator)

    def neighbours(self, architecture: str) -> list[str]:
        """The architectures with another width, one other choice of a layer, or one layer less or more."""
        return SIZES[self.size].neighbours(architecture)

    def published_flops(self, architecture: str) -> float:
        """What the publishers call FLOPs, the column ``flops_M`` times a million.

        Multiply-accumulates of a network for 224 x 224 images and 1,000 classes, with halves for what they
        count as additions, attention over 198 tokens where there are 197, and the head at every token.
        """
        values = SIZES[self.size].parse(architecture)
        width, tokens, counted = values["embed_dim"][0], 197, 198
        total = width + 196 * 768 * width + tokens * width / 2 + tokens * 1000 * width
        for ratio, heads in zip(values["mlp_ratio"], values["num_heads"], strict=True):
            inner, hidden = HEAD_WIDTH * heads, int(width * ratio)
            total += counted * (2 * width + 4 * width * inner + inner / 2 + 2 * width * hidden)
            total += counted**2 * (2 * inner + 28 + 0.5)
        return total
