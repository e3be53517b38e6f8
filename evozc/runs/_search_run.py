"""A search from its start, or from where it stopped, to its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evozc._folder import installed
from evozc._records import from_json
from evozc.baselines import proxies, resolve
from evozc.benchmarks import moved, reopen_tasks
from evozc.engine import Objective
from evozc.errors import CheckpointError, ConfigError, DataError
from evozc.evolution import Progress, Search, SearchSettings, drive, symbols_of
from evozc.executors import count_jobs
from evozc.formula import Formula, parse, simplify
from evozc.runs._folder import ENDS, RunFolder, SearchManifest
from evozc.runs._keeper import Keeper
from evozc.runs._results import SearchResults, collect_results
from evozc.symbols import SymbolRecord, symbol_set
from evozc.table import Task
from primitives import SymbolSet

PACKAGES = ("evozc", "numpy", "scipy", "deap", "numba")


def start_run(
    path: Path, tasks: Sequence[Task], settings: SearchSettings, *, starters: Sequence[str] = ()
) -> RunFolder:
    """Make the folder of a new run; everything that can be checked is checked before.

    Args:
        path: The new folder.
        tasks: What to search on; opened by name, so that they can be opened again.
        settings: Of the search.
        starters: Formulas, or names of known proxies, that join the first population.

    Raises:
        DataError: a task cannot be searched on, or the folder exists.
        ConfigError: the settings do not fit the tasks, or a starter the settings.
        FormulaError: a starter is no formula over the table's statistics.
    """
    sources = [task.source for task in tasks if task.source]
    if not tasks or len(sources) < len(tasks):
        raise ConfigError("a run needs tables that have names: save them, and open the tasks by their paths")
    Objective(tasks)
    symbols = symbols_of(tasks, settings)
    Search(symbols, settings)
    manifest = SearchManifest(
        settings=settings,
        tasks=tuple(sources),
        labelled=sum(len(task.labelled) for task in tasks),
        held_out=sum(len(task.held_out) for task in tasks),
        starters=tuple(formula.text for formula in first_formulas(symbols, settings, starters)),
        symbols=SymbolRecord.of(symbol_set(settings.symbols)),
        versions=installed(*PACKAGES),
    )
    folder = RunFolder.create(path, manifest, {"labelled.txt": _labelled(tasks)})
    folder.tasks = tuple(tasks)
    return folder


def change_run(folder: RunFolder, ends: Mapping[str, Any], tables: Sequence[str] = ()) -> None:
    """Let a run go on to another end, or on its tables in other places.

    It ends as if it had been asked so from the start. Results that are there stay, under another name.

    Args:
        folder: Open for writing.
        ends: New values of some of :data:`ENDS`, by name.
        tables: Where tables are now: ``digits`` or a path.

    Raises:
        ConfigError: a value out of range, or fewer generations than before.
        CheckpointError: it is another table.
        DataError: it is no table.
    """
    manifest = folder.manifest
    if others := set(ends) - set(ENDS):
        raise ConfigError(f"{folder.path}: {min(others)} cannot be changed, but {', '.join(ENDS)} can")
    settings = replace(manifest.settings, **ends)
    if settings.generations < manifest.settings.generations:
        raise ConfigError(
            f"{folder.path}: began with {manifest.settings.generations} generations; name more to extend it, "
            "or start a new run"
        )
    asked = replace(manifest, settings=settings, tasks=moved(manifest.tasks, tables))
    if asked == manifest:
        return
    if settings != manifest.settings:
        folder.set_results_aside()
    folder.ask(asked)


def continue_run(
    folder: RunFolder, observe: Callable[[Progress], object] = lambda _: None, jobs: int = 1
) -> SearchResults:
    """Search on from the folder's last complete generation, to the end, and write the results.

    A run that was interrupted and continued ends as one that was not.

    Args:
        folder: Open for writing.
        observe: Called after every generation.
        jobs: Threads that score formulas, -1 for one a core; the results are the same for any number.

    Raises:
        CheckpointError: the table is another one than the run began with.
        SearchExhaustedError: the rules leave no candidate, and nothing valid was found before.
    """
    manifest, settings = folder.manifest, folder.manifest.settings
    tasks = folder.tasks or reopen_tasks(manifest.tasks)
    blind = [task.blind for task in tasks]
    symbols = symbols_of(blind, settings)
    search = Search(symbols, settings, [parse(text, symbols) for text in manifest.starters])
    objective = Objective(blind, count_jobs(jobs), settings.over_tasks)
    spent = 0.0
    state = folder.restore()
    if state is not None:
        try:
            spent = from_json(float, state.pop("seconds", None), "$.seconds")
            objective.before = from_json(dict[str, float], state.pop("scoring", None), "$.scoring")
        except DataError as error:
            raise CheckpointError(f"{folder.path}: the checkpoint does not fit: {error}") from None
        search.restore(state, folder.read_log("formulas.jsonl"))
        observe(Progress.of(search, spent))
    with Keeper(folder) as keeper:

        def after(progress: Progress) -> None:
            state = {**search.state(), "seconds": progress.seconds, "scoring": objective.seconds}
            keeper.take(search.generation, state, search.last_scored(), _journal_line(progress))
            observe(progress)

        spent = drive(search, objective, after, spent)
    results = collect_results(search, objective, tasks, spent)
    folder.write_results(results)
    return results


def first_formulas(
    symbols: SymbolSet, settings: SearchSettings, starters: Sequence[str]
) -> list[Formula]:
    """What joins the first population: the user's own formulas, then known proxies if the settings say so.

    Args:
        symbols: Of the search.
        settings: Of the search.
        starters: Formulas, or names of known proxies.

    Raises:
        ConfigError: a formula is larger than the settings allow.
        FormulaError: no formula over these symbols.
    """
    own = [resolve(starter, symbols) for starter in starters]
    for formula in own:
        _check_starter(formula, settings)
    return [*own, *(proxies(symbols).values() if settings.zoo else ())]


def _labelled(tasks: Sequence[Task]) -> str:
    """One architecture a line; of several tasks, after the target and table."""
    lines = [
        f"{task.target} of {task.name}\t{architecture}" if len(tasks) > 1 else architecture
        for task in tasks
        for architecture in task.labelled.architectures
    ]
    return "".join(f"{line}\n" for line in lines)


def _check_starter(formula: Formula, settings: SearchSettings) -> None:
    shortest = simplify(formula)
    if shortest.size > settings.max_size or shortest.depth > settings.max_depth:
        raise ConfigError(
            f"seed {formula.text}: {shortest.size} symbols and depth {shortest.depth}, but formulas may "
            f"have {settings.max_size} and {settings.max_depth}; raise --max-size or --max-depth"
        )


def _journal_line(progress: Progress) -> dict[str, Any]:
    return {
        "generation": progress.generation,
        "tau": progress.tau,
        "formula": progress.formula,
        "evaluations": progress.evaluations,
        "removed": progress.removed,
        "seconds": round(progress.seconds, 3),
    }
