"""A formula as DEAP breeds it, and the grammar that DEAP breeds by."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from deap import base, gp

from evozc.errors import ConfigError
from evozc.formula import Formula, constant, statistic
from primitives import NETWORK, NODE_SETS, TYPES, Operator, Statistic, SymbolSet

#: Constants that a fresh formula may hold; mutation moves them.
CONSTANTS = (0.5, 2.0, 10.0)
#: Formulas that are kept for use as parts of others.
_POOLED = 2**16


class Fitness(base.Fitness):
    """Kendall tau first, then few symbols."""

    weights = (1.0, -1.0)


class Individual(gp.PrimitiveTree):
    """A DEAP tree with its fitness; what is worked out about it is worked out once, so it must not change.

    ``Individual(parent)`` is a copy without a fitness, for operators to work on.

    Attributes:
        formula: What the tree says, if it was made of a formula.
        parts: What the subtree at each node says, likewise.
    """

    formula: Formula
    parts: list[Formula]

    def __init__(self, nodes: Iterable[Any]) -> None:
        super().__init__(nodes)

    @cached_property
    def fitness(self) -> Fitness:
        """Tau and size, once they are known."""
        return Fitness()

    @cached_property
    def places(self) -> dict[type, list[int]]:
        """The nodes below the root by the type of their value."""
        found: dict[type, list[int]] = {}
        for place, node in enumerate(self[1:], 1):
            found.setdefault(node.ret, []).append(place)
        return found


class _StableHash(type):
    """Types of the grammar hash alike in every process, so that sets of them iterate alike."""

    number: int

    def __hash__(cls) -> int:
        return cls.number


_TYPES = {name: _StableHash(name, (), {"number": number}) for number, name in enumerate(TYPES)}


class Grammar(gp.PrimitiveSetTyped):
    """The typed primitive set of a symbol set, with both ways between trees and formulas.

    Args:
        symbols: Operators, and the statistics that the table holds.

    Raises:
        ConfigError: no statistics at all.
    """

    def __init__(self, symbols: SymbolSet) -> None:
        super().__init__(symbols.name, [], _TYPES[NETWORK])
        if not symbols.statistics:
            raise ConfigError(f"symbol set {symbols.name!r} has no statistic that the table holds")
        self._operators: dict[str, Operator] = {}
        self._uses: dict[tuple[Operator, tuple[str, ...]], gp.Primitive] = {}
        present = {s.type for s in symbols.statistics.values()}
        for operator in symbols.operators.values():
            for arguments, result in _signatures(operator, present):
                name = f"{operator.name}[{','.join(arguments)}]"
                types = [_TYPES[a] for a in arguments]
                self.addPrimitive(operator.kernel, types, _TYPES[result], name=name)
                self._operators[name] = operator
                self._uses[operator, arguments] = self.mapping[name]
        for key, symbol in symbols.statistics.items():
            self.addTerminal(key, _TYPES[symbol.type], name=key)
        self._statistics = symbols.statistics
        for value in CONSTANTS:
            self.addTerminal(value, _TYPES[NETWORK])
        self._pool: dict[str | tuple, Formula] = {}

    def formula(self, tree: gp.PrimitiveTree) -> Formula:
        """The formula of a tree, its parts built from the last to the first.

        Raises:
            FormulaError: the formula is larger than the language allows.
        """
        stack: list[Formula] = []
        for node in reversed(tree):
            if node.arity:
                arguments = tuple(stack.pop() for _ in range(node.arity))
                stack.append(Formula(self._operators[node.name], arguments))
            elif isinstance(node.value, float):
                stack.append(constant(node.value))
            else:
                stack.append(statistic(self._statistics[node.value]))
        return stack.pop()

    def ordered(self, tree: gp.PrimitiveTree) -> Formula:
        """The formula of a tree, arguments of commutative operators in canonical order.

        Parts met before are the same objects again, with all that has been worked out
        about them; the last :data:`_POOLED` at most are kept.

        Raises:
            FormulaError: the formula is larger than the language allows.
        """
        if len(self._pool) > _POOLED:
            self._pool.clear()
        pool, stack = self._pool, []
        for node in reversed(tree):
            if node.arity == 0:
                found = pool.get(node.name)
                if found is None:
                    found = pool[node.name] = self.formula([node])
            elif node.arity == 1:
                found = self._pooled(node.name, stack.pop())
            else:
                found = self._pooled(node.name, stack.pop(), stack.pop())
            stack.append(found)
        return stack.pop()

    def replaced(self, tree: Individual, place: int, part: Formula) -> Formula:
        """The formula of a tree that was made of one, with another part at a node, likewise in order.

        Only what stands above the node is built anew.

        Raises:
            FormulaError: as :meth:`ordered`.
        """
        if len(self._pool) > _POOLED:
            self._pool.clear()
        parts, above, at = tree.parts, [], 0
        while at != place:
            second = at + 1 + parts[at].arguments[0].size
            above.append((at, place >= second))
            at = second if place >= second else at + 1
        for at, is_second in reversed(above):
            arguments = parts[at].arguments
            if len(arguments) == 1:
                part = self._pooled(tree[at].name, part)
            elif is_second:
                part = self._pooled(tree[at].name, arguments[0], part)
            else:
                part = self._pooled(tree[at].name, part, arguments[1])
        return part

    def _pooled(self, name: str, first: Formula, second: Formula | None = None) -> Formula:
        """A part of known arguments, whose identities stay theirs, since it holds them."""
        operator = self._operators[name]
        key = (operator.name, id(first), id(second))
        found = self._pool.get(key)
        if found is None:
            if second is not None and operator.commutative and second.text < first.text:
                found = self._pooled(name, second, first)
            else:
                found = Formula(operator, (first,) if second is None else (first, second))
            self._pool[key] = found
        return found

    def individual(self, formula: Formula) -> Individual:
        """The tree of a formula over these symbols."""
        nodes, parts, stack = [], [], [formula]
        while stack:
            part = stack.pop()
            parts.append(part)
            symbol, arguments = part.symbol, part.arguments
            if arguments:
                nodes.append(self._uses[symbol, tuple([a.type for a in arguments])])
                stack.extend(arguments[::-1])
            elif isinstance(symbol, Statistic):
                nodes.append(self.mapping[symbol.key])
            else:
                nodes.append(gp.Terminal(symbol, False, _TYPES[NETWORK]))
        individual = Individual(nodes)
        individual.formula, individual.parts = formula, parts
        return individual

    def random_tree(self, lowest: int, highest: int) -> list[Any]:
        """A ramped half-and-half tree of one Scalar, drawn from the module ``random``."""
        return gp.genHalfAndHalf(self, lowest, highest, _TYPES[NETWORK])


def _signatures(operator: Operator, present: set[str]) -> list[tuple[tuple[str, ...], str]]:
    """Argument types and result type of every use of an operator over the types present."""
    vectors = [name for name in NODE_SETS if name in present]
    if operator.kind == "candidates":
        return [((NETWORK,), NETWORK)]
    if operator.kind == "reduction":
        return [((name,), NETWORK) for name in vectors]
    if operator.kind == "vector":
        return [((name,), name) for name in vectors]
    scalars = ((NETWORK,) * operator.arity, NETWORK)
    pure = [((name,) * operator.arity, name) for name in vectors]
    if operator.arity == 1:
        return [scalars, *pure]
    mixed = [(pair, name) for name in vectors for pair in ((name, NETWORK), (NETWORK, name))]
    return [scalars, *pure, *mixed]
