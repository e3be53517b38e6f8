"""Formulas in, fitness or the reason for having none out."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from evozc.engine._evaluator import Evaluator
from evozc.engine._kendall import KendallTau
from evozc.engine._outcomes import CONSTANT, NOT_FINITE, Outcomes
from evozc.errors import DataError
from evozc.formula import Formula
from evozc.formula.pool import Pool
from evozc.table import Table, Target
from primitives import LANES

#: Architectures of the probe that weeds out hopeless formulas: one bundle of the engine.
PROBE = LANES
#: The largest share of architectures that may have no finite score.
MAX_NOT_FINITE = 0.2
#: Scores held at once; a larger generation is scored in parts.
_MOST_SCORES = 2**23


class Scorer:
    """Scores formulas on a labelled sample, a whole generation at a time.

    The probe comes first: a formula that is constant or mostly undefined on a few
    architectures, evenly drawn from the order of the target, is not computed on the others.
    Formulas that compare the architectures with each other are not probed.

    Args:
        table: The labelled sample; nothing else is ever looked at.
        target: What to rank by.
        jobs: Threads; the outcomes are the same for any number.

    Attributes:
        seconds: Seconds so far: of the ``probe``, of all the ``rest``, and those that the
            probe has ``saved``.

    Raises:
        DataError: fewer than four architectures, or all with the same target.
    """

    def __init__(self, table: Table, target: Target, jobs: int = 1) -> None:
        if len(table) < 4:
            raise DataError(f"{len(table)} labelled architectures are too few: at least 4 are needed")
        if len(np.unique(target.merit)) < 2:
            raise DataError(f"all {len(table)} labelled architectures have the same {target.name}")
        order = np.argsort(target.merit, kind="stable")
        spread = np.linspace(0, len(table) - 1, min(PROBE, len(table))).astype(int)
        self._evaluator = Evaluator(table, np.sort(order[spread]), jobs)
        self._tau = KendallTau(target.merit, self._evaluator.layout.position)
        self._probe = KendallTau(np.arange(float(len(spread))))
        self._missing = {n: int(max(1, MAX_NOT_FINITE * n)) for n in (len(spread), len(table))}
        self._rows = max(64, _MOST_SCORES // len(table))
        self.seconds = {"probe": 0.0, "rest": 0.0, "saved": 0.0}

    def score(self, formulas: Sequence[Formula]) -> Outcomes:
        """One outcome for each formula, in order.

        Raises:
            FormulaError: a formula uses a statistic that the table lacks.
        """
        start = time.perf_counter()
        before = dict(self._evaluator.seconds)
        pool, numbers = self._evaluator.numbered(formulas)
        distinct, places = np.unique(numbers, return_inverse=True)
        firsts = range(0, max(1, len(distinct)), self._rows)
        parts = [self._outcomes(pool, distinct[first : first + self._rows]) for first in firsts]
        after = self._evaluator.seconds
        probe = after["probe"] - before["probe"]
        self.seconds["probe"] += probe
        self.seconds["saved"] += after["saved"] - before["saved"]
        self.seconds["rest"] += time.perf_counter() - start - probe
        return Outcomes(*(np.concatenate(column)[places] for column in zip(*parts, strict=True)))

    def _outcomes(self, pool: Pool, formulas: np.ndarray) -> tuple[np.ndarray, ...]:
        """The columns of :class:`Outcomes` for formulas that are all different."""
        reasons, probed = np.zeros(len(formulas), np.int64), np.zeros(len(formulas), bool)

        def survive(rows: np.ndarray, scores: np.ndarray) -> np.ndarray:
            states = self._probe.states(scores)
            bad = (states < 0) | (states > self._missing[PROBE])
            reasons[rows[bad]] = np.where(states[bad] < 0, CONSTANT, NOT_FINITE)
            probed[rows[bad]] = True
            return ~bad

        scores = self._evaluator.columns(pool, formulas, survive)
        missing = self._missing[len(self._evaluator.table)]
        ranked = self._tau.rank(scores, missing, ~probed, self._evaluator.spread)
        taus = np.where(probed, np.nan, ranked.taus)
        failed = np.isnan(taus) & ~probed
        reasons[failed] = np.where(ranked.missing[failed] < 0, CONSTANT, NOT_FINITE)
        return taus, ranked.digests, reasons, probed
