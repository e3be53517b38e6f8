"""Simplification by the declared properties of operators and statistics.

What is promised: on every architecture where all parts of the original formula
are finite, the simplified score is the original one (:func:`remove_redundancy`), or a
strictly increasing function of it (:func:`strip_root`), up to rounding. Where ``logrank``
compares the architectures, all parts have to be finite on all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from evozc.formula._tree import Formula, call, constant
from primitives import FULL, NETWORK, Operator, Sign, Statistic

_NEG = FULL.operators["neg"]
_ABS = FULL.operators["abs"]


def sign(formula: Formula) -> Sign:
    """The signs that the formula can have where all its parts are finite."""
    symbol = formula.symbol
    if isinstance(symbol, Operator):
        return symbol.sign(*(sign(a) for a in formula.arguments))
    return symbol.sign if isinstance(symbol, Statistic) else Sign.of(symbol)


def canonical(formula: Formula) -> Formula:
    """The formula with the arguments of commutative operators in one order."""
    return _rebuild(formula, _ordered)


def remove_redundancy(formula: Formula) -> Formula:
    """The formula without its redundancies, in canonical order.

    Inverse pairs, idempotent repeats, ``abs`` of what is never negative, ``x - x``,
    ``x / x``, neutral constants, and operators on constants alone are replaced.
    """
    while True:
        reduced = _rebuild(formula, _step)
        if reduced == formula:
            return reduced
        formula = reduced


def strip_root(formula: Formula) -> Formula:
    """The formula without the strictly monotone operators at its root.

    A decreasing operator leaves ``neg`` behind; added constants and constant
    factors go as well.
    """
    flipped = False
    while True:
        inner = _beneath_monotone(formula)
        if inner is None:
            break
        formula, decreasing = inner
        flipped ^= decreasing
    return call(_NEG, formula) if flipped else formula


def simplify(formula: Formula) -> Formula:
    """The shortest form known to rank architectures as ``formula`` does: both steps, to the end."""
    while True:
        shorter = strip_root(remove_redundancy(formula))
        if shorter == formula:
            return shorter
        formula = shorter


def _rebuild(formula: Formula, change: Callable[[Formula], Formula]) -> Formula:
    if not formula.arguments:
        return formula
    return change(Formula(formula.symbol, tuple(_rebuild(a, change) for a in formula.arguments)))


def _ordered(formula: Formula) -> Formula:
    operator = formula.operator
    if operator is not None and operator.commutative:
        ordered = sorted(formula.arguments, key=lambda a: a.text)
        return call(operator, *ordered)
    return formula


def _step(formula: Formula) -> Formula:
    """The formula with its topmost redundancy gone; what is below has none."""
    formula = _ordered(formula)
    operator, arguments = formula.operator, formula.arguments
    if operator is None:
        return formula
    return (
        _fold(formula, operator)
        or (_unary(operator, arguments[0]) if len(arguments) == 1 else _binary(formula, operator))
        or formula
    )


def _fold(formula: Formula, operator: Operator) -> Formula | None:
    """An elementwise operator on numbers alone is a number."""
    numbers = [a.value for a in formula.arguments]
    if operator.kind != "elementwise" or any(n is None for n in numbers):
        return None
    with np.errstate(all="ignore"):
        value = float(operator.kernel(*(np.array([n], dtype=np.float64) for n in numbers))[0])
    return constant(value) if math.isfinite(value) else None


def _unary(operator: Operator, inner: Formula) -> Formula | None:
    below, signs = inner.operator, sign(inner)
    if operator.name in ("abs", "relu") and signs.within(Sign.NONNEGATIVE):
        return inner
    if operator.idempotent and below is operator:
        return inner
    if below is None:
        return None
    if operator.even and (below.name == "neg" or (below.name == "abs" and operator.kind == "elementwise")):
        return call(operator, *inner.arguments)
    if operator.name == "neg" and below.name == "sub":
        return call(below, *reversed(inner.arguments))
    if below.inverse == operator.name and sign(inner.arguments[0]).within(below.invertible):
        return inner.arguments[0]
    if operator.name == "sqrt" and below.name == "square":
        return call(_ABS, *inner.arguments)
    return None


def _binary(formula: Formula, operator: Operator) -> Formula | None:
    x, y = formula.arguments
    if x == y and operator.idempotent:
        return x
    if x == y and operator.equal is not None and x.type == NETWORK:
        return constant(operator.equal)
    if operator.neutral is not None and y.value == operator.neutral:
        return x
    if operator.neutral is not None and operator.commutative and x.value == operator.neutral:
        return y
    return None


def _beneath_monotone(formula: Formula) -> tuple[Formula, bool] | None:
    """The argument of a strictly monotone root that carries all the ranking, and whether it flips it."""
    operator = formula.operator
    if operator is None:
        return None
    if len(formula.arguments) == 1:
        inner = formula.arguments[0]
        signs = sign(inner)
        if inner.type != NETWORK:
            return None
        if operator.increasing and signs.within(operator.increasing):
            return inner, False
        if operator.decreasing and signs.within(operator.decreasing):
            return inner, True
        return None
    return _beneath_constant(operator.name, *formula.arguments)


def _beneath_constant(name: str, x: Formula, y: Formula) -> tuple[Formula, bool] | None:
    if x.value is not None and y.value is not None:
        return None
    if name in ("add", "sub"):
        if y.value is not None:
            return x, False
        if x.value is not None:
            return y, name == "sub"
    if name in ("mul", "div") and y.value:
        return x, y.value < 0
    if name == "mul" and x.value:
        return y, x.value < 0
    return None
