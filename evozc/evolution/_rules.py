"""Rule-based pruning before evaluation, derived from declared properties."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import numpy as np

from evozc.evolution._seen import Seen
from evozc.formula.pool import Pool

Rule = Literal["structure", "redundancy", "rank invariance", "equivalence", "probe"]
RULES: tuple[Rule, ...] = ("structure", "redundancy", "rank invariance", "equivalence", "probe")


class Rules:
    """Brings candidates into the form in which they are to be scored, and leaves out those that need not be.

    *Structure*: too large or too deep, no statistic, an operator beneath itself that must not be.
    *Redundancy*: constant by construction, or another formula once what is superfluous has gone.
    *Rank invariance*: another formula once monotone operators at the root have gone.
    *Equivalence*: as it stands, a formula that was met before.

    Args:
        pool: Where the formulas are.
        known: What has been scored.
        max_size: Symbols at most.
        max_depth: Symbols on the way down at most.
    """

    def __init__(self, pool: Pool, known: Seen, max_size: int, max_depth: int) -> None:
        from evozc.evolution import _rules_compiled  # numba takes half a second to import

        self._code = _rules_compiled
        self._pool, self._known, self._limits = pool, known, (max_size, max_depth)
        nothing = np.zeros(0, np.int64)  # compiled now, and not on the clock of the first pruning
        self._code.prune(
            pool.arrays, known.young, known.old, nothing, 0, *self._limits, 1, nothing, 0,
            np.zeros(len(RULES), np.int64),
        )

    def prune(
        self, candidates: np.ndarray, mark: int, asked: np.ndarray, count: int, removed: Counter[str]
    ) -> int:
        """Append to ``asked`` what is to be scored.

        Args:
            candidates: int64, numbers in the pool.
            mark: Of the formulas that ``asked`` holds; of no others.
            asked: int64, room for all candidates after the first ``count``.
            count: How many it holds.
            removed: Counts each candidate that is left out by the first rule that does.

        Returns:
            How many ``asked`` holds then.
        """
        done, counts = 0, np.zeros(len(RULES), np.int64)
        while done < len(candidates):
            self._pool.reserve()
            done, count = self._code.prune(
                self._pool.arrays, self._known.young, self._known.old, candidates, done, *self._limits,
                mark, asked, count, counts,
            )
            if self._pool.waits:
                self._pool.fold()
        removed.update(dict(zip(RULES, counts.tolist(), strict=True)))
        return count
