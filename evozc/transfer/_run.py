"""A study from its start, or from where it stopped, to its results."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor as Pool
from pathlib import Path

from evozc._folder import format_of, installed
from evozc.benchmarks import space_of
from evozc.engine import Objective
from evozc.errors import CheckpointError, ConfigError, DataError, WorkerError
from evozc.evolution import symbols_of
from evozc.executors import Executor, missing_cells, run_cells
from evozc.table import Task
from evozc.transfer._cell import Cell, cells_of, search_cell, tasks_of
from evozc.transfer._folder import TransferFolder, TransferManifest, read_transfer_results
from evozc.transfer._matrix import matrix
from evozc.transfer._results import Found, TransferResults
from evozc.transfer._settings import TransferSettings

_PACKAGES = ("evozc", "numpy", "scipy", "deap", "numba")


def start_transfer(
    path: Path, tasks: Sequence[Task], settings: TransferSettings, together: Sequence[Collection[str]] = ()
) -> TransferFolder:
    """Make the folder of a study, or open the one that is there if it asks for the same.

    Args:
        path: The folder.
        tasks: At least two, opened by name.
        settings: Of the study.
        together: Groups of tables, by file name without ``.npz``, that are of one space although neither
            their names of it nor their architectures show it.

    Raises:
        ConfigError: the tasks or groups do not do.
        DataError: one cannot be searched on, or the folder cannot be written.
        CheckpointError: the folder holds something else, or a study with other tasks or settings.
    """
    sources = tuple(task.source for task in tasks if task.source)
    if len(tasks) < 2 or len(sources) < len(tasks):
        raise ConfigError("transfer needs at least two tasks, of tables that are files")
    Objective(tasks)
    symbols_of(tasks, settings.search(0))
    asked = TransferManifest(sources, tuple(spaces_of(tasks, together)), settings, installed(*_PACKAGES))
    if not format_of(path):
        return TransferFolder.create(path, asked)
    folder = TransferFolder.open(path)
    found = folder.manifest
    differing = [n for n in ("tasks", "spaces", "settings") if getattr(found, n) != getattr(asked, n)]
    if differing:
        folder.__exit__()
        raise CheckpointError(
            f"{path}: a study with other {' and '.join(differing)}; name another folder with --run"
        )
    return folder


def continue_transfer(
    folder: TransferFolder, jobs: int | str | Executor | Pool = 1,
    observe: Callable[[int, int], object] = lambda _done, _total: None,
) -> TransferResults:
    """Run the searches that are not there yet, and write the results.

    Every search is kept as soon as it is done. A study that has ended gives its results again.

    Args:
        folder: Open for writing.
        jobs: As :func:`~evozc.executors.executor_for` takes them. The results are the same for any.
        observe: Called with the number of searches done and of all.

    Raises:
        WorkerError: searches failed; the message gives the reason of the first.
        CheckpointError: the folder is damaged, or a table has changed.
    """
    done = read_transfer_results(folder.path)
    if done is not None:
        return done
    manifest = folder.manifest
    spaces = manifest.spaces
    found = _searched(folder, list(cells_of(spaces, manifest.settings.seeds)), jobs, observe)
    by_seed = [tasks_of(manifest.tasks, seed) for seed in range(manifest.settings.seeds)]
    results = matrix(by_seed, spaces, found, manifest.settings, manifest.versions)
    folder.write_text("transfer.csv", results.to_csv())
    folder.write("results.json", results, indent=1)
    return results


def spaces_of(tasks: Sequence[Task], together: Sequence[Collection[str]] = ()) -> list[int]:
    """The number of each task's space: one for tables that name it, share a key, or are said to be alike."""
    names = [Path(task.name).name.removesuffix(".npz") for task in tasks]
    unknown = sorted({name for group in together for name in group}.difference(names))
    if unknown:
        raise ConfigError(f"no table is called {unknown[0]!r}; there are {', '.join(dict.fromkeys(names))}")
    numbers: list[int] = []
    for place, task in enumerate(tasks):
        name, keys = _space(task), set(task.table.keys)
        same = [
            numbers[k] for k, other in enumerate(tasks[:place])
            if (name and name == _space(other)) or not keys.isdisjoint(other.table.keys)
            or any(names[place] in group and names[k] in group for group in together)
        ]
        number = min(same, default=place)
        numbers = [number if one in same else one for one in numbers] + [number]
    return numbers


def _space(task: Task) -> str:
    try:
        name = space_of(task.table).name
    except DataError:
        return ""
    return "" if name == "texts" else name


def _searched(
    folder: TransferFolder, cells: Sequence[Cell], jobs: int | str | Executor | Pool,
    observe: Callable[[int, int], object],
) -> list[Found]:
    manifest = folder.manifest
    missing = missing_cells(folder, cells)
    done = len(cells) - len(missing)
    observe(done, len(cells))
    failures = run_cells(
        folder, missing, search_cell, lambda cell: (cell,), (manifest.tasks, manifest.settings), jobs,
        lambda kept: observe(done + kept, len(cells)),
    )
    if failures:
        cell, reason = failures[0]
        raise WorkerError(
            f"{len(failures)} of {len(cells)} searches failed; on tasks {', '.join(map(str, cell.tasks))}, "
            f"seed {cell.seed}: {reason}"
        )
    return [folder.read(cell.file, Found) for cell in cells]
