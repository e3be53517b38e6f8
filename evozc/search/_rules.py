"""Rule-based pruning before evaluation, derived from declared properties."""

from __future__ import annotations

from collections.abc import Container
from typing import Literal

from evozc.formula import Formula, canonical, remove_redundancy, simplify

Rule = Literal["structure", "redundancy", "rank invariance", "equivalence", "probe"]
RULES: tuple[Rule, ...] = ("structure", "redundancy", "rank invariance", "equivalence", "probe")

#: Operators that may not stand beneath themselves: twice, they only overflow or saturate.
_NOT_NESTED = frozenset({"exp", "tanh", "sigmoid", "softmax", "zscore", "minmax", "logrank"})
_CALLS = tuple(f"{name}(" for name in sorted(_NOT_NESTED))


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
    if formula.text in known:
        return formula, "equivalence"
    if not _well_formed(formula, max_size, max_depth):
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


def _well_formed(formula: Formula, max_size: int, max_depth: int) -> bool:
    return (
        formula.size <= max_size
        and formula.depth <= max_depth
        and formula.has_statistics
        and not _repeats(formula)
    )


def _repeats(formula: Formula) -> bool:
    """Whether a saturating operator stands beneath itself."""
    text = formula.text
    for call in _CALLS:
        if text.count(call) > 1:
            break
    else:
        return False
    stack: list[tuple[Formula, frozenset[str]]] = [(formula, frozenset())]
    while stack:
        node, above = stack.pop()
        if node.operator is not None and node.operator.name in _NOT_NESTED:
            if node.operator.name in above:
                return True
            above |= {node.operator.name}
        stack.extend((a, above) for a in node.arguments)
    return False
