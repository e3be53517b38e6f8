"""A search that is kept in memory, without a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from evozc.engine import Objective
from evozc.evolution import Progress, Search, SearchSettings, drive, symbols_of
from evozc.executors import count_jobs
from evozc.runs import first_formulas
from evozc.table import Task


class Ended(NamedTuple):
    """A search that has ended, what it aimed at, and the seconds that it took."""

    search: Search
    objective: Objective
    seconds: float


def search_tasks(
    tasks: Sequence[Task], settings: SearchSettings, starters: Sequence[str], jobs: int,
    observe: Callable[[Progress], object],
) -> Ended:
    """Search on the labelled architectures of tasks, to the end.

    Raises:
        ConfigError: the settings do not fit the tasks, or a starter the settings.
        FormulaError: a starter is no formula over the table's statistics.
        SearchExhaustedError: the rules leave no candidate, and nothing valid was found before.
    """
    blind = [task.blind for task in tasks]
    objective = Objective(blind, count_jobs(jobs), settings.over_tasks)
    symbols = symbols_of(blind, settings)
    search = Search(symbols, settings, first_formulas(symbols, settings, starters))
    return Ended(search, objective, drive(search, objective, observe))
