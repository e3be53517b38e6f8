"""One method at one label budget and seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from evozc.benchmarks import reopen_table
from evozc.comparison._settings import ComparisonSettings
from evozc.comparison.methods import METHODS, Method, Ranking
from evozc.errors import DataError
from evozc.table import Table, Task, TaskSource


@dataclass(frozen=True)
class Cell:
    """What a comparison is made of.

    Args:
        method: Its name.
        budget: Labelled architectures, 0 without labels.
        seed: Of the split and the method.
    """

    method: str
    budget: int
    seed: int

    @property
    def file(self) -> str:
        """Where a comparison's folder keeps it."""
        return f"cells/{self.method}-{self.budget}-{self.seed}.json"


@dataclass(frozen=True)
class CellResult:
    """What a cell gave, as its file keeps it.

    Args:
        budget: Of the cell.
        seed: Of the cell.
        rankings: One of a method that needs labels, one for each label-free method.
    """

    budget: int
    seed: int
    rankings: tuple[Ranking, ...]


def cells_of(settings: ComparisonSettings) -> Iterator[Cell]:
    """All cells of a comparison, in the order of methods, budgets and seeds."""
    for name in settings.methods:
        for budget in settings.budgets if METHODS.get(name).needs_labels else (0,):
            for seed in range(settings.seeds):
                yield Cell(name, budget, seed)


def draw_task(table: Table, target: str, settings: ComparisonSettings, seed: int) -> Task:
    """The task of one seed, with the largest label budget.

    Raises:
        DataError: the table has too few architectures for it.
    """
    return Task.draw(table, target, max(settings.budgets), seed, settings.seen)


def run_cell(
    source: TaskSource, settings: ComparisonSettings, method: Method, budget: int, seed: int
) -> CellResult:
    """Run a method; it meets no target but those of the labelled sample.

    Args:
        source: Where the table is.
        settings: Of the comparison.
        method: To run.
        budget: As of :class:`Cell`.
        seed: As of :class:`Cell`.

    Raises:
        DataError: the sample cannot be used, or a statistic is missing.
        CheckpointError: the table has changed.
    """
    task = draw_task(_table(source), source.target, settings, seed).blind
    sample = task.nested([budget])[budget] if budget else task
    rankings = tuple(method.run(sample, settings.conditions(seed)))
    for ranking in rankings:
        if method.needs_labels and ranking.method != method.name:
            raise DataError(f"{method.name} gave a ranking under the name {ranking.method!r}")
        if len(ranking.scores) != len(task.held_out):
            raise DataError(
                f"{ranking.method} gave {len(ranking.scores)} scores of {len(task.held_out)} architectures"
            )
    return CellResult(budget, seed, rankings)


@lru_cache(maxsize=1)
def _table(source: TaskSource) -> Table:
    return reopen_table(source)
