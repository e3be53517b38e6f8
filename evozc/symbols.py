"""What formulas may be made of in this installation: what is built in, and what plug-ins add to it.

**Added by name**: :data:`OPERATORS`, :data:`GROUPS` of statistics, :data:`SYMBOL_SETS`.

**All of it**: :func:`symbol_set`, :func:`statistics`, :func:`group_names`.

**What a run began with**: :class:`SymbolRecord`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evozc._registry import Registry
from evozc.errors import CheckpointError, FormulaError, PlugInWarning
from primitives import FULL, STATISTICS, Operator, Statistic, SymbolSet, check_statistic, probe_operator
from primitives import SYMBOL_SETS as BUILT_IN

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "OPERATORS", "GROUPS", "SYMBOL_SETS",
    "symbol_set", "statistics", "group_names",
    "SymbolRecord",
]


def _check_operator(name: str, operator: Any) -> None:
    if not isinstance(operator, Operator) or operator.name != name:
        raise FormulaError(f"it is no primitives.Operator of the name {name!r}")
    probe_operator(operator)


def _check_group(name: str, group: Any) -> None:
    if getattr(group, "name", None) != name or not getattr(group, "statistics", ()):
        raise FormulaError(f"it is no group of the name {name!r} with statistics")
    for statistic in group.statistics:
        if not isinstance(statistic, Statistic) or statistic.group != name:
            raise FormulaError(f"{statistic!r} is no primitives.Statistic of the group {name!r}")
        check_statistic(statistic)
        if statistic.key in FULL.statistics:
            raise FormulaError(f"{statistic.key} is in the catalogue already")


def _check_set(name: str, symbols: Any) -> None:
    if not isinstance(symbols, SymbolSet) or symbols.name != name:
        raise FormulaError(f"it is no primitives.SymbolSet of the name {name!r}")


#: Operators by their names in formula text.
OPERATORS: Registry[Operator] = Registry("operator", "evozc.operators", FULL.operators, _check_operator)
#: Subclasses of :class:`evozc.extraction.Group`; those that are built in measure the catalogue.
GROUPS: Registry[type[Any]] = Registry(
    "group of statistics", "evozc.groups",
    {
        name: f"evozc.extraction.groups._{name}:{name.capitalize()}"
        for name in dict.fromkeys(statistic.group for statistic in STATISTICS)
    },
    _check_group,
)
#: Choices of operators and node sets.
SYMBOL_SETS: Registry[SymbolSet] = Registry("symbol set", "evozc.symbol_sets", BUILT_IN, _check_set)


def symbol_set(name: str = "full") -> SymbolSet:
    """The symbol set of that name; one that is built in also has the operators and statistics of plug-ins.

    Raises:
        ConfigError: there is none.
    """
    chosen = SYMBOL_SETS.get(name)
    if name not in BUILT_IN:
        return chosen
    operators, added = tuple(OPERATORS.plug_ins().values()), _added()
    return chosen.extended(operators, added) if operators or added else chosen


def statistics() -> tuple[Statistic, ...]:
    """Everything that can be measured: the catalogue, then the statistics of plug-ins."""
    return (*STATISTICS, *_added())


def group_names() -> tuple[str, ...]:
    """The groups of :func:`statistics`, in its order."""
    return tuple(dict.fromkeys(statistic.group for statistic in statistics()))


@dataclass(frozen=True)
class SymbolRecord:
    """What the formulas of a run are made of, to be kept with it.

    Args:
        name: Of the symbol set.
        version: Of what its operators declare and compute.
        plug_ins: By operator, or symbol set, the package and version that it comes from; those that
            are built in are not mentioned.
    """

    name: str
    version: str
    plug_ins: Mapping[str, str]

    @classmethod
    def of(cls, symbols: SymbolSet) -> SymbolRecord:
        """The record of a set as it is now."""
        origins = {name: origin for name, origin in OPERATORS.added().items() if name in symbols.operators}
        if symbols.name in (added := SYMBOL_SETS.added()):
            origins[f"symbol set {symbols.name}"] = added[symbols.name]
        return cls(symbols.name, symbols.version, origins)

    def require_same(self, where: str) -> None:
        """Stop where this installation would go on with other symbols.

        Raises:
            CheckpointError: says what differs.
            ConfigError: there is no such symbol set any more.
        """
        now = SymbolRecord.of(symbol_set(self.name))
        if now == self:
            return
        differing = [
            f"{name}: {self.plug_ins.get(name, 'not there')} then, {now.plug_ins.get(name, 'not there')} now"
            for name in sorted({*self.plug_ins, *now.plug_ins})
            if self.plug_ins.get(name) != now.plug_ins.get(name)
        ]
        raise CheckpointError(
            f"{where}: began with other symbols ({self.name} of version {self.version}, now {now.version}"
            f"{'; ' if differing else ''}{'; '.join(differing)}): install those packages again, or begin anew"
        )


def _added() -> tuple[Statistic, ...]:
    found: dict[str, Statistic] = {}
    for name, group in GROUPS.plug_ins().items():
        taken = [s.key for s in group.statistics if s.key in found]
        if taken:
            owner = found[taken[0]].group
            told = f"group {name!r} measures {taken[0]}, as {owner!r} does; it is left out"
            warnings.warn(told, PlugInWarning, stacklevel=3)
            continue
        found |= {statistic.key: statistic for statistic in group.statistics}
    return tuple(found.values())
