"""Whether a ranking holds when what should not matter changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evozc.auditing._measured import Measured, of_difference, of_influence
from evozc.auditing._scores import Scores
from evozc.engine import Evaluator, rankable
from evozc.errors import FormulaError
from evozc.evaluation import estimate
from evozc.table import Table

#: Other units that statistics may have.
_UNITS = 1000.0
_FEWEST = 10


@dataclass(frozen=True)
class Change:
    """One change and what it does to a ranking.

    Args:
        what: ``float32``, ``units of <statistic>``, or the name of another measurement.
        architectures: That both measurements hold.
        agreement: Kendall tau of the scores before and after.
        tau: Kendall tau with the target after it.
        change: Of tau, after less before, on the same architectures.
    """

    what: str
    architectures: int
    agreement: Measured
    tau: Measured
    change: Measured


def recompute(scores: Scores, table: Table, merit: np.ndarray, clusters: np.ndarray) -> list[Change]:
    """A formula on the same statistics in float32, and in other units, one statistic after another.

    Units change by a factor of 1,000; statistics without values below and above 1 in size
    by the same rule. A column alone cannot change its ranking but by rounding.

    Args:
        scores: Of the formula.
        table: What it was computed from.
        merit: float64 (architectures,), higher is better.
        clusters: int64 (architectures,).
    """
    used = scores.formula.statistics()
    with np.errstate(over="ignore"):
        rounded = {s.key: table.values[s.key].astype(np.float32).astype(np.float64) for s in used}
    tables = {"float32": replace(table, values={**table.values, **rounded})}
    if scores.formula.arguments:
        tables |= {
            f"units of {s.key}": replace(table, values={**table.values, s.key: _UNITS * table.values[s.key]})
            for s in used
        }
    return [_compared(what, scores.ranked, scores.__class__(
        scores.name, scores.formula, Evaluator(other).scores([scores.formula])[0]
    ).ranked, merit, clusters) for what, other in tables.items()]


def remeasured(
    scores: Scores, table: Table, others: Mapping[str, Table], merit: np.ndarray, clusters: np.ndarray
) -> list[Change]:
    """The same formula on other measurements of the same architectures.

    Args:
        scores: Of the formula on ``table``.
        table: The architectures.
        others: By name, tables measured with other seeds, batches or data. One that lacks a
            statistic of the formula, or shares fewer than ten architectures, is left out.
        merit: float64 (architectures,), higher is better.
        clusters: int64 (architectures,).
    """
    place = {architecture: i for i, architecture in enumerate(table.architectures)}
    found = []
    for name, other in others.items():
        shared = [(place[a], j) for j, a in enumerate(other.architectures) if a in place]
        if len(shared) < _FEWEST:
            continue
        here, there = (np.array(column) for column in zip(*shared, strict=True))
        try:
            again = Evaluator(other.select(there)).scores([scores.formula])[0]
        except FormulaError:
            continue
        before = rankable(Evaluator(table.select(here)).scores([scores.formula])[0])
        found.append(_compared(name, before, rankable(again), merit[here], clusters[here]))
    return found


def worst(changes: Sequence[Change]) -> Change | None:
    """The change after which the ranking agrees least."""
    known = [change for change in changes if change.agreement.value is not None]
    return min(known, key=lambda change: change.agreement.value or 0.0, default=None)


def _compared(
    what: str, before: np.ndarray, after: np.ndarray, merit: np.ndarray, clusters: np.ndarray
) -> Change:
    both = estimate(after, np.unique(before, return_inverse=True)[1].astype(np.float64), clusters)
    old, new = estimate(before, merit, clusters), estimate(after, merit, clusters)
    return Change(
        what, len(merit), of_influence(both.tau, both.influence, clusters),
        of_influence(new.tau, new.influence, clusters),
        of_difference(new.tau - old.tau, new.influence - old.influence, clusters),
    )
