"""The folder of a comparison: one file a finished cell, so that nothing is done twice.

``manifest.json``            what was asked for: table and its hash, target, settings, versions
``cells/METHOD-BUDGET-SEED.json``  scores of the held-out architectures, times, the formula
``results.json``             every measure of every method, with intervals
``comparison.csv``           the same, one row a method and budget
``figures/*.svg``, ``report.html``  for people
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from evozc._files import write_text
from evozc.benchmarks import open_table
from evozc.comparison._methods import Record, run_cell
from evozc.comparison._settings import LABEL_FREE, ComparisonSettings, check_methods
from evozc.comparison._split import split_budgets
from evozc.errors import CheckpointError, DataError, WorkerError
from evozc.executors import Executor, Failure, executor_for
from evozc.formula import parse
from evozc.symbols import symbol_set

FORMAT = "evozc-comparison-2"
#: Longest first, so that no worker is left alone with a long cell at the end.
_COSTS = {"parzc-graph": 20.0, "parzc-strong": 8.0, "formula": 200.0, "trees": 1.0, LABEL_FREE: 0.1}
_PUBLISHED_COST = 300.0


def start_comparison(
    path: Path, table: str, settings: ComparisonSettings, target: str | None = None
) -> dict[str, Any]:
    """Make the folder of a comparison, or see that the one that is there asks for the same.

    Args:
        path: The folder.
        table: ``digits`` or the path of a table.
        settings: Of the comparison.
        target: What to rank by; may be None if the table holds one target.

    Returns:
        The manifest.

    Raises:
        DataError: the table cannot be used: too few architectures, constant accuracies, a
            statistic that a method needs is missing.
        FormulaError: a given formula cannot be read, or needs a statistic that is missing.
        CheckpointError: the folder holds something else, or a comparison with other settings.
    """
    data = open_table(table)
    chosen = data.target(target)
    if len(np.unique(chosen.values)) < 2:
        raise DataError(f"{table}: all {len(data)} architectures have the same {chosen.name}")
    for method, reason in check_methods(data, settings.methods).items():
        raise DataError(f"{table}: {method} cannot be compared: {reason}; name the other methods alone")
    for text in settings.given.values():
        parse(text, symbol_set().with_statistics(data.statistics))
    for seed in range(settings.seeds):
        split_budgets(data, settings.budgets, seed, settings.seen)
    asked = {
        "format": FORMAT, "table": table, "table_hash": data.content_hash, "target": chosen.name,
        "settings": settings.to_mapping(),
    }
    path = Path(path)
    if path.exists():
        manifest = read_comparison_manifest(path)
        changed = [name for name in asked if manifest[name] != asked[name]]
        if changed:
            raise CheckpointError(
                f"{path}: a comparison with other {', '.join(changed)}; name another folder with --run"
            )
        return manifest
    manifest = {**asked, "versions": _versions()}
    try:
        (path / "cells").mkdir(parents=True)
    except OSError as error:
        raise DataError(f"{path}: cannot be made: {error.strerror}") from error
    write_text(path / "manifest.json", json.dumps(manifest, indent=2, allow_nan=False) + "\n")
    return manifest


def continue_comparison(
    path: Path, jobs: int | Executor = 1, observe: Callable[[int, int], object] = lambda _done, _total: None
) -> list[Record]:
    """Run the cells that are not there yet; each is written as soon as it is done.

    Args:
        path: A folder that :func:`start_comparison` made.
        jobs: Worker processes, -1 for one a core; or an executor.
        observe: Called with the number of cells done and of all cells.

    Returns:
        The records of all cells, in the order of methods, budgets and seeds.

    Raises:
        WorkerError: cells failed; the message gives the reason of the first.
        CheckpointError: the folder is damaged, or the table has changed.
    """
    path = Path(path)
    manifest = read_comparison_manifest(path)
    settings = ComparisonSettings.from_mapping(manifest["settings"])
    cells = list(_cells(settings))
    missing = [cell for cell in cells if not _file(path, cell).exists()]
    missing.sort(key=lambda cell: -_COSTS.get(cell[0], _PUBLISHED_COST * cell[1]))
    common = (manifest["table"], manifest["table_hash"], manifest["target"], settings)
    observe(len(cells) - len(missing), len(cells))
    failures = []
    done = len(cells) - len(missing)
    with closing(executor_for(jobs).map(run_cell, missing, common)) as results:
        for index, result in results:
            if isinstance(result, Failure):
                failures.append((missing[index], result.reason))
                continue
            write_text(_file(path, missing[index]), json.dumps(result, allow_nan=False) + "\n")
            done += 1
            observe(done, len(cells))
    if failures:
        (method, budget, seed), reason = failures[0]
        raise WorkerError(
            f"{len(failures)} of {len(cells)} cells failed; {method} with {budget} labels, seed {seed}: "
            f"{reason} (leave a method out by naming the others with --method; finished cells are kept)"
        )
    return [record for cell in cells for record in _read_cell(_file(path, cell))]


def read_comparison_manifest(path: Path) -> dict[str, Any]:
    """What a comparison was asked for.

    Raises:
        CheckpointError: not the folder of a comparison, or damaged.
    """
    try:
        manifest = json.loads((Path(path) / "manifest.json").read_bytes())
    except OSError:
        raise CheckpointError(f"{path}: exists, and is not the folder of a comparison") from None
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}/manifest.json: damaged: {error}") from None
    named = ("table", "table_hash", "target", "settings", "versions")
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not the folder of a comparison of this version")
    if not all(name in manifest for name in named):
        raise CheckpointError(f"{path}/manifest.json: damaged: an entry is missing")
    return manifest


def _cells(settings: ComparisonSettings) -> list[tuple[str, int, int]]:
    return [
        (method, budget, seed)
        for method in settings.methods
        for budget in ((0,) if method == LABEL_FREE else settings.budgets)
        for seed in range(settings.seeds)
    ]


def _file(path: Path, cell: tuple[str, int, int]) -> Path:
    method, budget, seed = cell
    return path / "cells" / f"{method}-{budget}-{seed}.json"


def _read_cell(path: Path) -> list[Record]:
    try:
        records = json.loads(path.read_bytes())
        for record in records:
            record["scores"] = _scores(record["scores"])
            for entry in record.get("front", ()):
                entry["scores"] = _scores(entry["scores"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{path}: damaged ({error}): delete it, and it is computed again") from None
    return records


def _scores(listed: list[float | None]) -> np.ndarray:
    return np.array([np.nan if score is None else score for score in listed], dtype=np.float64)


def _versions() -> dict[str, str]:
    names = ("evozc", "numpy", "scipy", "deap", "torch", "scikit-learn", "joblib")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}
