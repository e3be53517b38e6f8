"""Simplification by the declared properties of operators and statistics.

What is promised: on every architecture where all parts of the original formula
are finite, the simplified score is the original one (:func:`remove_redundancy`), or a
strictly increasing function of it (:func:`strip_root`), up to rounding. Where an operator
compares the architectures, all parts have to be finite on all of them. No operator is known
by name: what happens follows from what it declares.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from evozc.formula._tree import Formula, call, constant
from primitives import ABS, NEG, NETWORK, Operator, Sign, Statistic


def sign(formula: Formula) -> Sign:
    """The signs that the formula can have where all its parts are finite."""
    cache = formula.cache
    if "sign" not in cache:
        symbol = formula.symbol
        if isinstance(symbol, Operator):
            cache["sign"] = _sign_of(symbol, tuple([sign(a) for a in formula.arguments]))
        else:
            cache["sign"] = symbol.sign if isinstance(symbol, Statistic) else Sign.of(symbol)
    return cache["sign"]


@functools.lru_cache(maxsize=4096)
def _sign_of(operator: Operator, signs: tuple[Sign, ...]) -> Sign:
    return operator.sign(*signs)


def canonical(formula: Formula) -> Formula:
    """The formula with the arguments of commutative operators in one order."""
    return _rebuild(formula, _ordered)


def remove_redundancy(formula: Formula) -> Formula:
    """The formula without its redundancies, in canonical order.

    Inverse pairs, idempotent repeats, ``abs`` of what is never negative, ``x - x``,
    ``x / x``, neutral constants, and operators on constants alone are replaced.
    """
    cache = formula.cache
    if "reduced" in cache:
        return cache["reduced"] or formula
    arguments = formula.arguments
    if not arguments:
        return formula
    below = []
    for argument in arguments:  # most are leaves, or were met before: hot
        if argument.arguments:
            noted = argument.cache.get("reduced", argument)
            argument = (noted or argument) if noted is not argument else remove_redundancy(argument)
        below.append(argument)
    rebuilt = formula if _same(below, arguments) else Formula(formula.symbol, tuple(below))
    stepped = _step(rebuilt)
    reduced = stepped if stepped is rebuilt else remove_redundancy(stepped)
    _note(reduced, "reduced", reduced)
    return _note(formula, "reduced", reduced)


def _same(some: Sequence[Formula], others: Sequence[Formula]) -> bool:
    return some[0] is others[0] and some[-1] is others[-1]


def _note(formula: Formula, name: str, form: Formula) -> Formula:
    """Note a form of a formula; None where it is itself, since a cycle of references would keep it alive."""
    formula.cache[name] = None if form is formula else form
    return form


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
    return call(NEG, formula) if flipped else formula


def simplify(formula: Formula) -> Formula:
    """The shortest form known to rank architectures as ``formula`` does: both steps, to the end."""
    cache = formula.cache
    if "shortest" in cache:
        return cache["shortest"] or formula
    shorter = strip_root(remove_redundancy(formula))
    return _note(formula, "shortest", shorter if shorter == formula else simplify(shorter))


def _rebuild(formula: Formula, change: Callable[[Formula], Formula]) -> Formula:
    if not formula.arguments:
        return formula
    arguments = tuple(_rebuild(a, change) for a in formula.arguments)
    if not _same(arguments, formula.arguments):
        formula = Formula(formula.symbol, arguments)
    return change(formula)


def _ordered(formula: Formula) -> Formula:
    operator = formula.operator
    if operator is not None and operator.commutative:
        x, y = formula.arguments
        if y.text < x.text:
            return call(operator, y, x)
    return formula


def _step(formula: Formula) -> Formula:
    """The formula with its topmost redundancy gone; what is below has none."""
    operator, arguments = formula.symbol, formula.arguments
    if not isinstance(operator, Operator):
        return formula
    if operator.commutative and arguments[1].text < arguments[0].text:
        formula = call(operator, *arguments[::-1])
        arguments = formula.arguments
    if not formula.has_statistics and (folded := _fold(formula, operator)):
        return folded
    return (_unary(operator, arguments[0]) if len(arguments) == 1 else _binary(formula, operator)) or formula


def _fold(formula: Formula, operator: Operator) -> Formula | None:
    """An elementwise operator on numbers alone is a number."""
    numbers = [a.value for a in formula.arguments]
    if operator.kind != "elementwise" or any(n is None for n in numbers):
        return None
    with np.errstate(all="ignore"):
        value = float(operator.kernel(*(np.array([n], dtype=np.float64) for n in numbers))[0])
    return constant(value) if math.isfinite(value) else None


def _unary(operator: Operator, inner: Formula) -> Formula | None:
    below = inner.operator
    if operator.identity_on and sign(inner).within(operator.identity_on):
        return inner
    if operator.idempotent and below is operator:
        return inner
    if below is None:
        return None
    if operator.even and (below.negates or (below.keeps_magnitude and operator.kind == "elementwise")):
        return call(operator, *inner.arguments)
    if operator.negates and below.antisymmetric:
        return call(below, *reversed(inner.arguments))
    if below.undone_by == operator.name:
        if sign(inner.arguments[0]).within(below.invertible):
            return inner.arguments[0]
        if below.even and Sign.NONNEGATIVE.within(below.invertible):  # as the root of a square
            return call(ABS, *inner.arguments)
    return None


def _binary(formula: Formula, operator: Operator) -> Formula | None:
    x, y = formula.arguments
    if x == y and operator.idempotent:
        return x
    if x == y and operator.equal is not None and x.type == NETWORK:
        return constant(operator.equal)
    if operator.neutral is not None and y.symbol == operator.neutral:
        return x
    if operator.neutral is not None and operator.commutative and x.symbol == operator.neutral:
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
    return _beneath_constant(operator, *formula.arguments)


def _beneath_constant(operator: Operator, x: Formula, y: Formula) -> tuple[Formula, bool] | None:
    for place, (kept, other) in enumerate(((x, y), (y, x))):
        if other.value is None or kept.value is not None:
            continue
        constant_sign = Sign.of(other.value)
        if constant_sign.within(operator.increasing_with[place]):
            return kept, False
        if constant_sign.within(operator.decreasing_with[place]):
            return kept, True
    return None
