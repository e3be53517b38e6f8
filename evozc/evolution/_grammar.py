"""A formula as DEAP breeds it, and the grammar that DEAP breeds by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from deap import base, gp

from evozc.errors import ConfigError
from evozc.formula import Formula
from evozc.formula.pool import Pool
from primitives import NETWORK, NODE_SETS, TYPES, Operator, Statistic, SymbolSet

#: Constants that a fresh formula may hold; mutation moves them.
CONSTANTS = (0.5, 2.0, 10.0)


class Fitness(base.Fitness):
    """Kendall tau first, then few symbols."""

    weights = (1.0, -1.0)


class Individual(gp.PrimitiveTree):
    """A DEAP tree with its formula and fitness.

    Args:
        nodes: Its primitives and terminals, each before those below it.
        formula: What it says.
        fitness: Its tau and size.
    """

    def __init__(self, nodes: Iterable[Any], formula: Formula, fitness: Fitness) -> None:
        super().__init__(nodes)
        self.formula, self.fitness = formula, fitness


class _StableHash(type):
    """Types of the grammar hash alike in every process, so that sets of them iterate alike."""

    number: int

    def __hash__(cls) -> int:
        return cls.number


_TYPES = {name: _StableHash(name, (), {"number": number}) for number, name in enumerate(TYPES)}


class Tables(NamedTuple):
    """What compiled breeding sees of a grammar; the types are the numbers of :data:`~primitives.TYPES`.

    Args:
        uses: int32 (uses, 4), an operator's number in the pool, what it gives and what it takes, or -1.
        primitives: int32 (types, ...), how many uses give a type, and which.
        terminals: int32 (types, ...), how many leaves are of a type, and their numbers in the pool.
        rates: float64, the rates by which to breed: see ``_breeding_compiled``.
    """

    uses: np.ndarray
    primitives: np.ndarray
    terminals: np.ndarray
    rates: np.ndarray


class Grammar(gp.PrimitiveSetTyped):
    """The typed primitive set of a symbol set.

    Args:
        symbols: Operators, and the statistics that the table holds.

    Raises:
        ConfigError: no statistics at all.
    """

    def __init__(self, symbols: SymbolSet) -> None:
        super().__init__(symbols.name, [], _TYPES[NETWORK])
        if not symbols.statistics:
            raise ConfigError(f"symbol set {symbols.name!r} has no statistic that the table holds")
        self._symbols = symbols
        self._uses: dict[tuple[Operator, tuple[str, ...]], gp.Primitive] = {}
        present = {s.type for s in symbols.statistics.values()}
        for operator in symbols.operators.values():
            for arguments, result in signatures(operator, present):
                name = f"{operator.name}[{','.join(arguments)}]"
                types = [_TYPES[a] for a in arguments]
                self.addPrimitive(operator.kernel, types, _TYPES[result], name=name)
                self._uses[operator, arguments] = self.mapping[name]
        for key, symbol in symbols.statistics.items():
            self.addTerminal(key, _TYPES[symbol.type], name=key)
        for value in CONSTANTS:
            self.addTerminal(value, _TYPES[NETWORK])

    def individual(self, formula: Formula, tau: float) -> Individual:
        """The tree of a formula over these symbols, with its fitness."""
        nodes = []
        for part in formula.walk():
            if (operator := part.operator) is not None:
                nodes.append(self._uses[operator, tuple(a.type for a in part.arguments)])
            elif isinstance(part.symbol, Statistic):
                nodes.append(self.mapping[part.symbol.key])
            else:
                nodes.append(gp.Terminal(part.symbol, False, _TYPES[NETWORK]))
        return Individual(nodes, formula, Fitness((tau, formula.size)))

    def tables(self, pool: Pool, rates: Sequence[float]) -> Tables:
        """The same, for compiled breeding in a pool."""
        places = {primitive.name: place for place, primitive in enumerate(self._uses.values())}
        uses = [
            [pool.code_of(operator), primitive.ret.number, *(a.number for a in primitive.args)]
            for (operator, _), primitive in self._uses.items()
        ]
        kinds, known = _TYPES.values(), self._symbols.statistics
        primitives = [[places[use.name] for use in self.primitives.get(kind, ())] for kind in kinds]
        terminals = [
            [pool.code_of(known.get(leaf.value, leaf.value)) for leaf in self.terminals.get(kind, ())]
            for kind in kinds
        ]
        return Tables(
            _padded(uses, 4, -1), _counted(primitives), _counted(terminals), np.array(rates, np.float64)
        )


def _padded(rows: Sequence[Sequence[int]], width: int, filling: int) -> np.ndarray:
    array = np.full((len(rows), width), filling, np.int32)
    for row, values in zip(array, rows, strict=True):
        row[: len(values)] = values
    return array


def _counted(rows: Sequence[Sequence[int]]) -> np.ndarray:
    return _padded([[len(row), *row] for row in rows], 1 + max(map(len, rows)), 0)


def signatures(operator: Operator, present: set[str]) -> list[tuple[tuple[str, ...], str]]:
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
