"""What operators that compare architectures, as ``logrank``, compare a network with that is scored alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from evozc.engine._evaluator import Evaluator
from evozc.formula import Formula, call, statistic
from evozc.table import Table
from primitives import Operator, rounded, scalar

#: Reference values that an exported operator carries at most.
MAX_REFERENCE = 1001


def rank_references(formula: Formula, *tables: Table) -> dict[Formula, np.ndarray]:
    """For each comparison in a formula, as ``logrank``, its argument's values on tables' architectures."""
    ranked = _compared(formula)
    values = np.concatenate([Evaluator(table).scores(ranked) for table in tables], axis=1)
    return dict(zip(ranked, values, strict=True))


def _compared(formula: Formula) -> list[Formula]:
    """What a formula's comparisons compare architectures by."""
    parts = (part for part in formula.walk() if part.operator and part.operator.kind == "candidates")
    return list(dict.fromkeys(part.arguments[0] for part in parts))


def reference_quantiles(values: np.ndarray) -> np.ndarray:
    """The values as an operator's ``against_reference`` takes them: in order, quantiles if there are many."""
    ordered = np.sort(np.where(np.isfinite(values), rounded(values), -np.inf))
    if len(ordered) > MAX_REFERENCE:
        ordered = ordered[np.linspace(0, len(ordered) - 1, MAX_REFERENCE).round().astype(int)]
    return ordered


def beyond_references(
    formula: Formula, table: Table, references: Mapping[Formula, np.ndarray]
) -> dict[Formula, np.ndarray]:
    """Which architectures lie outside the references of a comparison, by its argument, bool (architectures,).

    There a comparison as ``logrank`` can only go on as it ended. Arguments of which none do are left out.

    Raises:
        FormulaError: the table lacks a statistic.
    """
    found = {}
    for argument in _compared(formula):
        known = references.get(argument)
        if known is None or not np.isfinite(known).any():
            continue
        values = Evaluator(table).scores([argument])[0]
        low, high = np.nanmin(known[np.isfinite(known)]), np.nanmax(known[np.isfinite(known)])
        outside = np.isfinite(values) & ((rounded(values) < rounded(low)) | (rounded(values) > rounded(high)))
        if outside.any():
            found[argument] = outside
    return found


def referenced_scores(
    formula: Formula, table: Table, references: Mapping[Formula, np.ndarray]
) -> np.ndarray:
    """The scores of a table's architectures, float64 (architectures,).

    A comparison whose argument has references, as that of ``logrank``, ranks each architecture among
    these alone; every other one ranks the architectures among themselves.

    Args:
        formula: What to score by.
        table: With the statistics that the formula uses.
        references: As :func:`rank_references` gives them.

    Raises:
        FormulaError: the table lacks a statistic.
    """

    def ranked(part: Formula) -> Formula:
        nonlocal table
        if not isinstance(part.symbol, Operator):
            return part
        arguments = [ranked(argument) for argument in part.arguments]
        against = part.symbol.against_reference
        if against is None or part.arguments[0] not in references:
            return call(part.symbol, *arguments)
        inner = Evaluator(table).scores(arguments)[0]
        new = scalar(f"compared_{len(table.statistics)}")
        with np.errstate(all="ignore"):
            compared = against(inner, reference_quantiles(references[part.arguments[0]]))
        table = replace(
            table, statistics=(*table.statistics, new), values={**table.values, new.key: compared}
        )
        return statistic(new)

    whole = ranked(formula)  # first, since it adds to the table
    return Evaluator(table).scores([whole])[0]
