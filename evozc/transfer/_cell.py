"""One search of a study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from evozc.baselines import proxies
from evozc.benchmarks import reopen_tasks
from evozc.engine import Objective
from evozc.evolution import Search, drive, symbols_of, with_ensembles
from evozc.table import Task, TaskSource
from evozc.transfer._results import Found
from evozc.transfer._settings import TransferSettings


@dataclass(frozen=True)
class Cell:
    """A search on some of the tasks.

    Args:
        tasks: Their numbers.
        seed: Of the samples and the search.
    """

    tasks: tuple[int, ...]
    seed: int

    @property
    def file(self) -> str:
        """Where a study's folder keeps it."""
        return f"cells/{'-'.join(map(str, self.tasks))}-seed{self.seed}.json"


def cells_of(spaces: Sequence[int], seeds: int) -> Iterator[Cell]:
    """Each task alone, and all tasks but those of each space.

    Args:
        spaces: The number of the space of each task.
        seeds: How many.
    """
    numbers = range(len(spaces))
    alone = [(number,) for number in numbers]
    others = [tuple(n for n in numbers if spaces[n] != space) for space in dict.fromkeys(spaces)]
    for tasks in dict.fromkeys([*others, *alone]):
        for seed in range(seeds if tasks else 0):
            yield Cell(tasks, seed)


def tasks_of(sources: Sequence[TaskSource], seed: int) -> tuple[Task, ...]:
    """The tasks of a seed; what one of them labels, none holds out."""
    return reopen_tasks([replace(source, seed=seed) for source in sources])


def search_cell(sources: tuple[TaskSource, ...], settings: TransferSettings, cell: Cell) -> Found:
    """Search on the labelled samples of a cell's tasks, and nothing else.

    Raises:
        DataError: a table cannot be had, or no valid formula was found.
        CheckpointError: a table has changed.
    """
    blind = _blind(sources, cell.seed)
    chosen = settings.search(cell.seed)
    symbols = symbols_of(blind, chosen)
    search = Search(symbols, chosen, list(proxies(symbols).values()))
    objective = Objective([blind[number] for number in cell.tasks], over=settings.over_tasks)
    drive(search, objective)
    best = list(with_ensembles(search, objective))[-1]
    return Found(cell.tasks, cell.seed, best.formula.text, best.formula.size, best.tau)


@lru_cache(maxsize=1)
def _blind(sources: tuple[TaskSource, ...], seed: int) -> tuple[Task, ...]:
    return tuple(task.blind for task in tasks_of(sources, seed))
