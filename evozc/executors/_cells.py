"""Grids of independent tasks whose outcomes lie in a folder, one file a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor as Pool
from contextlib import closing
from typing import Any, Protocol, TypeVar

from evozc._folder import Folder
from evozc.executors._executor import Executor, Failure
from evozc.executors._executors import executor_for


class Cell(Protocol):
    """One task of a grid."""

    @property
    def file(self) -> str:
        """Of the folder, in which its outcome is kept."""
        ...


C = TypeVar("C", bound=Cell)


def missing_cells(folder: Folder[Any], cells: Iterable[C]) -> list[C]:
    """Those that have no outcome yet."""
    return [cell for cell in cells if not folder.file(cell.file).exists()]


def run_cells(
    folder: Folder[Any],
    cells: Sequence[C],
    function: Callable[..., object],
    arguments: Callable[[C], tuple[Any, ...]],
    shared: tuple[Any, ...],
    jobs: int | str | Executor | Pool,
    observe: Callable[[int], object],
) -> list[tuple[C, str]]:
    """Run cells and keep each outcome as soon as it is there.

    Args:
        folder: Open for writing.
        cells: That are missing, in the order in which they are to begin.
        function: Gives a cell's outcome, a record.
        arguments: Its last arguments, of a cell.
        shared: Its first arguments, of all cells.
        jobs: As :func:`~evozc.executors.executor_for` takes them.
        observe: Called after each cell that is kept, with how many are.

    Returns:
        Cells that failed, with the reason.
    """
    failed: list[tuple[C, str]] = []
    kept = 0
    tasks = (arguments(cell) for cell in cells)
    with closing(executor_for(jobs).map(function, tasks, shared)) as outcomes:
        for index, outcome in outcomes:
            if isinstance(outcome, Failure):
                failed.append((cells[index], outcome.reason))
                continue
            folder.write(cells[index].file, outcome, indent=None)
            kept += 1
            observe(kept)
    return failed
