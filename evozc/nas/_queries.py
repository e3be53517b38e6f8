"""Which architectures to train, a few of them, so that their accuracies correct the proxy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from evozc.engine import rankable
from evozc.errors import ConfigError


class Queries:
    """Ask which architecture to train, tell its accuracy, and pick the best of those told.

    The first ones asked for are the proxy's best. From then on a Bayesian linear model of the answers over
    the normal scores of the proxy's terms re-weights the terms, as RoBoT does (He et al., ICLR 2024),
    starting from its own weights; the next one has the largest expected improvement (Jones et al., 1998)
    over the best answer, where the uncertainty is that of the weights.

    Args:
        terms: float64 (terms, architectures): of each term, or proxy of a set, the scores; higher is better.
        keys: Canonical keys; of isomorphic architectures one is asked for.
        first: How many of the proxy's best are asked for before the model is.
        score: float64 (architectures,), what the proxy itself says. [default: the sum of the terms' ranks]
        seed: Of the order of equal scores.

    Raises:
        ConfigError: shapes that do not fit, or no term that tells architectures apart.
    """

    def __init__(
        self, terms: np.ndarray, keys: Sequence[str], first: int = 5, score: np.ndarray | None = None,
        seed: int = 0,
    ) -> None:
        if terms.ndim != 2 or terms.shape[1] != len(keys) or first < 1:
            raise ConfigError("queries take terms (terms, architectures), a key for each, and first from 1")
        columns = np.stack([_normal_scores(row) for row in terms])
        columns = columns[columns.std(axis=1) > 0]
        if not len(columns):
            raise ConfigError("no term tells the architectures apart: there is nothing to choose by")
        self._features = np.concatenate([np.ones((1, len(keys))), columns]).T
        self._keys = np.unique(np.asarray(keys), return_inverse=True)[1]
        noise = np.random.default_rng(seed).random(len(keys))
        own = columns.mean(axis=0) if score is None else _normal_scores(score)
        self._order = np.lexsort((noise, -own))
        self._noise, self._first = noise, first
        self.answers: dict[int, float] = {}
        self.failed: dict[int, str] = {}

    def ask(self) -> int:
        """The number of the architecture to train next.

        Raises:
            StopIteration: every one has been told of.
        """
        taken = self._keys[np.array([*self.answers, *self.failed], dtype=np.int64)]
        free = ~np.isin(self._keys, taken)
        if not free.any():
            raise StopIteration
        if len(self.answers) < self._first:
            return int(next(i for i in self._order if free[i]))
        gains = np.where(free, self._improvement(), -np.inf)
        best = np.flatnonzero(gains == gains.max())
        return int(best[np.argmin(self._noise[best])])

    def tell(self, number: int, accuracy: float, reason: str = "") -> None:
        """The accuracy of an architecture; what is not finite is a failure, and not asked for again."""
        if math.isfinite(accuracy):
            self.answers[number] = float(accuracy)
        else:
            self.failed[number] = reason or f"its accuracy is {accuracy}"

    def pick(self) -> int:
        """The best of those told; the proxy's best before any is."""
        if not self.answers:
            return int(self._order[0])
        return max(self.answers, key=lambda number: self.answers[number])

    def _improvement(self) -> np.ndarray:
        """Expected, over the best answer, in standard deviations of the answers."""
        from scipy.stats import norm

        asked = np.fromiter(self.answers, int)
        y = np.fromiter(self.answers.values(), float)
        y = (y - y.mean()) / (y.std() or 1.0)
        x = self._features[asked]
        count = self._features.shape[1] - 1
        prior = np.concatenate([[0.0], np.full(count, 1 / count)])
        precision = np.diag(np.concatenate([[0.1], np.full(count, float(count))]))
        noise = 0.25
        covariance = np.linalg.inv(precision + x.T @ x / noise)
        weights = covariance @ (precision @ prior + x.T @ y / noise)
        mean = self._features @ weights
        deviation = np.sqrt(np.einsum("ij,jk,ik->i", self._features, covariance, self._features))
        z = (mean - y.max()) / deviation
        return deviation * (z * norm.cdf(z) + norm.pdf(z))


def _normal_scores(values: np.ndarray) -> np.ndarray:
    """Normal scores of ranks, ties sharing theirs; what is not finite ranks last."""
    from scipy.stats import norm, rankdata

    ranks = rankdata(rankable(np.asarray(values, np.float64)))
    if ranks.min() == ranks.max():
        return np.zeros(len(ranks))
    return np.asarray(norm.ppf((ranks - 0.375) / (len(ranks) + 0.25)))
