"""A formula as a sympy expression, built node by node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evozc.errors import FormulaError
from evozc.formula._tree import Formula
from primitives import NETWORK, Operator, Statistic

if TYPE_CHECKING:
    import sympy


def to_sympy(formula: Formula) -> sympy.Expr:
    """The formula over symbols that are named as its statistics.

    A network scalar ``network.params`` is the symbol ``network_params``; a vector
    ``layer.grad_l2`` is ``layer_grad_l2[l]``, with ``l`` from 1 to ``n_layer``
    (``a``, ``n_activation`` and ``b``, ``n_block`` for the other node sets). Nodes
    that are not finite are left out by evozc, which sympy cannot express: the two
    agree where all nodes are finite.

    Raises:
        FormulaError: an operator of the user's own declares no sympy form.
    """
    return _build(formula)


def _build(formula: Formula) -> sympy.Expr:
    import sympy

    symbol = formula.symbol
    if isinstance(symbol, Statistic):
        name = symbol.identifier
        if symbol.type == NETWORK:
            return sympy.Symbol(name, real=True)
        return sympy.IndexedBase(name, real=True)[_index(symbol.type)]
    if not isinstance(symbol, Operator):
        return sympy.Integer(int(symbol)) if symbol.is_integer() else sympy.Float(symbol)
    if symbol.sympy is None:
        raise FormulaError(f"operator {symbol.name!r} declares no sympy form")
    arguments = [_build(a) for a in formula.arguments]
    if symbol.kind == "elementwise":
        return symbol.sympy(*arguments)
    if symbol.kind == "candidates":
        index = sympy.Symbol("c", integer=True, positive=True)
        return symbol.sympy(*arguments, index, sympy.Symbol("m", integer=True, positive=True))
    node_set = formula.arguments[0].type
    count = sympy.Symbol(f"n_{node_set}", integer=True, positive=True)
    return symbol.sympy(*arguments, _index(node_set), count)


def _index(node_set: str) -> sympy.Symbol:
    import sympy

    return sympy.Symbol(node_set[0], integer=True, positive=True)
