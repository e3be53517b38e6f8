"""The formulas that an island keeps, as numbers and as DEAP's individuals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evozc.evolution._grammar import Grammar, Individual
from evozc.formula.pool import Formulas, Pool
from evozc.formula.pool import layout as at


class Population(Sequence[Individual]):
    """Formulas with their tau, the best first and, among equals, the shorter; trees are made on demand.

    Attributes:
        numbers: int64, of the formulas in the pool.
        taus: float64.
    """

    def __init__(self, grammar: Grammar, pool: Pool) -> None:
        self._grammar, self._pool = grammar, pool
        self.numbers, self.taus = np.zeros(0, np.int64), np.zeros(0)

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, place):
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        formula = self._pool.formula(int(self.numbers[place]))
        return self._grammar.individual(formula, float(self.taus[place]))

    @property
    def formulas(self) -> Formulas:
        """Without their trees."""
        return Formulas(self._pool, self.numbers)

    def select(self, numbers: np.ndarray, taus: np.ndarray, most: int) -> None:
        """Keep the best of these and of others, as DEAP's ``selBest``: among equals those in front."""
        numbers, taus = np.concatenate([self.numbers, numbers]), np.concatenate([self.taus, taus])
        best = np.lexsort((self._pool.arrays.nodes[numbers, at.SIZE], -taus))[:most]
        self.numbers, self.taus = numbers[best], taus[best]
