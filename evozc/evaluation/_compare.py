"""Formulas side by side on architectures that no search has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evozc.engine import Evaluator
from evozc.evaluation._interval import Estimate, estimate
from evozc.formula import Formula
from evozc.table import Table


@dataclass(frozen=True)
class Row:
    """One method of a comparison.

    Args:
        name: As tables show it.
        formula: What was scored.
        estimate: Its tau on the held-out architectures.
        labelled_tau: Its tau on the labelled sample.
        dropped: Held-out architectures without a finite score; they rank last.
    """

    name: str
    formula: Formula
    estimate: Estimate
    labelled_tau: float
    dropped: int


def compare(
    formulas: Mapping[str, Formula], train: Table, test: Table, target: str
) -> list[Row]:
    """Every formula on the labelled and on the held-out architectures.

    Args:
        formulas: By the name to show.
        train: The labelled sample.
        test: The held-out architectures.
        target: What both are ranked by.

    Returns:
        One row a formula, in the given order.

    Raises:
        FormulaError: a formula needs a statistic that the tables lack.
        DataError: the target is unknown.
    """
    listed = list(formulas.values())
    results = []
    for table in (train, test):
        merit = table.target(target).merit
        scores = Evaluator(table).scores(listed)
        results.append([(estimate(s, merit, table.keys), np.count_nonzero(~np.isfinite(s))) for s in scores])
    return [
        Row(name, formula, held_out, labelled.tau, int(dropped))
        for (name, formula), (labelled, _), (held_out, dropped) in zip(
            formulas.items(), *results, strict=True
        )
    ]
