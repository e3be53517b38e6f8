"""What a fit of trivial baselines to a proxy's own scores is worth, labels unseen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata

from evozc.auditing._baselines import Baseline
from evozc.auditing._measured import Measured, of_difference, of_influence
from evozc.evaluation import Estimate, estimate

_FOLDS = 10
_RIDGE = 1e-3


@dataclass(frozen=True)
class Imitation:
    """A straight-line fit of baselines to the ranks of a proxy, on architectures that it was not fitted to.

    Args:
        by: ``sizes``, or ``sizes and operations``.
        variance: Share of the variance of the proxy's normal scores that it predicts.
        agreement: Kendall tau of the fit with the proxy.
        tau: Kendall tau of the fit with the target.
        share: ``tau`` relative to that of the proxy: what its trivial part is worth; undefined
            where the proxy's tau is not beyond chance.
    """

    by: str
    variance: Measured
    agreement: Measured
    tau: Measured
    share: Measured


class Imitator:
    """Fits of some baselines to proxies, what does not depend on the proxy worked out once.

    A baseline counts as its logarithm (as it is, where it is 0 somewhere) and as its normal
    scores; the fit is by ridge regression, in ten folds that keep classes together.

    Args:
        by: What to call the baselines together.
        baselines: At least one.
        merit: float64 (architectures,), higher is better.
        clusters: int64 (architectures,), classes numbered from 0.
        seed: Of the folds.
    """

    def __init__(
        self, by: str, baselines: Sequence[Baseline], merit: np.ndarray, clusters: np.ndarray, seed: int
    ) -> None:
        self.by, self._merit, self._clusters = by, merit, clusters
        rows = []
        for b in baselines:
            rows += [np.log(b.values) if b.values.min() > 0 else b.values, normal_scores(b.values)]
        columns = np.stack([np.ones(len(merit)), *((row - row.mean()) / row.std() for row in rows)], axis=1)
        order = np.random.default_rng(seed).permutation(int(clusters.max()) + 1)
        folds = (order % _FOLDS)[clusters]
        self._parts = []
        for fold in range(_FOLDS):
            fitted = columns[folds != fold]
            ridge = _RIDGE * len(fitted) * np.eye(columns.shape[1])
            ridge[0, 0] = 0.0
            solve = np.linalg.inv(fitted.T @ fitted + ridge)
            self._parts.append((folds == fold, fitted, columns[folds == fold] @ solve))

    def __call__(self, ranked: np.ndarray, whole: Estimate) -> Imitation:
        """Fit to one proxy.

        Args:
            ranked: float64 (architectures,), its scores to rank by, not constant.
            whole: Its tau with the target.
        """
        scores = normal_scores(ranked)
        fit = np.empty(len(scores))
        for held_out, fitted, solve in self._parts:
            fit[held_out] = solve @ (fitted.T @ scores[~held_out])
        fit = np.round(fit, 9)
        alike, tau = estimate(fit, ranked, self._clusters), estimate(fit, self._merit, self._clusters)
        return Imitation(
            self.by, self._variance(scores, fit), of_influence(alike.tau, alike.influence, self._clusters),
            of_influence(tau.tau, tau.influence, self._clusters), self._share(tau, whole),
        )

    def _variance(self, scores: np.ndarray, fit: np.ndarray) -> Measured:
        around = np.square(scores - scores.mean())
        missed = np.square(scores - fit).mean() / around.mean()
        influence = (np.square(scores - fit) - missed * around) / around.mean() / len(scores)
        return of_difference(float(1 - missed), influence, self._clusters)

    def _share(self, tau: Estimate, whole: Estimate) -> Measured:
        if math.isnan(tau.tau) or not of_influence(whole.tau, whole.influence, self._clusters).excludes(0):
            return Measured()
        ratio = tau.tau / whole.tau
        return of_difference(ratio, (tau.influence - ratio * whole.influence) / whole.tau, self._clusters)


def normal_scores(values: np.ndarray) -> np.ndarray:
    """Ranks as a normal variable would have them (Blom, 1958, without his shift); ties share the middle."""
    return norm.ppf((rankdata(values) - 0.5) / len(values))
