"""Formulas in, fitness or the reason for having none out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evozc.engine._evaluator import Evaluator
from evozc.engine._kendall import KendallTau, rankable
from evozc.errors import DataError
from evozc.formula import Formula
from evozc.table import Table, Target

Reason = Literal["constant", "not finite"]

#: Architectures of the probe that weeds out hopeless formulas.
PROBE = 12
#: The largest share of architectures that may have no finite score.
MAX_NOT_FINITE = 0.2


@dataclass(frozen=True)
class Outcome:
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

    Args:
        table: The labelled sample; nothing else is ever looked at.
        target: What to rank by.

    Attributes:
        seconds: Seconds spent on the ``probe`` and on the ``rest`` so far.

    Raises:
        DataError: fewer than four architectures, or all with the same target.
    """

    def __init__(self, table: Table, target: Target) -> None:
        if len(table) < 4:
            raise DataError(f"{len(table)} labelled architectures are too few: at least 4 are needed")
        if len(np.unique(target.merit)) < 2:
            raise DataError(f"all {len(table)} labelled architectures have the same {target.name}")
        self._tau = KendallTau(target.merit)
        self._full = Evaluator(table)
        order = np.argsort(target.merit, kind="stable")
        spread = np.linspace(0, len(table) - 1, min(PROBE, len(table))).astype(int)
        self._probe = Evaluator(table.select(np.sort(order[spread])))
        self.seconds = {"probe": 0.0, "rest": 0.0}

    def score(self, formulas: Sequence[Formula]) -> list[Outcome]:
        """One outcome for each formula, in order.

        Raises:
            FormulaError: a formula uses a statistic that the table lacks.
        """
        start = time.perf_counter()
        reasons = [_reason(scores) for scores in self._probe.scores(formulas)]
        passed = time.perf_counter()
        alive = [f for f, reason in zip(formulas, reasons, strict=True) if reason is None]
        scored = iter([self._outcome(scores) for scores in self._full.scores(alive)])
        outcomes = [
            next(scored) if reason is None else Outcome(None, reason=reason, probed=True)
            for reason in reasons
        ]
        self.seconds["probe"] += passed - start
        self.seconds["rest"] += time.perf_counter() - passed
        return outcomes

    def _outcome(self, scores: np.ndarray) -> Outcome:
        reason = _reason(scores)
        if reason is not None:
            return Outcome(None, reason=reason)
        ranked = rankable(scores)
        _, ranks = np.unique(ranked, return_inverse=True)
        digest = hashlib.blake2b(ranks.astype("<u4").tobytes(), digest_size=12).hexdigest()
        return Outcome(self._tau(ranked), digest)


def _reason(scores: np.ndarray) -> Reason | None:
    finite = np.isfinite(scores)
    if np.count_nonzero(~finite) > max(1, MAX_NOT_FINITE * len(scores)):
        return "not finite"
    ranked = rankable(scores)
    return "constant" if ranked.min() == ranked.max() else None
