"""What a method gave: its scores of the held-out architectures, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from evozc.engine import Evaluator
from evozc.formula import Formula, addends, to_latex
from evozc.table import Table


@dataclass(frozen=True)
class FrontEntry:
    """A formula of a search's Pareto front.

    Args:
        size: Symbols in it.
        labelled_tau: Kendall tau on the labelled sample.
        formula: Its text.
        chosen: Whether it is the search's result.
        scores: Of the held-out architectures, None where not finite.
    """

    size: int
    labelled_tau: float
    formula: str
    chosen: bool
    scores: tuple[float | None, ...]

    @property
    def values(self) -> np.ndarray:
        """The scores, float64 (architectures,), NaN where not finite."""
        return _values(self.scores)


@dataclass(frozen=True)
class Ranking:
    """What one method gave; higher scores are better.

    Args:
        method: Its name, as tables show it.
        scores: Of the held-out architectures, None where not finite; see :func:`listed`.
        fit_seconds: Processor time of training or searching, which other work on the machine
            does not change.
        score_seconds: Processor time of scoring one architecture whose statistics are known.
        size: How large it is.
        counts: What the size counts, as ``symbols`` or ``parameters``.
        formula: Its text, of a formula.
        latex: The LaTeX of each of its terms.
        front: Of a search, the Pareto front.
    """

    method: str
    scores: tuple[float | None, ...]
    fit_seconds: float
    score_seconds: float
    size: int
    counts: str
    formula: str | None = None
    latex: tuple[str, ...] | None = None
    front: tuple[FrontEntry, ...] | None = None

    @property
    def values(self) -> np.ndarray:
        """The scores, float64 (architectures,), NaN where not finite."""
        return _values(self.scores)


def rank_by(name: str, formula: Formula, table: Table) -> Ranking:
    """What a formula gives on a table, under a name."""
    start = time.process_time()
    scores = Evaluator(table).scores([formula])[0]
    seconds = (time.process_time() - start) / len(table)
    return Ranking(
        method=name, scores=listed(scores), fit_seconds=0.0, score_seconds=seconds, size=formula.size,
        counts="symbols", formula=formula.text, latex=tuple(map(to_latex, addends(formula))),
    )


def listed(scores: Iterable[float]) -> tuple[float | None, ...]:
    """Scores as a :class:`Ranking` keeps them."""
    return tuple(float(score) if np.isfinite(score) else None for score in scores)


def _values(scores: tuple[float | None, ...]) -> np.ndarray:
    return np.array([np.nan if score is None else score for score in scores], dtype=np.float64)
