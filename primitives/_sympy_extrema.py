"""Largest and smallest over a node index, which sympy itself has no form for."""

from __future__ import annotations

from typing import Any

import sympy
from sympy.concrete.expr_with_limits import AddWithLimits


class _Extremum(AddWithLimits):
    _over: Any

    def doit(self, **hints: Any) -> Any:
        """Written out where the number of nodes is known."""
        index, low, high = self.limits[0]
        if not (low.is_Integer and high.is_Integer):
            return self
        terms = [self.function.subs(index, k) for k in range(int(low), int(high) + 1)]
        return self._over(*(term.doit(**hints) for term in terms))


class NodeMax(_Extremum):
    """``NodeMax(x[i], (i, 1, n))``: the largest of ``x[1]`` to ``x[n]``."""

    _over = sympy.Max


class NodeMin(_Extremum):
    """``NodeMin(x[i], (i, 1, n))``: the smallest of ``x[1]`` to ``x[n]``."""

    _over = sympy.Min
