"""Formulas side by side on architectures that no search has seen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evozc.comparison._interval import Estimate, estimate, standard_error
from evozc.engine import Evaluator
from evozc.errors import DataError
from evozc.formula import Formula
from evozc.table import Table, Target


@dataclass(frozen=True)
class Row:
    """One method of a comparison.

    Args:
        name: As tables show it.
        formula: What was scored.
        estimate: Its tau on the held-out architectures.
        train_tau: Its tau on the labelled sample.
        dropped: Held-out architectures without a finite score; they rank last.
    """

    name: str
    formula: Formula
    estimate: Estimate
    train_tau: float
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


def choose(front: Mapping[str, Formula], train: Table, target: Target, tolerance: float = 0.5) -> str:
    """The formula of a Pareto front to keep, by the labelled sample alone.

    The shortest whose tau is within ``tolerance`` standard errors of the best
    one's: the one-standard-error rule (Breiman et al., 1984), the error being that
    of the difference on the same architectures.

    Args:
        front: From the shortest to the best.
        train: The labelled sample.
        target: What it is ranked by.
        tolerance: In standard errors.

    Returns:
        The key of the chosen formula.

    Raises:
        FormulaError: a formula needs a statistic that the table lacks.
        DataError: every formula is constant on the labelled sample.
    """
    scores = Evaluator(train).scores(list(front.values()))
    estimates = [estimate(s, target.merit, train.keys) for s in scores]
    ranking = [e for e in estimates if not math.isnan(e.tau)]
    if not ranking:
        raise DataError("no formula tells the labelled architectures apart")
    best = max(ranking, key=lambda e: e.tau)
    for name, candidate in zip(front, estimates, strict=True):
        error = standard_error(best.influence - candidate.influence, train.keys)
        if candidate.tau >= best.tau - tolerance * error:
            return name
    raise AssertionError("the best formula is within its own standard error")
