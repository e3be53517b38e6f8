"""Paired bootstrap over seeds and architectures (Efron and Tibshirani, 1993, chapter 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evozc.engine import rankable
from evozc.evaluation._metrics import TOPS, best_share


@dataclass(frozen=True)
class HeldOut:
    """The held-out architectures of one seed.

    Args:
        merit: float64 (architectures,), higher is better.
        keys: Canonical keys; isomorphic architectures are drawn together.
    """

    merit: np.ndarray
    keys: Sequence[str]


class Bootstrap:
    """The same draws for every method, so that differences are paired.

    Each draw takes seeds, and classes of isomorphic architectures, with replacement. An
    architecture held out under several seeds is drawn equally often under each.

    Args:
        seeds: Held-out architectures, one entry a seed.
        draws: Number of draws.
        seed: Of the draws.
    """

    def __init__(self, seeds: Sequence[HeldOut], draws: int = 1000, seed: int = 0) -> None:
        generator = np.random.default_rng(seed)
        classes, owners = np.unique(np.concatenate([s.keys for s in seeds]), return_inverse=True)
        counts = generator.multinomial(len(classes), np.full(len(classes), 1 / len(classes)), size=draws)
        ends = np.cumsum([len(s.keys) for s in seeds])[:-1]
        self.seeds = list(seeds)
        self.weights = [counts[:, owner].astype(np.float32) for owner in np.split(owners, ends)]
        self.picked = generator.integers(len(seeds), size=(draws, len(seeds)))

    def draws(self, metric: str, scores: Sequence[np.ndarray]) -> np.ndarray:
        """A measure under every draw, averaged over the drawn seeds.

        Args:
            metric: ``kendall``, ``spearman`` with a suffix of :data:`TOPS`, ``regret``, ``ndcg`` or
                ``top share``.
            scores: Of one method, one array a seed.

        Returns:
            float64 (draws,); NaN where the drawn scores are constant.
        """
        name, share = next(
            (kind, share)
            for kind in MEASURES for suffix, share in TOPS.items() if metric == kind + suffix
        )
        by_seed = []
        for held_out, weights, values in zip(self.seeds, self.weights, scores, strict=True):
            kept = best_share(held_out.merit, share)
            with np.errstate(invalid="ignore", divide="ignore"):
                drawn = MEASURES[name](rankable(values)[kept], held_out.merit[kept], weights[:, kept])
            by_seed.append(drawn)
        rows = np.arange(len(self.picked))[:, None]
        return np.stack(by_seed, axis=1)[rows, self.picked].mean(axis=1)


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles of the draws; NaN if none is defined."""
    known = draws[~np.isnan(draws)]
    if not known.size:
        return np.nan, np.nan
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def p_value(differences: np.ndarray) -> float:
    """Two-sided: twice the smaller share of draws on either side of zero, at most 1."""
    known = differences[~np.isnan(differences)]
    one_sided = (1 + min(np.count_nonzero(known <= 0), np.count_nonzero(known >= 0))) / (1 + len(known))
    return float(min(1.0, 2 * one_sided))


def _kendall(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Tau-b where each architecture stands ``weights`` times, its copies tied with one another."""
    signs = [_signs(values) for values in (x, y)]
    numerator = _form(weights, signs[0] * signs[1])
    untied = [_form(weights, np.abs(sign)) for sign in signs]
    return numerator / np.sqrt(untied[0]) / np.sqrt(untied[1])


def _signs(values: np.ndarray) -> np.ndarray:
    ranks = np.unique(values, return_inverse=True)[1]
    return np.sign(ranks[:, None] - ranks[None, :]).astype(np.float32)


def _form(weights: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return np.einsum("dn,dn->d", weights @ matrix, weights, dtype=np.float64)


def _spearman(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Correlation of mid-ranks where each architecture stands ``weights`` times."""
    ranks = [_midranks(values, weights) for values in (x, y)]
    total = weights.sum(axis=1, dtype=np.float64)[:, None]
    a, b = (rank - (rank * weights).sum(axis=1)[:, None] / total for rank in ranks)
    return (a * b * weights).sum(1) / np.sqrt((a * a * weights).sum(1) * (b * b * weights).sum(1))


def _midranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    levels, owner = np.unique(values, return_inverse=True)
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(levels)))
    counts = np.add.reduceat(weights[:, order].astype(np.float64), starts, axis=1)
    return (np.cumsum(counts, axis=1) - counts / 2)[:, owner]


def _regret(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    drawn = weights > 0
    best = np.where(drawn, y, -np.inf).max(axis=1)
    top = np.where(drawn, x, -np.inf).max(axis=1)
    winners = weights * (drawn & (x == top[:, None]))
    return best - (winners * y).sum(axis=1) / winners.sum(axis=1)


def _ndcg(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """As :func:`~evozc.evaluation._metrics.ndcg` where each architecture stands ``weights`` times."""
    total = weights.sum(axis=1, dtype=np.float64)[:, None]
    gains = (_midranks(y, weights) - 0.5) / np.maximum(1, total - 1)
    kept = np.maximum(1, np.ceil(0.1 * total)).astype(np.int64)
    return _cumulated(x, gains, weights, kept) / _cumulated(y, gains, weights, kept)


def _cumulated(values: np.ndarray, gains: np.ndarray, weights: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Discounted gain of the copies of the highest values; equal values share theirs."""
    levels, owner = np.unique(-values, return_inverse=True)
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(levels)))
    copies, gained = (
        np.add.reduceat(column[:, order].astype(np.float64), starts, axis=1)
        for column in (weights, weights * gains)
    )
    ends = np.cumsum(copies, axis=1).astype(np.int64)
    discounts = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, ends.max() + 2)))])
    last, first = (discounts[np.minimum(edge, kept)] for edge in (ends, ends - copies.astype(np.int64)))
    return (gained / np.maximum(1, copies) * (last - first)).sum(axis=1)


def _top_share(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """As :func:`~evozc.evaluation._metrics.top_share` where each architecture stands ``weights`` times."""
    kept = np.maximum(1, np.ceil(0.1 * weights.sum(axis=1, dtype=np.float64)))
    return (weights * _in_top(x, weights, kept) * _in_top(y, weights, kept)).sum(axis=1) / kept


def _in_top(values: np.ndarray, weights: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """How much of each architecture's copies is among the highest."""
    levels, owner = np.unique(-values, return_inverse=True)
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(levels)))
    copies = np.add.reduceat(weights[:, order].astype(np.float64), starts, axis=1)
    before = np.cumsum(copies, axis=1) - copies
    return np.clip((kept[:, None] - before) / np.maximum(1, copies), 0, 1)[:, owner]


MEASURES: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "kendall": _kendall, "spearman": _spearman, "regret": _regret, "ndcg": _ndcg,
    "top share": _top_share,
}
