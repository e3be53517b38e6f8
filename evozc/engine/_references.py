"""What operators that compare architectures, as ``logrank``, compare a network with that is scored alone."""

from __future__ import annotations

import numpy as np

from evozc.engine._evaluator import Evaluator
from evozc.formula import Formula
from evozc.table import Table
from primitives import rounded

#: Reference values that an exported operator carries at most.
MAX_REFERENCE = 1001


def rank_references(formula: Formula, table: Table) -> dict[Formula, np.ndarray]:
    """For each comparison in a formula, as ``logrank``, its argument's values on a table's architectures."""
    parts = (part for part in formula.walk() if part.operator and part.operator.kind == "candidates")
    ranked = list({part.arguments[0] for part in parts})
    return dict(zip(ranked, Evaluator(table).scores(ranked), strict=True))


def reference_quantiles(values: np.ndarray) -> np.ndarray:
    """The values as an operator's ``against_reference`` takes them: in order, quantiles if there are many."""
    ordered = np.sort(np.where(np.isfinite(values), rounded(values), -np.inf))
    if len(ordered) > MAX_REFERENCE:
        ordered = ordered[np.linspace(0, len(ordered) - 1, MAX_REFERENCE).round().astype(int)]
    return ordered
