"""Drawing a network's weights anew."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from evozc.errors import ConfigError
from evozc.extraction._settings import INITIALISATIONS


def initialise(network: nn.Module, how: str) -> None:
    """Draw the weights of all convolutions and linear layers, from torch's current random state.

    Biases become zero and the scales of batch and group normalisation one. What ``how`` names:

    - ``default``: everything stays as the network was built;
    - ``kaiming``: normal, variance 2 / inputs (He et al., ICCV 2015), as AZ-NAS and VKDNW do;
    - ``xavier``: normal, variance 2 / (inputs + outputs) (Glorot and Bengio, AISTATS 2010);
    - ``normal``: standard normal, as SWAP and Zen-NAS do.

    Raises:
        ConfigError: none of these.
    """
    if how not in INITIALISATIONS:
        raise ConfigError(f"unknown initialisation {how!r}; known are {', '.join(INITIALISATIONS)}")
    if how == "default":
        return
    draw = _DRAWS[how]
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, _ConvNd | nn.Linear):
                draw(module.weight)
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, _BatchNorm | nn.GroupNorm) and module.affine:
                module.weight.fill_(1)
                module.bias.zero_()


def _kaiming(weight: torch.Tensor) -> None:
    nn.init.kaiming_normal_(weight, nonlinearity="relu")


_DRAWS: dict[str, Callable[[torch.Tensor], object]] = {
    "kaiming": _kaiming,
    "xavier": nn.init.xavier_normal_,
    "normal": nn.init.normal_,
}
