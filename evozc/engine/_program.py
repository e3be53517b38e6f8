"""Formulas as a program: each distinct part once, in an order in which it can be computed."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from evozc.engine._layout import CONSTANT, KINDS
from evozc.formula import Formula
from primitives import Operator, Statistic

_FIELDS = 5


class Program:
    """The distinct parts of formulas, numbered so that every part comes after its arguments.

    What has no compiled kernel, or compares the architectures, is computed outside the
    compiled loop, for all architectures at once. Hence the *stages*: a part belongs to the
    first stage at whose beginning everything is there that it needs from outside.

    Args:
        formulas: All different.

    Attributes:
        parts: The formulas of all values, leaves included.
        operators: The operators in use.
        operator: Which of them gives each value; -1 for a leaf.
        kind: How each value is laid out.
        stage: The stage in which each value is computed.
        x, y: Numbers of each value's arguments, -1 for none.
        roots: The value of each formula.
        outside: Whether each value is computed by its operator's numpy kernel.
    """

    def __init__(self, formulas: Sequence[Formula]) -> None:
        self.parts: list[Formula] = []
        self.operators: list[Operator] = []
        self._indices: dict[Operator, int] = {}
        self._ready: list[int] = []  # the first stage in which compiled code may read a value
        self._rows = array("q")
        self._number: dict[str, int] = {}
        number = self._number
        self.roots = np.array([
            self._add(f) if (known := number.get(f.text)) is None else known for f in formulas
        ], np.int64)
        rows = np.frombuffer(self._rows, np.int64).reshape(-1, _FIELDS).T
        self.operator, self.kind, self.stage, self.x, self.y = np.ascontiguousarray(rows)
        outside = np.array([o.compiled is None for o in self.operators] + [False])
        self.outside = outside[self.operator]

    def _add(self, formula: Formula) -> int:
        symbol, arguments = formula.symbol, formula.arguments
        operator, kind, stage, x, y = -1, KINDS[formula.type], 0, -1, -1
        if arguments:
            known = self._number
            first = arguments[0]
            x = known.get(first.text, -1)
            if x < 0:
                x = self._add(first)
            stage = self._ready[x]
            if len(arguments) > 1:
                second = arguments[1]
                y = known.get(second.text, -1)
                if y < 0:
                    y = self._add(second)
                stage = max(stage, self._ready[y])
            operator = self._indices.get(symbol, -1)
            if operator < 0:
                operator = self._indices[symbol] = len(self.operators)
                self.operators.append(symbol)
            self._ready.append(stage if symbol.compiled is not None else stage + 1)
        else:
            if not isinstance(symbol, Statistic):
                kind = CONSTANT
            self._ready.append(0)
        number = self._number[formula.text] = len(self.parts)
        self.parts.append(formula)
        self._rows.extend((operator, kind, stage, x, y))
        return number
