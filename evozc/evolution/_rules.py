"""Rule-based pruning before evaluation, derived from declared properties."""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
from typing import Literal

from evozc.formula import Formula, canonical, remove_redundancy, simplify
from primitives import Operator, SymbolSet

Rule = Literal["structure", "redundancy", "rank invariance", "equivalence", "probe"]
RULES: tuple[Rule, ...] = ("structure", "redundancy", "rank invariance", "equivalence", "probe")


def prune(
    formula: Formula, known: Container[str], symbols: SymbolSet, max_size: int, max_depth: int
) -> tuple[Formula, Rule | None]:
    """The form in which a candidate is to be scored, and the rule that makes scoring it needless.

    Args:
        formula: As it was bred.
        known: Texts of simplified formulas that have been scored already.
        symbols: The set that it was bred from.
        max_size: Symbols at most.
        max_depth: Symbols on the way down at most.

    Returns:
        The simplified formula, and None or the first rule that removes it.
    """
    if formula.text in known:
        return formula, "equivalence"
    if not _well_formed(formula, symbols, max_size, max_depth):
        return formula, "structure"
    reduced = remove_redundancy(formula)
    if reduced.degenerate or not reduced.has_statistics:
        return reduced, "redundancy"
    shortest = simplify(reduced)
    if shortest.text == formula.text or shortest.text not in known:
        return shortest, None
    if shortest != reduced:
        return shortest, "rank invariance"
    unchanged = reduced == formula or reduced == canonical(formula)
    return shortest, "equivalence" if unchanged else "redundancy"


def _well_formed(formula: Formula, symbols: SymbolSet, max_size: int, max_depth: int) -> bool:
    return (
        formula.size <= max_size
        and formula.depth <= max_depth
        and formula.has_statistics
        and not _repeats(formula, symbols)
    )


@lru_cache(maxsize=16)
def _calls(symbols: SymbolSet) -> tuple[str, ...]:
    """How formula text calls the operators that may not stand beneath themselves."""
    return tuple(f"{name}(" for name, operator in sorted(symbols.operators.items()) if not operator.nests)


def _repeats(formula: Formula, symbols: SymbolSet) -> bool:
    """Whether an operator that may not stands beneath itself."""
    text = formula.text
    for call in _calls(symbols):
        if text.count(call) > 1:
            break
    else:
        return False
    stack: list[tuple[Formula, frozenset[Operator]]] = [(formula, frozenset())]
    while stack:
        node, above = stack.pop()
        operator = node.operator
        if operator is not None and not operator.nests:
            if operator in above:
                return True
            above |= {operator}
        stack.extend((a, above) for a in node.arguments)
    return False
