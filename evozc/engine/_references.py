"""What a ``logrank`` ranks among when a network is scored alone."""

from __future__ import annotations

import numpy as np

from evozc.engine._evaluator import Evaluator
from evozc.formula import Formula
from evozc.table import Table
from primitives import rounded

#: Reference values that an exported ``logrank`` carries at most.
MAX_REFERENCE = 1001


def rank_references(formula: Formula, table: Table) -> dict[Formula, np.ndarray]:
    """For each ``logrank`` of a formula its argument's values on a table's architectures."""
    parts = (part for part in formula.walk() if part.operator and part.operator.name == "logrank")
    ranked = list({part.arguments[0] for part in parts})
    return dict(zip(ranked, Evaluator(table).scores(ranked), strict=True))


def reference_quantiles(values: np.ndarray) -> np.ndarray:
    """What a ``logrank`` keeps of the values to rank among: in order, quantiles if there are many."""
    ordered = np.sort(np.where(np.isfinite(values), rounded(values), -np.inf))
    if len(ordered) > MAX_REFERENCE:
        ordered = ordered[np.linspace(0, len(ordered) - 1, MAX_REFERENCE).round().astype(int)]
    return ordered
