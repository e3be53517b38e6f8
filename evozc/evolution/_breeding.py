"""Variation of typed trees on DEAP's terms, drawing from the run's one generator."""

from __future__ import annotations

import math
import random
from itertools import accumulate

import numpy as np

from evozc.evolution._grammar import Grammar
from evozc.evolution._settings import SearchSettings
from evozc.formula.pool import Pool

#: The shares of DEAP's ``mutUniform``, ``mutNodeReplacement``, ``mutInsert`` and ``mutShrink``, and of
#: scaling a constant, among mutations.
MUTATIONS = (0.35, 0.25, 0.15, 0.10, 0.15)


class Breeder:
    """Makes formulas: at random, or from a population.

    The operators are DEAP's, draw for draw, compiled, and working on numbered formulas; tests
    hold them to it.

    Args:
        grammar: What formulas may be made of.
        pool: Where they are made.
        settings: The rates.

    Attributes:
        state: int64 (625,), of the generator, as ``random.Random.getstate`` has it.
    """

    def __init__(self, grammar: Grammar, pool: Pool, settings: SearchSettings) -> None:
        from evozc.evolution import _breeding_compiled  # numba takes half a second to import

        self._code = _breeding_compiled
        self._pool, self._tournament = pool, settings.tournament
        share = grammar.terminalRatio
        self._tables = grammar.tables(
            pool, [settings.crossover, settings.mutation, share, *accumulate(MUTATIONS)]
        )
        self.state = np.array(random.Random(settings.seed).getstate()[1], np.int64)

    def offspring(self, population: np.ndarray, count: int) -> np.ndarray:
        """Formulas by crossover, by mutation, or drawn anew; all drawn anew without a population.

        Args:
            population: int64, numbers of formulas in the pool, the best first.
            count: How many to make.

        Returns:
            int64, their numbers; some may be alike.
        """
        out, done = np.empty(count, np.int64), 0
        waiting, value = np.empty(2, np.int64), np.empty(1)
        while done < count:
            self._pool.reserve()
            done += self._code.breed(
                self._pool.arrays, self._tables, self.state, population, self._tournament,
                out[done:], waiting, value,
            )
            if waiting[self._code.FORMULA] >= 0:
                parent, place = waiting.tolist()
                out[done] = self._with_constant(parent, place, float(value[0]))
                done += 1
        return out

    def _with_constant(self, formula: int, place: int, value: float) -> int:
        """A formula whose constant at a place has moved to a value; three digits are kept."""
        value = float(f"{value:.3g}")
        if not math.isfinite(value):
            return formula
        leaf = self._pool.leaf(value + 0.0)  # no negative zero
        return self._code.replaced_at(self._pool.arrays, formula, place, leaf)
