"""The shortest formulas that there are."""

from __future__ import annotations

from evozc.formula import Formula, statistic
from primitives import NETWORK, SymbolSet


def shortest(symbols: SymbolSet) -> list[Formula]:
    """Every statistic as it is, or under every reduction if it is a vector.

    A search starts from them: they are few, their signs and scales are anybody's guess, and a
    ensemble may need one that says little alone.
    """
    reductions = [operator for operator in symbols.operators.values() if operator.kind == "reduction"]
    plain = []
    for symbol in symbols.statistics.values():
        node = statistic(symbol)
        plain += [node] if symbol.type == NETWORK else [Formula(by, (node,)) for by in reductions]
    return plain
