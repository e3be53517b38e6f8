"""Formulas as a program: each distinct part once, in an order in which it can be computed."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence

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
        number: dict[str, int] = {}
        add = self._adder(number, rows := array("q"))
        self.roots = np.array([
            add(f) if (known := number.get(f.text)) is None else known for f in formulas
        ], np.int64)
        columns = np.frombuffer(rows, np.int64).reshape(-1, _FIELDS).T
        self.operator, self.kind, self.stage, self.x, self.y = np.ascontiguousarray(columns)
        outside = np.array([o.compiled is None for o in self.operators] + [False])
        self.outside = outside[self.operator]

    def _adder(self, number: dict[str, int], rows: array) -> Callable[[Formula], int]:
        """A function that appends a part, and what it needs, to all of them and gives its number.

        A closure: every part of every generation goes through it.
        """
        parts, operators, indices = self.parts, self.operators, {}
        ready: list[int] = []  # the first stage in which compiled code may read a value
        known, extend, kinds, constant = number.get, rows.extend, KINDS, CONSTANT

        def add(formula: Formula) -> int:
            symbol, arguments = formula.symbol, formula.arguments
            if not arguments:
                kind = kinds[formula.type] if isinstance(symbol, Statistic) else constant
                extend((-1, kind, 0, -1, -1))
                ready.append(0)
            else:
                first = arguments[0]
                x, y = known(first.text), -1
                if x is None:
                    x = add(first)
                stage = ready[x]
                if len(arguments) > 1:
                    second = arguments[1]
                    y = known(second.text)
                    if y is None:
                        y = add(second)
                    if ready[y] > stage:
                        stage = ready[y]
                operator, inside = indices.get(id(symbol)) or (-1, False)
                if operator < 0:
                    operator, inside = indices[id(symbol)] = len(operators), symbol.compiled is not None
                    operators.append(symbol)
                extend((operator, kinds[formula.type], stage, x, y))
                ready.append(stage if inside else stage + 1)
            place = number[formula.text] = len(parts)
            parts.append(formula)
            return place

        return add
