"""How well scores rank: tau, Spearman's rho, the top, regret and nDCG, with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from evozc.auditing._association import spearman
from evozc.auditing._measured import Measured, of_draws, of_influence
from evozc.evaluation import Bootstrap, HeldOut, best_share, estimate, ndcg, regret, top_share

#: The share of architectures that counts as the top.
TOP = 0.1
#: What random scores reach, where that is not zero.
CHANCE = {"top 10 %": TOP, "nDCG": 0.5}


class Ranking:
    """Measures of many scores against one target, drawn once for all.

    Args:
        merit: float64 (architectures,), higher is better, not constant.
        clusters: int64 (architectures,), one number a class of isomorphic architectures.
        draws: Bootstrap draws behind the intervals of the top, regret and nDCG.
        seed: Of the draws.
    """

    def __init__(self, merit: np.ndarray, clusters: np.ndarray, draws: int, seed: int) -> None:
        self.merit, self.clusters = merit, clusters
        self._best = best_share(merit, TOP)
        self._bootstrap = Bootstrap([HeldOut(merit, clusters)], draws, seed)

    def __call__(self, ranked: np.ndarray, turned: np.ndarray) -> dict[str, Measured]:
        """Every measure by name; undefined ones without a value.

        Args:
            ranked: float64 (architectures,), what is missing at minus infinity.
            turned: The same, with the sign turned if it falls with the target; of the last four.

        Returns:
            ``Kendall tau`` and ``Spearman rho`` on all architectures; ``tau in the top 10 %`` of
            accuracy; ``top 10 %``, how much of it the best tenth by score holds; ``nDCG`` of
            that tenth; ``regret`` of the top pick in units of the target.
        """
        whole = estimate(ranked, self.merit, self.clusters)
        found = {
            "Kendall tau": of_influence(whole.tau, whole.influence, self.clusters),
            "Spearman rho": spearman(ranked, self.merit, self.clusters),
            "tau in the top 10 %": Measured(),
        }
        if len(np.unique(self.clusters[self._best])) > 3:
            top = estimate(turned[self._best], self.merit[self._best], self.clusters[self._best])
            found["tau in the top 10 %"] = of_influence(top.tau, top.influence, self.clusters[self._best])
        constant = math.isnan(whole.tau)
        for name, measure, key in (
            ("top 10 %", top_share, "top share"), ("nDCG", ndcg, "ndcg"), ("regret", regret, "regret"),
        ):
            found[name] = Measured() if constant else of_draws(
                measure(turned, self.merit), self._bootstrap.draws(key, [turned])
            )
        return found


def no_better_than_chance(name: str, measures: Mapping[str, Measured]) -> bool:
    """Whether the interval of a measure holds what random scores reach."""
    found = measures[name]
    return found.value is not None and not found.excludes(CHANCE.get(name, 0.0))
