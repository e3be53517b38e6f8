"""A comparison from its start, or from where it stopped, to its results."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor as Pool
from pathlib import Path

import numpy as np

from evozc._folder import format_of, installed
from evozc.benchmarks import open_task, reopen_table
from evozc.comparison._cell import CellResult, cells_of, draw_task, run_cell
from evozc.comparison._csv import to_csv
from evozc.comparison._folder import (
    COMPARISON,
    ComparisonFolder,
    ComparisonManifest,
    read_comparison_results,
)
from evozc.comparison._results import ComparisonResults
from evozc.comparison._settings import ComparisonSettings, check_methods
from evozc.comparison._summary import summarise
from evozc.comparison.methods import METHODS
from evozc.errors import CheckpointError, DataError, WorkerError
from evozc.executors import Executor, missing_cells, run_cells
from evozc.formula import parse
from evozc.symbols import SymbolRecord, symbol_set

_PACKAGES = ("evozc", "numpy", "scipy", "deap", "torch", "scikit-learn", "joblib")


def start_comparison(
    path: Path, table: str, settings: ComparisonSettings, target: str | None = None
) -> ComparisonFolder:
    """Make the folder of a comparison, or open the one that is there if it asks for the same.

    Args:
        path: The folder.
        table: ``digits`` or the path of a table.
        settings: Of the comparison.
        target: What to rank by; may be None if the table holds one target.

    Raises:
        DataError: the table cannot be used: too few architectures, constant accuracies, a
            statistic that a method needs is missing.
        FormulaError: a given formula cannot be read, or needs a statistic that is missing.
        CheckpointError: the folder holds something else, a comparison with other settings, or one
            in which another process works.
    """
    task = open_task(table, target, max(settings.budgets), 0, settings.seen)
    values = task.table.target(task.target).values
    if len(np.unique(values)) < 2:
        raise DataError(f"{table}: all {len(values)} architectures have the same {task.target}")
    for method, reason in check_methods(task.table, settings.methods).items():
        raise DataError(f"{table}: {method} cannot be compared: {reason}; name the other methods alone")
    for text in settings.given.values():
        parse(text, symbol_set().with_statistics(task.table.statistics))
    for seed in range(settings.seeds):
        draw_task(task.table, task.target, settings, seed)
    assert task.source is not None
    origins = METHODS.added()
    plug_ins = {name: origins[name] for name in settings.methods if name in origins}
    asked = ComparisonManifest(
        (task.source,), settings, plug_ins, SymbolRecord.of(symbol_set()), installed(*_PACKAGES)
    )
    if not format_of(path):
        return _made(path, asked)
    folder = ComparisonFolder.open(path)
    try:
        _compare(path, folder.manifest, asked)
    except CheckpointError:
        folder.__exit__()
        raise
    return folder


def continue_comparison(
    folder: ComparisonFolder, jobs: int | str | Executor | Pool = 1,
    observe: Callable[[int, int], object] = lambda _done, _total: None,
) -> ComparisonResults:
    """Run the cells that are not there yet, and write the results.

    Every cell is written as soon as it is done. A comparison that has ended gives its results again.

    Args:
        folder: Open for writing.
        jobs: Worker processes, -1 for one a core; a cluster, as ``tcp://host:8786``; an executor.
        observe: Called with the number of cells done and of all cells.

    Raises:
        WorkerError: cells failed; the message gives the reason of the first.
        CheckpointError: the folder is damaged, or the table has changed.
    """
    done = read_comparison_results(folder.path)
    if done is not None:
        return done
    manifest = folder.manifest
    manifest.symbols.require_same(str(folder.path))
    results = summarise(manifest, _run_cells(folder, jobs, observe), reopen_table(manifest.tasks[0]))
    folder.write_text("comparison.csv", to_csv(results))
    folder.write("results.json", results, indent=1)
    return results


def _run_cells(
    folder: ComparisonFolder, jobs: int | str | Executor | Pool, observe: Callable[[int, int], object]
) -> list[CellResult]:
    settings, (source,) = folder.manifest.settings, folder.manifest.tasks
    cells = list(cells_of(settings))
    methods = {name: METHODS.get(name) for name in settings.methods}
    missing = missing_cells(folder, cells)
    missing.sort(key=lambda cell: -methods[cell.method].cost(cell.budget))  # no long one is left for the end
    done = len(cells) - len(missing)
    observe(done, len(cells))
    failures = run_cells(
        folder, missing, run_cell, lambda cell: (methods[cell.method], cell.budget, cell.seed),
        (source, settings), jobs, lambda kept: observe(done + kept, len(cells)),
    )
    if failures:
        cell, reason = failures[0]
        raise WorkerError(
            f"{len(failures)} of {len(cells)} cells failed; {cell.method} with {cell.budget} labels, seed "
            f"{cell.seed}: {reason} (leave a method out by naming the others with --method; finished "
            "cells are kept)"
        )
    return [folder.read(cell.file, CellResult) for cell in cells]


def _made(path: Path, asked: ComparisonManifest) -> ComparisonFolder:
    try:
        return ComparisonFolder.create(path, asked)
    except DataError as error:
        if not Path(path).is_dir():
            raise
        raise CheckpointError(f"{path}: exists, and is not {COMPARISON.what}") from error


def _compare(path: Path, found: ComparisonManifest, asked: ComparisonManifest) -> None:
    """See that a folder was asked for the same."""
    same = {
        "table": (found.tasks[0].table_hash == asked.tasks[0].table_hash),
        "target": (found.tasks[0].target == asked.tasks[0].target),
        "settings": found.settings == asked.settings,
        "symbols": found.symbols == asked.symbols,
        "plug-ins": found.plug_ins == asked.plug_ins,
    }
    changed = [name for name, held in same.items() if not held]
    if changed:
        raise CheckpointError(
            f"{path}: a comparison with other {', '.join(changed)}; name another folder with --run"
        )
