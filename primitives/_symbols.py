"""Symbol sets: the operators and statistics that formulas may be made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from primitives._catalogue import STATISTICS
from primitives._elementwise import ELEMENTWISE
from primitives._nodewise import CANDIDATES, REDUCTIONS, VECTOR
from primitives._operator import Operator, SymbolError, check_operator
from primitives._statistic import Statistic
from primitives._types import NETWORK


class SymbolSet:
    """An immutable choice of operators and statistics, looked up by name.

    Args:
        name: What messages and run folders call it.
        operators: Operators with different names.
        statistics: Statistics with different keys.

    Raises:
        SymbolError: two operators or two statistics share a name.
    """

    def __init__(
        self, name: str, operators: Iterable[Operator], statistics: Iterable[Statistic]
    ) -> None:
        self.name = name
        self.operators: Mapping[str, Operator] = _by_name(operators, lambda o: o.name)
        self.statistics: Mapping[str, Statistic] = _by_name(statistics, lambda s: s.key)

    def with_operator(self, operator: Operator) -> SymbolSet:
        """This set and an operator of the user's own, once it has passed the checks.

        Raises:
            SymbolError: as :func:`check_operator` says, or the name is taken.
        """
        return SymbolSet(
            self.name, [*self.operators.values(), check_operator(operator)], self.statistics.values()
        )

    def with_statistics(self, statistics: Iterable[Statistic]) -> SymbolSet:
        """The same operators over other statistics, as those that a table holds."""
        return SymbolSet(self.name, self.operators.values(), statistics)

    def restricted(self, keys: Iterable[str]) -> SymbolSet:
        """This set without the statistics whose keys are not named."""
        wanted = set(keys)
        kept = (s for key, s in self.statistics.items() if key in wanted)
        return self.with_statistics(kept)


def _by_name(symbols: Iterable, key) -> Mapping:
    found: dict = {}
    for symbol in symbols:
        if found.setdefault(key(symbol), symbol) is not symbol:
            raise SymbolError(f"{key(symbol)!r} is declared twice")
    return MappingProxyType(found)


_OPERATORS = (*ELEMENTWISE, *VECTOR, *REDUCTIONS, *CANDIDATES)

#: Every operator over every statistic of the catalogue.
FULL = SymbolSet("full", _OPERATORS, STATISTICS)
#: The statistics of layers alone, as ParZC's mixer sees a network, with its counts.
LAYERS = SymbolSet("layers", _OPERATORS, (s for s in STATISTICS if s.node_set == "layer"))
#: Formulas over network scalars: symbolic regression on hand-crafted proxies.
SCALAR = SymbolSet(
    "scalar", (*ELEMENTWISE, *CANDIDATES), (s for s in STATISTICS if s.node_set == NETWORK)
)

SYMBOL_SETS: Mapping[str, SymbolSet] = MappingProxyType(
    {symbols.name: symbols for symbols in (FULL, LAYERS, SCALAR)}
)
