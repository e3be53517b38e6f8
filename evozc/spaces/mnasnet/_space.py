"""The MnasNet space (Tan et al., CVPR 2019), as Accel-NASBench labels it (Ahmad et al., DAC 2024).

Seven blocks of inverted residuals; of each, expansion, kernel, number of layers and whether squeeze-and-
excitation is used are chosen, while channels and strides are fixed.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from evozc.spaces._checks import check_whole_numbers, not_of
from evozc.spaces._space import ImageInputs, Outputs

if TYPE_CHECKING:
    from torch import nn

#: Of each block: channels, stride of its first layer, most layers.
BLOCKS = ((16, 1, 3), (24, 2, 3), (40, 2, 3), (80, 2, 3), (112, 1, 3), (192, 2, 4), (320, 1, 3))

_RECIPE = re.compile(r"e([146])k([35])l([1234])se([01])")

#: Expansion, kernel, layers, squeeze-and-excitation.
Recipe = tuple[int, int, int, int]


def _choices(block: int) -> list[Recipe]:
    return list(itertools.product((1, 4, 6), (3, 5), range(1, BLOCKS[block][2] + 1), (0, 1)))


@dataclass(frozen=True)
class MnasNet:
    """The space of seven recipes ``e1k3l1se0-e4k5l2se1-...``.

    ``e`` expansion 1, 4 or 6, ``k`` kernel 3 or 5, ``l`` layers 1 to 3 (in the sixth block 1 to 4),
    ``se`` squeeze-and-excitation 0 or 1.

    Args:
        input_channels: Channels of the images.
        classes: Number of outputs.

    Raises:
        ConfigError: a setting below one.
    """

    input_channels: int = 3
    classes: int = 1000

    name: ClassVar[str] = "mnasnet"
    count: ClassVar[int] = 36**6 * 48
    architecture_columns: ClassVar[tuple[str, ...]] = tuple(f"b{block}" for block in range(7))

    def __post_init__(self) -> None:
        check_whole_numbers(self.name, **asdict(self))

    @property
    def inputs(self) -> ImageInputs:
        """Images of any size from 32 x 32; 224 x 224 as trained."""
        return ImageInputs(self.input_channels, side=224, batch=8)

    @property
    def outputs(self) -> Outputs:
        """A score for each class."""
        return Outputs("classes", self.classes)

    def settings(self) -> dict[str, int]:
        """The keyword arguments that build this space again."""
        return asdict(self)

    def parse(self, architecture: str) -> tuple[Recipe, ...]:
        """The recipe of each block.

        Raises:
            DataError: the text is not an architecture of MnasNet.
        """
        expected = "expected seven recipes as e4k3l2se1 joined by -"
        if not isinstance(architecture, str) or len(architecture) > 100:
            raise not_of("MnasNet", architecture, expected)
        texts = architecture.split("-")
        if len(texts) != len(BLOCKS):
            raise not_of("MnasNet", architecture, f"{expected}, found {len(texts)}")
        recipes = []
        for block, text in enumerate(texts):
            found = _RECIPE.fullmatch(text)
            recipe: Any = tuple(map(int, found.groups())) if found else ()
            if recipe not in _choices(block):
                layers = BLOCKS[block][2]
                raise not_of(
                    "MnasNet", architecture,
                    f"recipe {text[:20]!r} of block b{block}; expected e1, e4 or e6, k3 or k5, "
                    f"l1 to l{layers}, se0 or se1, as e4k3l2se1",
                )
            recipes.append(recipe)
        return tuple(recipes)

    @staticmethod
    def format(recipes: tuple[Recipe, ...]) -> str:
        """The text of seven recipes."""
        return "-".join("e{}k{}l{}se{}".format(*recipe) for recipe in recipes)

    def from_columns(self, cells: Mapping[str, str]) -> str:
        """The text of the published columns ``b0`` to ``b6``."""
        return "-".join(cells[column] for column in self.architecture_columns)

    def canonical_key(self, architecture: str) -> str:
        """The text itself: no two compute the same."""
        return self.format(self.parse(architecture))

    def build(self, architecture: str) -> nn.Module:
        """The network of an architecture, initialised by torch's defaults.

        The publishers do not say which activation and initialisation they used; the activation is
        EfficientNet's SiLU.
        """
        from evozc.spaces.mnasnet._network import Network

        return Network(self.parse(architecture), self.input_channels, self.classes)

    def blocks(self, network: Any) -> list[nn.Module]:
        """The stem and all inverted residuals."""
        return [network.stem, *network.body]

    def sample(self, generator: random.Random) -> str:
        """An architecture drawn uniformly from all texts."""
        return self.format(tuple(generator.choice(_choices(block)) for block in range(len(BLOCKS))))

    def neighbours(self, architecture: str) -> list[str]:
        """The 43 architectures that differ in one of the fields of one recipe."""
        recipes = self.parse(architecture)
        return [
            self.format((*recipes[:block], other, *recipes[block + 1 :]))
            for block, own in enumerate(recipes)
            for other in _choices(block)
            if sum(a != b for a, b in zip(own, other, strict=True)) == 1
        ]
