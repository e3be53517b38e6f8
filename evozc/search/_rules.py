"""Rule-based pruning before evaluation, derived from declared properties."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from evozc.formula import Formula, canonical, remove_redundancy, simplify
from primitives import Operator

Rule = Literal["structure", "redundancy", "rank invariance", "equivalence", "probe"]
RULES: tuple[Rule, ...] = ("structure", "redundancy", "rank invariance", "equivalence", "probe")

#: Operators that may not stand beneath themselves: twice, they only overflow or saturate.
_NOT_NESTED = frozenset({"exp", "tanh", "sigmoid", "softmax", "zscore", "minmax", "logrank"})


def prune(
    formula: Formula, known: Container[str], max_size: int, max_depth: int
) -> tuple[Formula, Rule | None]:
    """The form in which a candidate is to be scored, and the rule that makes scoring it needless.

    Args:
        formula: As it was bred.
        known: Texts of simplified formulas that have been scored already.
        max_size: Symbols at most.
        max_depth: Symbols on the way down at most.

    Returns:
        The simplified formula, and None or the first rule that removes it.
    """
    if not _well_formed(formula, max_size, max_depth):
        return formula, "structure"
    ordered = canonical(formula)
    if ordered.text in known:
        return ordered, "equivalence"
    reduced = remove_redundancy(ordered)
    if _is_vain(reduced) or (reduced != ordered and reduced.text in known):
        return reduced, "redundancy"
    shortest = simplify(reduced)
    if not shortest.statistics():
        return shortest, "redundancy"
    if shortest != reduced and shortest.text in known:
        return shortest, "rank invariance"
    return shortest, None


def _well_formed(formula: Formula, max_size: int, max_depth: int) -> bool:
    return (
        formula.size <= max_size
        and formula.depth <= max_depth
        and bool(formula.statistics())
        and not _repeats(formula)
    )


def _repeats(formula: Formula) -> bool:
    """Whether a saturating operator stands beneath itself."""
    stack: list[tuple[Formula, frozenset[str]]] = [(formula, frozenset())]
    while stack:
        node, above = stack.pop()
        if node.operator is not None and node.operator.name in _NOT_NESTED:
            if node.operator.name in above:
                return True
            above |= {node.operator.name}
        stack.extend((a, above) for a in node.arguments)
    return False


def _is_vain(formula: Formula) -> bool:
    """Whether a part is constant by construction: ``x - x``, ``x / x``, or no statistic at all."""
    if not formula.statistics():
        return True
    return any(
        isinstance(part.symbol, Operator)
        and part.symbol.equal is not None
        and part.arguments[0] == part.arguments[1]
        for part in formula.walk()
    )
