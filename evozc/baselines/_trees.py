"""Extremely randomised trees on aggregated statistics: the trivial learner."""

from __future__ import annotations

import numpy as np

from evozc.baselines._zoo import proxies
from evozc.engine import Evaluator, rankable
from evozc.errors import ConfigError, DataError
from evozc.formula import parse
from evozc.symbols import symbol_set
from evozc.table import Table, Target
from primitives import NETWORK

_REDUCTIONS = ("sum", "mean", "min", "max", "std", "last")
_TREES = 300


class Trees:
    """Extremely randomised trees (Geurts et al., Machine Learning 2006) on one row an architecture.

    The row holds every proxy that the table allows and the sum, mean, minimum, maximum,
    deviation and last value of every node statistic, each as the share of the labelled sample
    that lies below: the trees draw thresholds uniformly, which suits no heavy tail. They are
    fitted to ranks of accuracy.

    Args:
        train: The labelled sample.
        target: Of that sample.
        seed: Of the trees.

    Raises:
        DataError: the labelled architectures all have the same accuracy.
        ConfigError: scikit-learn is not installed.
    """

    def __init__(self, train: Table, target: Target, seed: int = 0) -> None:
        try:
            from sklearn.ensemble import ExtraTreesRegressor
        except ImportError:
            raise ConfigError("trees need scikit-learn: pip install 'evozc[compare]'") from None
        levels, ranks = np.unique(target.merit, return_inverse=True)
        if len(levels) < 2:
            raise DataError(f"trees: all {len(ranks)} labelled architectures have the same {target.name}")
        symbols = symbol_set().with_statistics(train.statistics)
        nodes = [s.key for s in train.statistics if s.type != NETWORK]
        texts = [f"{reduction}({key})" for key in nodes for reduction in _REDUCTIONS]
        formulas = [*proxies(symbols).values(), *(parse(text, symbols) for text in texts)]
        self.formulas = list({formula.text: formula for formula in formulas}.values())
        self.levels = np.sort(self._scores(train), axis=1)
        self.forest = ExtraTreesRegressor(_TREES, random_state=seed, n_jobs=1)
        self.forest.fit(self._rows(train), ranks.astype(np.float64))

    def predict(self, table: Table) -> np.ndarray:
        """Scores of architectures, float64 (architectures,)."""
        return self.forest.predict(self._rows(table))

    @property
    def parameters(self) -> int:
        """Numbers in the trees: a threshold, a feature and a value at each node."""
        return sum(3 * tree.tree_.node_count for tree in self.forest.estimators_)

    def _scores(self, table: Table) -> np.ndarray:
        return rankable(Evaluator(table).scores(self.formulas))

    def _rows(self, table: Table) -> np.ndarray:
        below = [
            sum(np.searchsorted(levels, scores, side) for side in ("left", "right"))
            for levels, scores in zip(self.levels, self._scores(table), strict=True)
        ]
        return np.stack(below, axis=1) / (2 * self.levels.shape[1])
