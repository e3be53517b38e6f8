"""Inputs that are drawn, for whoever has no data at hand."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from evozc.errors import ConfigError
from evozc.extraction._labels import random_labels
from evozc.spaces import ImageInputs, SearchSpace, TokenInputs


@dataclass(frozen=True)
class RandomInputs:
    """Mini-batches that are drawn as networks of a space take them, where others are taken from data.

    Images are standard normal noise, tokens are uniform over the vocabulary; labels as
    :func:`~evozc.extraction._labels.random_labels` draws them.

    Args:
        space: Whose networks will see them.
        side: Pixels a side where the space leaves that open; 0 for as many as published.

    Raises:
        ConfigError: a side where there is no choice.
    """

    space: SearchSpace
    side: int = 0

    def __post_init__(self) -> None:
        inputs = self.space.inputs
        if self.side and (self.side < 0 or isinstance(inputs, TokenInputs) or inputs.height or inputs.width):
            raise ConfigError(
                f"a side of {self.side} pixels cannot be had: "
                f"networks of {self.space.name} take {_told(inputs)}"
            )

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input."""
        inputs = self.space.inputs
        if isinstance(inputs, TokenInputs):
            return (inputs.length,)
        side = self.side or inputs.side
        tiles = (inputs.tiles,) if inputs.tiles else ()
        return (*tiles, inputs.channels, inputs.height or side, inputs.width or side)

    @property
    def digest(self) -> str:
        """What is drawn, in words, where data has the digest of its arrays."""
        inputs, size = self.space.inputs, " x ".join(map(str, self.shape))
        if isinstance(inputs, TokenInputs):
            return f"{size} tokens, uniform below {inputs.vocabulary}"
        return f"standard normal noise, {size}"

    def batch(self, size: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A mini-batch ``x``, ``y`` that follows from the seed."""
        generator = torch.Generator().manual_seed(seed)
        x = noise(self.space, (size, *self.shape), generator)
        return x, random_labels(self.space.outputs, x, generator)


def noise(space: SearchSpace, shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Inputs of networks of a space: standard normal numbers, or tokens drawn uniformly."""
    if isinstance(space.inputs, TokenInputs):
        return torch.randint(space.inputs.vocabulary, shape, generator=generator)
    return torch.randn(shape, generator=generator)


def _told(inputs: ImageInputs | TokenInputs) -> str:
    if isinstance(inputs, TokenInputs):
        return f"{inputs.length} tokens"
    return f"{inputs.height} x {inputs.width} pixels" if inputs.height else "images of any size above 0"
