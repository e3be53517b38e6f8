"""A comparison of methods in one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor as Pool
from dataclasses import replace
from pathlib import Path
from typing import Any

from evozc._folder import format_of
from evozc._screen import counted, say
from evozc.benchmarks import known_keys, open_table, reopen_tasks
from evozc.comparison import (
    ComparisonFolder,
    ComparisonResults,
    ComparisonSettings,
    affordable_budgets,
    check_methods,
    continue_comparison,
    read_comparison_results,
    start_comparison,
)
from evozc.executors import Executor
from evozc.runs import read_results, read_search
from evozc.table import Table


def compare(
    table: str | Path = "digits",
    *,
    run: str | Path | None = None,
    target: str | None = None,
    settings: ComparisonSettings | None = None,
    searches: Sequence[str | Path] = (),
    jobs: int | str | Executor | Pool = 1,
    progress: bool | Callable[[int, int], object] = True,
) -> ComparisonResults:
    """Compare discovered formulas with ParZC, trees and hand-crafted proxies on held-out architectures.

    Every method is searched or trained at every label budget and seed, on the same labelled
    architectures. The folder gets ``results.json``, ``comparison.csv``, ``figures/*.svg`` and
    ``report.html``. Every finished part is kept: stopped at any moment, the same call goes on.

    Args:
        table: The path of a statistics table, or the name of a bundled benchmark; or the folder of a
            comparison, to go on with it or to have its results again.
        run: The folder; None for ``runs/compare-<table>``.
        target: What to rank by; may be None if the table holds one target.
        settings: Of the comparison; None for the methods and budgets that the table allows.
        searches: Folders of searches whose chosen formulas are compared as well; what they were
            searched on is then not held out.
        jobs: Worker processes, -1 for one a core; a cluster, as ``tcp://host:8786``; an executor.
        progress: Whether to show it; or what to call with the number of parts done and of all.

    Raises:
        DataError: the table cannot be used.
        ConfigError: settings that do not fit.
        CheckpointError: the folder holds something else, or a comparison with other settings.
        WorkerError: parts failed; the message gives the reason of the first.
    """
    if format_of(Path(table)).startswith("evozc-comparison"):
        done = read_comparison_results(Path(table))
        if done is not None and (Path(table) / "report.html").exists():
            return done
        with ComparisonFolder.open(Path(table)) as folder:
            return _to_its_end(folder, jobs, progress)
    if settings is None:
        settings = usable_settings(open_table(table), tell=say if progress is True else lambda _: None)
    if searches:
        settings = _with_searches(settings, searches)
    path = Path(run) if run else Path("runs") / f"compare-{Path(table).name.removesuffix('.npz')}"
    with start_comparison(path, str(table), settings, target) as folder:
        return _to_its_end(folder, jobs, progress)


def usable_settings(
    table: Table, methods: Sequence[str] = (), budgets: Sequence[int] = (),
    tell: Callable[[str], object] = lambda _: None, **others: Any,
) -> ComparisonSettings:
    """Settings for a table.

    Args:
        table: That methods are compared on.
        methods: To compare; none for the standard ones that the table allows.
        budgets: Label budgets; none for the default ones that the table allows.
        tell: Called with a line for each standard method that the table does not allow.
        others: Of the settings, by name.

    Raises:
        ConfigError: settings that do not fit.
        DataError: the table is too small for the default budgets.
    """
    if not methods:
        standard = ComparisonSettings().methods
        reasons = check_methods(table, standard)
        for name, reason in reasons.items():
            tell(f"without {name}: {reason}")
        methods = [name for name in standard if name not in reasons]
    return ComparisonSettings(tuple(methods), tuple(budgets) or affordable_budgets(table), **others)


def _with_searches(settings: ComparisonSettings, folders: Sequence[str | Path]) -> ComparisonSettings:
    """The formulas that searches chose, by folder, and the canonical keys that they were searched on."""
    given, seen = dict(settings.given), set(settings.seen)
    for folder in map(Path, folders):
        given[f"search {folder.name}"] = read_results(folder).chosen.formula
        for task in reopen_tasks(read_search(folder).tasks):
            seen |= known_keys(task.labelled)
    return replace(settings, given=given, seen=tuple(sorted(seen)))


def _to_its_end(
    folder: ComparisonFolder, jobs: int | str | Executor | Pool, progress: bool | Callable[[int, int], object]
) -> ComparisonResults:
    from evozc.report import publish

    settings, (source,) = folder.manifest.settings, folder.manifest.tasks
    results = read_comparison_results(folder.path)
    if results is None:
        if progress is True:
            say(f"comparing {len(settings.methods)} methods on {source.table} for {source.target}; "
                f"folder {folder.path}")
        with counted(progress, "parts of the comparison") as observe:
            results = continue_comparison(folder, jobs, observe)
    if not folder.file("report.html").exists():
        publish(folder, results)
    return results
