"""What is left of a ranking among networks of equal size, and of equal operations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evozc.auditing._baselines import Baseline
from evozc.auditing._operations import Operations

#: Strata of a size whose values are nearly all different.
_BINS = 10


@dataclass(frozen=True, eq=False)
class Strata:
    """Architectures that share something.

    Args:
        name: What they share.
        owner: int64 (architectures,), which stratum each is in.
    """

    name: str
    owner: np.ndarray

    @property
    def count(self) -> int:
        """Strata of two architectures and more."""
        return int(np.count_nonzero(np.bincount(self.owner) > 1))

    @property
    def compared(self) -> int:
        """Architectures that share their stratum with another one."""
        sizes = np.bincount(self.owner)
        return int(sizes[sizes > 1].sum())


def make_strata(size: Baseline | None, operations: Operations | None) -> list[Strata]:
    """Strata of equal size, of equal convolutions and of equal operations.

    Sizes that most architectures share with others are taken as they are, others in ten
    bins of equal counts.
    """
    found = []
    if size is not None:
        found.append(_of_size(size))
    if operations is not None:
        convolutions = operations.classes.get("convolution")
        if convolutions is not None and convolutions.min() < convolutions.max():
            found.append(Strata("equal numbers of convolutions", _groups(convolutions[None])))
        if len(operations.names) > 1:
            found.append(Strata("equal counts of every operation", _groups(operations.counts)))
    return [strata for strata in found if strata.count]


def _of_size(size: Baseline) -> Strata:
    _, owner, counts = np.unique(size.values, return_inverse=True, return_counts=True)
    if counts[counts > 1].sum() >= len(owner) / 2:
        return Strata(f"equal {size.name}", owner)
    edges = np.quantile(size.values, np.linspace(0, 1, _BINS + 1)[1:-1])
    return Strata(f"similar {size.name} ({_BINS} bins)", np.searchsorted(edges, size.values, side="right"))


def _groups(rows: np.ndarray) -> np.ndarray:
    return np.unique(rows.T, axis=0, return_inverse=True)[1].ravel()
