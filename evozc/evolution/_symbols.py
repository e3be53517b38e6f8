"""What the formulas of a search may be made of."""

from __future__ import annotations

from collections.abc import Sequence

from evozc.evolution._settings import SearchSettings
from evozc.symbols import symbol_set
from evozc.table import Task
from primitives import SymbolSet


def symbols_of(tasks: Sequence[Task], settings: SearchSettings) -> SymbolSet:
    """The symbol set that settings name, with those of its statistics that all tasks' tables hold.

    Raises:
        ConfigError: there are none.
    """
    held = [{s.key for s in task.table.statistics} for task in tasks]
    common = [s for s in tasks[0].table.statistics if all(s.key in keys for keys in held)]
    return symbol_set(settings.symbols).with_statistics(common)


def uncommon(tasks: Sequence[Task]) -> list[str]:
    """The keys of statistics that some of the tasks' tables hold and others lack, of which none is used."""
    held: list[set[str]] = [{s.key for s in task.table.statistics} for task in tasks]
    return sorted(set[str]().union(*held) - held[0].intersection(*held[1:]))
