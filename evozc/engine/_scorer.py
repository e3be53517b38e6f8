"""Formulas in, fitness or the reason for having none out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from evozc.engine._evaluator import Evaluator
from evozc.engine._kendall import KendallTau, Ranked
from evozc.errors import DataError
from evozc.formula import Formula
from evozc.table import Table, Target
from primitives import LANES

Reason = Literal["constant", "not finite"]

#: Architectures of the probe that weeds out hopeless formulas: one bundle of the engine.
PROBE = LANES
#: The largest share of architectures that may have no finite score.
MAX_NOT_FINITE = 0.2
#: Scores held at once; a larger generation is scored in parts.
_MOST_SCORES = 2**23


class Outcome(NamedTuple):
    """What scoring one formula gave.

    Args:
        tau: Kendall tau-b on the labelled sample, or None for an invalid formula.
        ranking: Digest of the ranking of the sample, equal for equivalent formulas.
        reason: Why it is invalid, or None.
        probed: Whether the probe alone was enough to see that.
    """

    tau: float | None
    ranking: str = ""
    reason: Reason | None = None
    probed: bool = False


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

    def score(self, formulas: Sequence[Formula]) -> list[Outcome]:
        """One outcome for each formula, in order.

        Raises:
            FormulaError: a formula uses a statistic that the table lacks.
        """
        start = time.perf_counter()
        before = dict(self._evaluator.seconds)
        found: dict[str, Outcome] = {}
        distinct = list({f.text: f for f in formulas}.values())
        for first in range(0, len(distinct), self._rows):
            part = distinct[first : first + self._rows]
            found.update(zip((f.text for f in part), self._outcomes(part), strict=True))
        after = self._evaluator.seconds
        probe = after["probe"] - before["probe"]
        self.seconds["probe"] += probe
        self.seconds["saved"] += after["saved"] - before["saved"]
        self.seconds["rest"] += time.perf_counter() - start - probe
        return [found[f.text] for f in formulas]

    def _outcomes(self, formulas: Sequence[Formula]) -> list[Outcome]:
        dropped: dict[int, Outcome] = {}

        def survive(rows: np.ndarray, scores: np.ndarray) -> np.ndarray:
            states = self._probe.states(scores)
            bad = (states < 0) | (states > self._missing[PROBE])
            for row, state in zip(rows[bad].tolist(), states[bad].tolist(), strict=True):
                dropped[row] = Outcome(None, reason="constant" if state < 0 else "not finite", probed=True)
            return ~bad

        scores = self._evaluator.columns(formulas, survive)
        n = len(self._evaluator.table)
        wanted = np.ones(len(formulas), bool)
        wanted[list(dropped)] = False
        ranked = self._tau.rank(scores, self._missing[n], wanted, self._evaluator.spread)
        outcomes = [
            Outcome(tau, f"{digest:016x}") if tau == tau else Outcome(None, reason=reason)
            for tau, digest, reason in _columns(ranked)
        ]
        for row, outcome in dropped.items():
            outcomes[row] = outcome
        return outcomes


def _columns(ranked: Ranked):
    reasons = np.where(ranked.missing < 0, "constant", "not finite").tolist()
    return zip(ranked.taus.tolist(), ranked.digests.tolist(), reasons, strict=True)
