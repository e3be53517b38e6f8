"""Formulas side by side on architectures that no search has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan

import numpy as np

from evozc.engine import Evaluator
from evozc.evaluation._interval import Estimate, estimate
from evozc.formula import Formula
from evozc.table import Table, Task


@dataclass(frozen=True)
class Row:
    """One method of a comparison.

    Args:
        name: As tables show it.
        formula: What was scored.
        estimate: Its tau on the held-out architectures.
        labelled_tau: Its tau on the labelled sample, NaN without one.
        dropped: Held-out architectures without a finite score; they rank last.
    """

    name: str
    formula: Formula
    estimate: Estimate
    labelled_tau: float
    dropped: int


def compare(formulas: Mapping[str, Formula], task: Task) -> list[Row]:
    """Every formula on the labelled and on the held-out architectures.

    Args:
        formulas: By the name to show.
        task: With the targets of both.

    Returns:
        One row a formula, in the given order.

    Raises:
        FormulaError: a formula needs a statistic that the table lacks.
    """
    labelled, held_out = (judge(formulas, table, task.target) for table in (task.labelled, task.held_out))
    pairs = zip(labelled, held_out, strict=True)
    return [replace(judged, labelled_tau=seen.estimate.tau) for seen, judged in pairs]


def judge(formulas: Mapping[str, Formula], table: Table, target: str) -> list[Row]:
    """Every formula on the architectures of a table that no search has seen.

    Args:
        formulas: By the name to show.
        table: The architectures.
        target: What they are ranked by.

    Raises:
        FormulaError: a formula needs a statistic that the table lacks.
        DataError: the target is unknown.
    """
    merit = table.target(target).merit
    scores = Evaluator(table).scores(list(formulas.values()))
    return [
        Row(name, formula, estimate(row, merit, table.keys), nan, int(np.count_nonzero(~np.isfinite(row))))
        for (name, formula), row in zip(formulas.items(), scores, strict=True)
    ]
