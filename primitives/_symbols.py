"""Symbol sets: the operators and statistics that formulas may be made of."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from primitives._catalogue import STATISTICS
from primitives._elementwise import ELEMENTWISE
from primitives._nodes import Nodes
from primitives._nodewise import CANDIDATES, REDUCTIONS, VECTOR
from primitives._operator import Operator, SymbolError, probe_operator
from primitives._statistic import Statistic
from primitives._types import NETWORK, NODE_SETS, Sign

T = TypeVar("T")


class SymbolSet:
    """An immutable choice of operators and statistics, looked up by name.

    Args:
        name: What messages and run folders call it.
        operators: Operators with different names.
        statistics: Statistics with different keys; those of other node sets are left out.
        node_sets: The node sets whose statistics it takes, ``network`` for Scalars.

    Raises:
        SymbolError: two operators or two statistics share a name.
    """

    def __init__(
        self, name: str, operators: Iterable[Operator], statistics: Iterable[Statistic],
        node_sets: Iterable[str] = (*NODE_SETS, NETWORK),
    ) -> None:
        self.name = name
        self.node_sets = tuple(node_sets)
        self.operators: Mapping[str, Operator] = _by_name(operators, lambda o: o.name)
        kept = (statistic for statistic in statistics if statistic.node_set in self.node_sets)
        self.statistics: Mapping[str, Statistic] = _by_name(kept, lambda s: s.key)

    @cached_property
    def version(self) -> str:
        """Twelve hexadecimal digits of what the operators declare and compute, to 6 digits, on a few numbers.

        Two sets of the same version give the same formulas the same meaning; statistics are
        declared by the table that holds them.
        """
        told = [_behaviour(operator) for _, operator in sorted(self.operators.items())]
        return hashlib.sha256(json.dumps([self.node_sets, told]).encode()).hexdigest()[:12]

    def with_operator(self, operator: Operator) -> SymbolSet:
        """This set and an operator of the user's own, once it has passed the checks.

        Raises:
            SymbolError: as :func:`probe_operator` says, or the name is taken.
        """
        return self.extended([probe_operator(operator)], ())

    def extended(self, operators: Iterable[Operator], statistics: Iterable[Statistic]) -> SymbolSet:
        """This set with more operators and statistics.

        Raises:
            SymbolError: a name is taken.
        """
        return SymbolSet(
            self.name, [*self.operators.values(), *operators], [*self.statistics.values(), *statistics],
            self.node_sets,
        )

    def with_statistics(self, statistics: Iterable[Statistic]) -> SymbolSet:
        """The same operators over other statistics, as those that a table holds, of the same node sets."""
        return SymbolSet(self.name, self.operators.values(), statistics, self.node_sets)

    def restricted(self, keys: Iterable[str]) -> SymbolSet:
        """This set without the statistics whose keys are not named."""
        wanted = set(keys)
        kept = (s for key, s in self.statistics.items() if key in wanted)
        return self.with_statistics(kept)


def _by_name(symbols: Iterable[T], key: Callable[[T], str]) -> Mapping[str, T]:
    found: dict[str, T] = {}
    for symbol in symbols:
        if found.setdefault(key(symbol), symbol) is not symbol:
            raise SymbolError(f"{key(symbol)!r} is declared twice")
    return MappingProxyType(found)


#: Numbers on which no kernel is near a step, and their nodes.
_PROBE = np.array([0.7, -1.3, 2.9, 0.0, 5.3, -0.4, 1.7])
_NODES = Nodes(np.array([0, 3, 7]))
_SIGNS = tuple(Sign(signs) for signs in range(1, int(Sign.REAL) + 1))


def _behaviour(operator: Operator) -> list[Any]:
    """What rules, grammar and scores depend on, as JSON values."""
    arguments: list[Any] = [np.roll(_PROBE, shift) for shift in range(operator.arity)]
    if operator.kind in ("vector", "reduction"):
        arguments.append(_NODES)
    with np.errstate(all="ignore"):
        values = operator.kernel(*arguments)
    signs = [int(operator.sign(*of)) for of in itertools.product(_SIGNS, repeat=operator.arity)]
    return [
        operator.name, operator.kind, operator.arity, [f"{value:.6g}" for value in values], signs,
        operator.commutative, operator.idempotent, operator.even, operator.negates, operator.keeps_magnitude,
        operator.antisymmetric, operator.undone_by, operator.neutral, operator.equal, operator.nests,
        list(map(int, (operator.identity_on, operator.invertible, operator.increasing, operator.decreasing,
                       *operator.increasing_with, *operator.decreasing_with))),
    ]


_OPERATORS = (*ELEMENTWISE, *VECTOR, *REDUCTIONS, *CANDIDATES)

#: Every operator over every statistic of the catalogue.
FULL = SymbolSet("full", _OPERATORS, STATISTICS)
#: The statistics of layers alone, as ParZC's mixer sees a network, with its counts.
LAYERS = SymbolSet("layers", _OPERATORS, STATISTICS, ("layer",))
#: Formulas over network scalars: symbolic regression on hand-crafted proxies.
SCALAR = SymbolSet("scalar", (*ELEMENTWISE, *CANDIDATES), STATISTICS, (NETWORK,))

#: The sets that are built in.
SYMBOL_SETS: Mapping[str, SymbolSet] = MappingProxyType(
    {symbols.name: symbols for symbols in (FULL, LAYERS, SCALAR)}
)
