"""A search in one call, and what came out of it as an object."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from evozc._api._memory import search_tasks
from evozc._api._proxy import Proxy
from evozc._folder import changed
from evozc._records import to_json
from evozc._screen import announcing_compilation, as_html, as_text, results_shown, say, watching
from evozc.benchmarks import open_tasks, reopen_tasks
from evozc.engine import rank_references
from evozc.errors import ConfigError, EvozcError, FormulaError
from evozc.evolution import Progress, SearchSettings, uncommon
from evozc.formula import parse
from evozc.runs import (
    Judged,
    RunFolder,
    SearchResults,
    change_run,
    collect_results,
    continue_run,
    read_results,
    read_search,
    start_run,
)
from evozc.symbols import symbol_set
from evozc.table import Table, Task

#: What a job tells of its progress: True for a display, False for nothing, or a function that is told.
Told = bool | Callable[[Progress], object]


class SearchRun:
    """A search that has ended: its results, and its formulas as proxies; printed, what the command prints.

    Args:
        results: What came out.
        path: Its folder; None for one that was kept in memory.
        tasks: What was searched on; None to open them again when they are needed.

    Attributes:
        results: As given.
        path: As given.
    """

    def __init__(
        self, results: SearchResults, path: Path | None, tasks: Sequence[Task] | None = None
    ) -> None:
        self.results = results
        self.path = path
        self._tasks = tasks

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """What was searched on.

        Raises:
            DataError: a table cannot be had.
            CheckpointError: a table is another one than it was.
        """
        if self._tasks is None:
            assert self.path is not None  # a search in memory knows its tasks
            return reopen_tasks(read_search(self.path).tasks)
        return tuple(self._tasks)

    @property
    def proxy(self) -> Proxy:
        """The formula that the labelled architectures chose."""
        return self._proxy(self.results.chosen)

    @property
    def front(self) -> tuple[Proxy, ...]:
        """The best formula of each size, the shortest first."""
        return tuple(map(self._proxy, self.results.front))

    def of_size(self, size: int) -> Proxy:
        """The formula of a size on the Pareto front.

        Raises:
            ConfigError: the front has none of this size; the message lists those that it has.
        """
        sizes = {entry.size: entry for entry in self.results.front}
        if size not in sizes:
            raise ConfigError(
                f"{self.path or 'search'}: the front has no formula of size {size}; it has {sorted(sizes)}"
            )
        return self._proxy(sizes[size])

    def _proxy(self, entry: Judged) -> Proxy:
        results = self.results
        try:
            formula = parse(entry.formula, symbol_set())
        except FormulaError:  # it holds a scalar of the table's own
            formula = parse(entry.formula, symbol_set().with_statistics(self.tasks[0].table.statistics))
        table = results.table or "a table in memory"
        tau = "undefined" if entry.held_out_tau is None else f"{entry.held_out_tau:.3f}"
        kept = ("target", "table", "seed", "labelled", "held_out", "noise_ceiling")
        return Proxy(
            formula, str(self.path or f"search on {table}"),
            f"A zero-cost proxy found by evozc on {table}: Kendall tau {tau} with {results.target} on "
            f"{results.held_out} held-out architectures.",
            lambda: rank_references(formula, *(task.labelled for task in self.tasks)),
            {**to_json(entry), **{name: getattr(results, name) for name in kept}},
        )

    def __str__(self) -> str:
        return as_text(results_shown(self.results))

    def __repr__(self) -> str:
        chosen = self.results.chosen
        path = None if self.path is None else str(self.path)
        return f"SearchRun(path={path!r}, size={chosen.size}, held_out_tau={chosen.held_out_tau})"

    def _repr_html_(self) -> str:
        return as_html(results_shown(self.results))


def search(
    table: str | Path | Table | Sequence[str | Path] | Sequence[Table] = "digits",
    *,
    run: str | Path | None = None,
    target: str | Sequence[str] | None = None,
    labels: int | None = None,
    settings: SearchSettings | None = None,
    starters: Sequence[str] = (),
    jobs: int = 1,
    progress: Told = True,
) -> SearchRun:
    """Search for a proxy, and compare it with known ones on architectures that it has never seen.

    Stopped at any moment, :func:`resume` goes on in the run folder and ends as if nothing had happened.

    Args:
        table: The path of a statistics table, the name of a bundled benchmark, or a table in memory,
            whose search is kept in memory as well; or several of them, each a task.
        run: The new run folder; None for ``runs/<table>-<n>`` with the first free number.
        target: What to rank by; may be None if the table holds one target. Of several, each is a task
            of every table that holds it.
        labels: Labelled architectures of each task to search on; None for the table's split, or 156.
        settings: Of the search; its seed draws the labelled sample too.
        starters: Formulas, or names of known proxies, to start from as well.
        jobs: Threads that score formulas, -1 for one a core; the results are the same for any number.
        progress: Whether to show it; or what to call after every generation.

    Raises:
        DataError: the table, the target or the sample cannot be had, or the folder exists.
        ConfigError: settings that do not fit, or a run folder for a table in memory.
        FormulaError: a starter is no formula over the table's statistics.
        SearchExhaustedError: the rules leave no candidate, and nothing valid was found before.
    """
    settings = settings or SearchSettings()
    several = isinstance(table, list | tuple)
    tables = list(cast("Sequence[str | Path | Table]", table if several else [table]))
    tasks = open_tasks(tables, target, labels, settings.seed)
    if left_out := uncommon(tasks):
        say(f"without {', '.join(left_out)}, which not all tables hold")
    if any(isinstance(one, Table) for one in tables):
        if run is not None:
            raise ConfigError("a run needs a table that has a name: save it with evozc.save_table first")
        return _in_memory(tasks, settings, starters, jobs, progress)
    folder = start_run(Path(run) if run else free_run(*tables), tasks, settings, starters=starters)
    return _to_its_end(folder, jobs, progress)


def resume(
    run: str | Path, *, ends: Mapping[str, Any] | None = None, tables: Sequence[str] = (), jobs: int = 1,
    progress: Told = True,
) -> SearchRun:
    """Go on with a search that was stopped; it ends as one that was not. One that has ended is extended.

    Args:
        run: Its folder.
        ends: New values of the settings of when it ends: ``generations``, ``patience``, ``max_seconds`` or
            ``max_evaluations``.
        tables: Where its tables are now, if they have moved.
        jobs: As for :func:`search`.
        progress: As for :func:`search`.

    Raises:
        CheckpointError: no run folder, a damaged one, or another table than it began with.
        ConfigError: an end out of range, or fewer generations than before.
    """
    folder = RunFolder.open(Path(run))
    try:
        change_run(folder, ends or {}, tables)
    except EvozcError:
        folder.__exit__()
        raise
    versions = changed(folder.manifest.versions)
    if versions and progress is True:
        say(f"installed since the run began: {versions}; results may differ in the last digits")
    return _to_its_end(folder, jobs, progress)


def open_run(run: str | Path) -> SearchRun:
    """A search that has ended, from its folder.

    Raises:
        CheckpointError: no run folder, the run has not ended, or its results are damaged.
    """
    return SearchRun(read_results(Path(run)), Path(run))


def free_run(*tables: str | Path | Table) -> Path:
    """``runs/<table>-<n>`` with the first free number."""
    stem = named(*tables)
    return next(p for n in itertools.count(1) if not (p := Path("runs") / f"{stem}-{n}").exists())


def named(*tables: str | Path | Table) -> str:
    """Tables in the name of a folder."""
    stems = [Path(one).name.removesuffix(".npz") for one in tables if not isinstance(one, Table)]
    return "+".join(stems[:3]) + "+..." * (len(stems) > 3) or "run"


def _to_its_end(folder: RunFolder, jobs: int, progress: Told) -> SearchRun:
    manifest = folder.manifest
    title = (
        f"searching {_listed(task.table for task in manifest.tasks)} "
        f"for {_listed(task.target for task in manifest.tasks)}: "
        f"{manifest.labelled} labelled architectures, {manifest.held_out} held out; run folder {folder.path}"
    )
    with folder, told(progress, title) as observe:
        return SearchRun(continue_run(folder, observe, jobs), folder.path)


def _in_memory(
    tasks: Sequence[Task], settings: SearchSettings, starters: Sequence[str], jobs: int, progress: Told
) -> SearchRun:
    labelled = sum(len(task.labelled) for task in tasks)
    title = (
        f"searching a table in memory for {_listed(task.target for task in tasks)}: "
        f"{labelled} labelled architectures"
    )
    with told(progress, title) as observe:
        ended = search_tasks(tasks, settings, starters, jobs, observe)
    return SearchRun(collect_results(ended.search, ended.objective, tasks, ended.seconds), None, tasks)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


@contextmanager
def told(progress: Told, title: str) -> Iterator[Callable[[Progress], object]]:
    """What to call after every generation."""
    if progress is True:
        say(title)
        with watching() as observe, announcing_compilation():
            yield observe
    else:
        yield progress or (lambda _: None)
