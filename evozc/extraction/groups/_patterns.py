"""How many different patterns of signs the units show over the samples."""

from __future__ import annotations

import numpy as np
import torch

from evozc.extraction._group import Group, Node, Pass
from evozc.extraction._numbers import NAN, positives, rows

#: Samples whose signs fit one whole number of 64 bits.
_SAMPLES = 64
#: Signs that are packed at once: sums of powers below 2 to the 16 are exact in float32.
_PACKED = 16


class Patterns(Group):
    """SWAP's sample-wise activation patterns, of every activation and of the network."""

    name = "patterns"

    def __init__(self) -> None:
        self._seen: list[np.ndarray] = []

    def activation(self, run: Pass, node: Node, inputs: tuple, output: torch.Tensor) -> None:
        """The different patterns of one activation."""
        units = rows(output, node.axes)
        if units is None or units.isnan().any():
            return
        found = _distinct(_codes(units[:_SAMPLES]).cpu().numpy())
        node.values["patterns"] = len(found)
        self._seen.append(found)

    def before_loss(self, run: Pass) -> None:
        """The different patterns of all activations."""
        run.scalars["swap"] = len(_distinct(np.concatenate(self._seen))) if self._seen else NAN


def _distinct(codes: np.ndarray) -> np.ndarray:
    """Each number once; sorting is several times faster here than numpy's hashing."""
    ordered = np.sort(codes)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]


def _codes(units: torch.Tensor) -> torch.Tensor:
    """The signs of each column (samples, units) as the bits of one int64 (units,)."""
    signs = positives(units)
    codes = torch.zeros(units.shape[1], dtype=torch.int64, device=units.device)
    for start in range(0, len(units), _PACKED):
        part = signs[start : start + _PACKED]
        powers = 2.0 ** torch.arange(len(part), device=units.device)
        codes |= (powers @ part).long() << start
    return codes
