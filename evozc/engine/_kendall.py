"""Exact Kendall tau-b against one target."""

from __future__ import annotations

import math

import numpy as np

#: Up to this many architectures all pairs at once are faster than scipy's merge.
_PAIRWISE = 600


class KendallTau:
    """Kendall tau-b of many scores with one target, in float64 (Kendall, Biometrika 1945).

    Args:
        target: float64 (architectures,), finite.
    """

    def __init__(self, target: np.ndarray) -> None:
        self.target = np.asarray(target, dtype=np.float64)
        if len(self.target) <= _PAIRWISE:
            self._rises = self.target[:, None] < self.target[None, :]
            self._falls = np.ascontiguousarray(self._rises.T)
            self._pairs = int(np.count_nonzero(self._rises))

    def __call__(self, scores: np.ndarray) -> float:
        """Tau-b of scores (architectures,) without NaN; NaN if either side is constant."""
        if len(self.target) > _PAIRWISE:
            from scipy import stats  # takes longer to import than most searches need

            return float(stats.kendalltau(scores, self.target).statistic)
        less = scores[:, None] < scores[None, :]
        ordered = int(np.count_nonzero(less))  # pairs without those tied in the scores
        if not ordered or not self._pairs:
            return math.nan
        concordant = int(np.count_nonzero(less & self._rises))
        discordant = int(np.count_nonzero(less & self._falls))
        tau = (concordant - discordant) / math.sqrt(ordered) / math.sqrt(self._pairs)
        return max(-1.0, min(1.0, tau))


def kendall_tau(scores: np.ndarray, target: np.ndarray) -> float:
    """Kendall tau-b of two float64 arrays of one length, without NaN; NaN if either is constant."""
    return KendallTau(target)(np.asarray(scores, dtype=np.float64))


def rankable(scores: np.ndarray) -> np.ndarray:
    """Scores as they are ranked: rounded to 40 bits, and minus infinity where not finite.

    Rounding (about 12 significant digits) keeps the order in which a sum was added
    up from breaking ties. What is not finite ranks last, in one tie.

    Args:
        scores: float64, any shape.
    """
    bits = np.ascontiguousarray(scores, dtype=np.float64).view(np.int64)
    rounded = ((bits + (1 << 11)) & ~np.int64((1 << 12) - 1)).view(np.float64)
    largest = np.finfo(np.float64).max  # which itself would be rounded to infinity
    return np.where(np.isfinite(scores), np.clip(rounded, -largest, largest), -np.inf)
