"""Many formulas on one table, each distinct part computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from evozc.errors import FormulaError
from evozc.formula import Formula
from evozc.table import Table
from primitives import NETWORK, Operator, Statistic


class Evaluator:
    """Scores formulas on the architectures of a table, in float64.

    Args:
        table: The statistics; targets are not looked at.
    """

    def __init__(self, table: Table) -> None:
        self.table = table

    def scores(self, formulas: Sequence[Formula]) -> np.ndarray:
        """The score of every architecture under every formula.

        Args:
            formulas: Each gives one Scalar an architecture.

        Returns:
            float64 (formulas, architectures); not finite where a formula is undefined.

        Raises:
            FormulaError: a formula is no Scalar, or uses a statistic that the table lacks.
        """
        for formula in formulas:
            self._check(formula)
        result = np.empty((len(formulas), len(self.table)))
        values: dict[Formula, np.ndarray] = {}
        waiting = _readers(formulas)
        with np.errstate(all="ignore"):
            for row, formula in enumerate(formulas):
                result[row] = self._value(formula, values, waiting)
                self._release(formula, values, waiting)
        return result

    def _check(self, formula: Formula) -> None:
        if formula.type != NETWORK:
            raise FormulaError(f"{formula.text} gives no Scalar an architecture")
        for statistic in formula.statistics():
            if statistic.key not in self.table.values:
                raise FormulaError(
                    f"{formula.text} needs {statistic.key}, which the table does not hold"
                )

    def _value(
        self, formula: Formula, values: dict[Formula, np.ndarray], waiting: Counter[Formula]
    ) -> np.ndarray:
        symbol = formula.symbol
        if isinstance(symbol, Statistic):
            return self.table.values[symbol.key]
        if not isinstance(symbol, Operator):
            return np.array([symbol])
        if formula not in values:
            arguments = [self._value(a, values, waiting) for a in formula.arguments]
            values[formula] = self._apply(symbol, formula, arguments)
            for argument in formula.arguments:
                self._release(argument, values, waiting)
        return values[formula]

    def _apply(self, operator: Operator, formula: Formula, arguments: list[np.ndarray]) -> np.ndarray:
        if operator.kind == "candidates":
            return operator.kernel(np.broadcast_to(arguments[0], len(self.table)))
        if operator.kind in ("vector", "reduction"):
            return operator.kernel(arguments[0], self.table.nodes[formula.arguments[0].type])
        if formula.type != NETWORK:
            nodes = self.table.nodes[formula.type]
            arguments = [
                value if argument.type != NETWORK or len(value) == 1 else nodes.spread(value)
                for value, argument in zip(arguments, formula.arguments, strict=True)
            ]
        return operator.kernel(*arguments)

    @staticmethod
    def _release(formula: Formula, values: dict[Formula, np.ndarray], waiting: Counter[Formula]) -> None:
        """Forget a value once everything that reads it has been computed."""
        waiting[formula] -= 1
        if waiting[formula] <= 0:
            values.pop(formula, None)


def _readers(formulas: Sequence[Formula]) -> Counter[Formula]:
    """How often each distinct part will be read: by a result row, or by a distinct part above."""
    readers = Counter(formulas)
    stack = list(readers)
    seen = set(stack)
    while stack:
        for argument in stack.pop().arguments:
            readers[argument] += 1
            if argument not in seen:
                seen.add(argument)
                stack.append(argument)
    return readers
