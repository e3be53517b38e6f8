"""Formulas as a program: each distinct part once, in an order in which it can be computed."""

from __future__ import annotations

from typing import Any

import numpy as np

from evozc.engine._layout import CONSTANT
from evozc.formula.pool import Pool
from evozc.formula.pool import layout as at
from primitives import Operator


class Program:
    """The distinct parts of formulas, so that every part comes after its arguments.

    What has no compiled kernel, or compares the architectures, is computed outside the
    compiled loop, for all architectures at once. Hence the *stages*: a part belongs to the
    first stage at whose beginning everything is there that it needs from outside.

    Args:
        pool: Where the formulas are.
        formulas: int64, their numbers, all different.

    Attributes:
        operators: The operators in use.
        operator: int64, which of them gives each value; -1 for a leaf.
        kind: int64, how each value is laid out.
        stage: int64, the stage in which each value is computed.
        x, y: int64, each value's arguments, -1 for none.
        roots: int64, the value of each formula.
        outside: bool, whether each value is computed by its operator's numpy kernel.
        numbers: int64, of all values in the pool.
    """

    def __init__(self, pool: Pool, formulas: np.ndarray) -> None:
        from evozc.engine import _program_compiled  # numba takes half a second to import

        self.pool = pool
        traits = pool.arrays.traits
        numbers, self.x, self.y, self.stage, roots = _program_compiled.arrange(pool.arrays, formulas)
        self.numbers, self.roots = numbers, roots.astype(np.int64)
        self.symbols = pool.arrays.nodes[numbers, at.SYMBOL]
        is_leaf = self.x < 0
        used, place = np.unique(self.symbols[~is_leaf], return_inverse=True)
        self.operators: list[Operator] = [pool.symbols[symbol] for symbol in used.tolist()]
        self.operator = np.full(len(numbers), -1)
        self.operator[~is_leaf] = place
        is_constant = traits[self.symbols, at.KIND] == at.CONSTANT
        self.kind = np.where(is_constant, CONSTANT, pool.arrays.nodes[numbers, at.TYPE].astype(np.int64))
        self.outside = ~is_leaf & (traits[self.symbols, at.COMPILED] == 0)

    def __len__(self) -> int:
        return len(self.numbers)

    def symbol(self, value: int) -> Any:  # which, the value's kind says
        """The operator, statistic or number at the root of a value."""
        return self.pool.symbols[self.symbols[value]]
