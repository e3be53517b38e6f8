"""Paired bootstrap over seeds and architectures (Efron and Tibshirani, 1993, chapter 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evozc.engine import rankable, weighted_taus
from evozc.evaluation._metrics import TOPS, best_share


@dataclass(frozen=True)
class HeldOut:
    """The held-out architectures of one seed.

    Args:
        merit: float64 (architectures,), higher is better.
        keys: Canonical keys; isomorphic architectures are drawn together.
    """

    merit: np.ndarray
    keys: Sequence[str] | np.ndarray


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
        self._known: dict[tuple[int, float], tuple[np.ndarray, _Drawn]] = {}

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
        for place, values in enumerate(scores):
            kept, drawn = self._drawn(place, share)
            with np.errstate(invalid="ignore", divide="ignore"):
                by_seed.append(MEASURES[name](rankable(values)[kept], drawn))
        rows = np.arange(len(self.picked))[:, None]
        return np.stack(by_seed, axis=1)[rows, self.picked].mean(axis=1)

    def _drawn(self, place: int, share: float) -> tuple[np.ndarray, _Drawn]:
        """The best of one seed's architectures, and what all methods share about their draws."""
        if (place, share) not in self._known:
            merit = self.seeds[place].merit
            kept = best_share(merit, share)
            self._known[place, share] = kept, _Drawn(merit[kept], self.weights[place][:, kept])
        return self._known[place, share]


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


class _Drawn:
    """Architectures under all draws; what measures need of the target alone is worked out once.

    Args:
        merit: float64 (architectures,), higher is better.
        weights: float32 (draws, architectures), how often each was drawn.
    """

    def __init__(self, merit: np.ndarray, weights: np.ndarray) -> None:
        self.merit, self.weights = merit, weights

    @cached_property
    def midranks(self) -> np.ndarray:
        return _midranks(self.merit, self.weights)

    @cached_property
    def total(self) -> np.ndarray:
        return self.weights.sum(axis=1, dtype=np.float64)

    @cached_property
    def kept(self) -> np.ndarray:
        """How many copies a tenth is."""
        return np.maximum(1, np.ceil(0.1 * self.total)).astype(np.int64)

    @cached_property
    def gains(self) -> np.ndarray:
        return (self.midranks - 0.5) / np.maximum(1, self.total - 1)[:, None]

    @cached_property
    def ideal(self) -> np.ndarray:
        return _cumulated(self.merit, self)

    @cached_property
    def best(self) -> np.ndarray:
        """How much of each one's copies is among the best tenth."""
        found = np.zeros(self.weights.shape)
        places, shares = _in_top(self.merit, self)
        found[:, places] = shares
        return found

    def highest(self, values: np.ndarray) -> np.ndarray:
        """Places of the highest values, whole ties, that hold a tenth of the copies under every draw."""
        order = np.argsort(-values, kind="stable")
        falling = -values[order]
        length = int(self.kept.max())
        while length < len(order):
            length = int(np.searchsorted(falling, falling[length - 1], side="right"))
            if (self.weights[:, order[:length]].sum(axis=1) >= self.kept).all():
                break
            length = min(len(order), length + length // 4 + 1)
        return order[:length]


def _kendall(x: np.ndarray, drawn: _Drawn) -> np.ndarray:
    """Tau-b where each architecture stands ``weights`` times, its copies tied with one another."""
    return weighted_taus(x, drawn.merit, drawn.weights)


def _spearman(x: np.ndarray, drawn: _Drawn) -> np.ndarray:
    """Correlation of mid-ranks where each architecture stands ``weights`` times."""
    weights, total = drawn.weights, drawn.total[:, None]
    ranks = [_midranks(x, weights), drawn.midranks]
    a, b = (rank - (rank * weights).sum(axis=1)[:, None] / total for rank in ranks)
    return (a * b * weights).sum(1) / np.sqrt((a * a * weights).sum(1) * (b * b * weights).sum(1))


def _midranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    owner, counts = _copies(values, weights)
    return (np.cumsum(counts, axis=1) - counts / 2)[:, owner]


def _copies(values: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Which of the rising levels each value is, and sums of columns (draws, architectures) by level."""
    levels, owner = np.unique(values, return_inverse=True)
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(len(levels)))
    sums = (np.add.reduceat(c[:, order].astype(np.float64), starts, axis=1) for c in columns)
    return owner, *sums


def _regret(x: np.ndarray, drawn: _Drawn) -> np.ndarray:
    present = drawn.weights > 0
    best = np.where(present, drawn.merit, -np.inf).max(axis=1)
    top = np.where(present, x, -np.inf).max(axis=1)
    winners = drawn.weights * (present & (x == top[:, None]))
    return best - (winners * drawn.merit).sum(axis=1) / winners.sum(axis=1)


def _ndcg(x: np.ndarray, drawn: _Drawn) -> np.ndarray:
    """As :func:`~evozc.evaluation._metrics.ndcg` where each architecture stands ``weights`` times."""
    return _cumulated(x, drawn) / drawn.ideal


def _cumulated(values: np.ndarray, drawn: _Drawn) -> np.ndarray:
    """Discounted gain of the copies of the highest values; equal values share theirs."""
    places = drawn.highest(values)
    weights, kept = drawn.weights[:, places], drawn.kept[:, None]
    _, copies, gained = _copies(-values[places], weights, weights * drawn.gains[:, places])
    ends = np.cumsum(copies, axis=1).astype(np.int64)
    discounts = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, kept.max() + 2)))])
    last, first = (discounts[np.minimum(edge, kept)] for edge in (ends, ends - copies.astype(np.int64)))
    return (gained / np.maximum(1, copies) * (last - first)).sum(axis=1)


def _top_share(x: np.ndarray, drawn: _Drawn) -> np.ndarray:
    """As :func:`~evozc.evaluation._metrics.top_share` where each architecture stands ``weights`` times."""
    places, shares = _in_top(x, drawn)
    return (drawn.weights[:, places] * shares * drawn.best[:, places]).sum(axis=1) / drawn.kept


def _in_top(values: np.ndarray, drawn: _Drawn) -> tuple[np.ndarray, np.ndarray]:
    """The places that may be among the highest tenth, and how much of their copies is, under every draw."""
    places = drawn.highest(values)
    owner, copies = _copies(-values[places], drawn.weights[:, places])
    before = np.cumsum(copies, axis=1) - copies
    return places, np.clip((drawn.kept[:, None] - before) / np.maximum(1, copies), 0, 1)[:, owner]


MEASURES: dict[str, Callable[[np.ndarray, _Drawn], np.ndarray]] = {
    "kendall": _kendall, "spearman": _spearman, "regret": _regret, "ndcg": _ndcg,
    "top share": _top_share,
}
