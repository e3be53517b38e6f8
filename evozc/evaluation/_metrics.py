"""How well scores rank held-out architectures, beyond one Kendall tau."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from evozc.engine import kendall_tau, rankable
from evozc.errors import ConfigError

#: The shares of the best architectures, by accuracy, that are looked at alone.
TOPS: Mapping[str, float] = {"": 1.0, " top 25 %": 0.25, " top 10 %": 0.10}


def best_share(merit: np.ndarray, share: float) -> np.ndarray:
    """Indices of the best architectures by accuracy, at least one; ties by position."""
    count = max(1, math.ceil(share * len(merit)))
    return np.sort(np.argsort(-merit, kind="stable")[:count])


def regret(scores: np.ndarray, merit: np.ndarray) -> float:
    """How much accuracy is lost by taking the architecture with the highest score.

    The mean over all that share the highest score; in units of the target.
    """
    ranked = rankable(scores)
    return float(merit.max() - merit[ranked == ranked.max()].mean())


def ndcg(scores: np.ndarray, merit: np.ndarray) -> float:
    """Normalised discounted cumulative gain of the tenth with the highest scores.

    An architecture's gain is the share of the others that it beats in accuracy, from 0 to 1
    (Järvelin and Kekäläinen, 2002; equal scores share their gains). Random scores have about 0.5.

    Raises:
        ConfigError: scikit-learn is not installed.
    """
    try:
        from sklearn.metrics import ndcg_score
    except ImportError:
        raise ConfigError("nDCG needs scikit-learn: pip install 'evozc[compare]'") from None
    gains = (_ranks(merit) - 1) / max(1, len(merit) - 1)
    ranks = _ranks(rankable(scores))
    return float(ndcg_score([gains], [ranks], k=max(1, math.ceil(0.1 * len(merit)))))


def top_share(scores: np.ndarray, merit: np.ndarray, share: float = 0.1) -> float:
    """How much of the best tenth by accuracy the tenth with the highest scores holds.

    Equal values at the edge of a tenth share its places. Random scores have ``share``.
    """
    count = max(1, math.ceil(share * len(merit)))
    return float((_in_top(rankable(scores), count) * _in_top(merit, count)).sum() / count)


def _in_top(values: np.ndarray, count: int) -> np.ndarray:
    """How much of each one is among the ``count`` highest."""
    _, owner, copies = np.unique(-values, return_inverse=True, return_counts=True)
    before = np.cumsum(copies) - copies
    return np.clip((count - before) / copies, 0, 1)[owner]


def _ranks(values: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata  # takes longer to import than a short search needs

    return rankdata(values)


def metrics(scores: np.ndarray, merit: np.ndarray) -> dict[str, float | None]:
    """Every measure of one method on one set of held-out architectures.

    Args:
        scores: float64 (architectures,); what is not finite ranks last.
        merit: float64 (architectures,), the target, higher is better.

    Returns:
        ``kendall`` (tau-b) and ``spearman`` on all, ``... top 25 %`` and ``... top 10 %`` on
        the best by accuracy, ``regret`` of the top pick, ``ndcg``; None where undefined.
    """
    found: dict[str, float | None] = {}
    for name, share in TOPS.items():
        kept = best_share(merit, share)
        x, y = rankable(scores)[kept], merit[kept]
        constant = x.min() == x.max() or y.min() == y.max()
        found[f"kendall{name}"] = None if constant else kendall_tau(x, y)
        ranks = _ranks(x), _ranks(y)
        found[f"spearman{name}"] = None if constant else float(np.corrcoef(*ranks)[0, 1])
    return {**found, "regret": regret(scores, merit), "ndcg": ndcg(scores, merit)}
