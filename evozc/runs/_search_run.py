"""A search from its start, or from where it stopped, to its results."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from evozc.baselines import proxies, resolve
from evozc.benchmarks import open_table
from evozc.engine import Scorer
from evozc.errors import CheckpointError, ConfigError, SearchExhaustedError
from evozc.formula import Formula, parse, simplify
from evozc.runs._folder import RunFolder, read_manifest
from evozc.runs._keeper import Keeper
from evozc.runs._results import collect_results, front_csv, pruning_seconds
from evozc.search import Search, SearchSettings
from evozc.symbols import symbol_set
from evozc.table import Table, split_table
from primitives import SymbolSet


@dataclass(frozen=True)
class Progress:
    """Where a running search stands, after a generation.

    Args:
        generation: Generations done; the first population is generation 0.
        generations: Generations to do at most.
        tau: Best Kendall tau on the labelled sample, None while there is no valid formula.
        formula: The text of that formula.
        evaluations: Formulas scored so far.
        seconds: Seconds of search so far, those before a resumption included.
        removed: Candidates that each pruning rule has removed.
    """

    generation: int
    generations: int
    tau: float | None
    formula: str
    evaluations: int
    seconds: float
    removed: Mapping[str, int]


def start_run(
    path: Path,
    table: str,
    settings: SearchSettings,
    *,
    target: str | None = None,
    labels: int | None = None,
    seeds: Sequence[str] = (),
) -> RunFolder:
    """Make the folder of a new run; everything that can be checked is checked before.

    Args:
        path: The new folder.
        table: ``digits`` or the path of a table.
        settings: Of the search.
        target: What to rank by; may be None if the table holds one target.
        labels: Labelled architectures; None for the table's own split, or 156.
        seeds: Formulas, or names of known proxies, that join the first population.

    Raises:
        DataError: the table cannot be used, or the folder exists.
        ConfigError: the settings do not fit the table, or a seed the settings.
        FormulaError: a seed is no formula over the table's statistics.
    """
    data = open_table(table)
    chosen = data.target(target)
    train, test = split_table(data, labels, settings.seed)
    Scorer(train, train.target(chosen.name))
    symbols = _symbols(data, settings)
    Search(symbols, settings)
    formulas = [resolve(seed, symbols) for seed in seeds]
    for formula in formulas:
        _check_seed(formula, settings)
    manifest = {
        "settings": settings.to_mapping(),
        "table": table,
        "table_hash": data.content_hash,
        "target": chosen.name,
        "labels": labels,
        "labelled": len(train),
        "held_out": len(test),
        "versions": _versions(),
        "seeds": [formula.text for formula in formulas],
    }
    return RunFolder.create(path, manifest, train.architectures)


def continue_run(
    folder: RunFolder, observe: Callable[[Progress], object] = lambda _: None, jobs: int = 1
) -> dict[str, Any]:
    """Search on from the folder's last complete generation, to the end, and write the results.

    A run that was interrupted and continued ends as one that was not.

    Args:
        folder: Open for writing.
        observe: Called after every generation.
        jobs: Threads that score formulas; the results are the same for any number.

    Returns:
        What ``results.json`` holds.

    Raises:
        CheckpointError: the table is another one than the run began with.
        SearchExhaustedError: the rules leave no candidate, and nothing valid was found before.
    """
    manifest = folder.manifest
    settings = SearchSettings.from_mapping(manifest["settings"])
    data, train, test = open_data(manifest)
    symbols = _symbols(data, settings)
    seeds = [parse(str(text), symbols) for text in manifest["seeds"]]
    search = Search(symbols, settings, [*seeds, *(proxies(symbols).values() if settings.zoo else ())])
    scorer = Scorer(train, train.target(manifest["target"]), jobs)
    state = folder.restore()
    spent = 0.0
    if state is not None:
        spent = state.pop("seconds")
        scorer.seconds = state.pop("scoring")
        search.restore(state, folder.read_log("formulas.jsonl"))
        observe(_progress(search, spent))
    with Keeper(folder) as keeper:
        while not search.finished and not 0 < settings.max_seconds <= spent:
            start = time.monotonic()
            try:
                formulas = search.ask()
            except SearchExhaustedError:
                if search.hall_of_fame.best is None:
                    raise
                break  # nothing new is left to try: what has been found is the result
            search.tell(formulas, scorer.score(formulas))
            spent += time.monotonic() - start
            progress = _progress(search, spent)
            state = {**search.state(), "seconds": spent, "scoring": dict(scorer.seconds)}
            keeper.take(search.generation, state, search.last_scored(), _journal_line(progress))
            observe(progress)
    results = collect_results(search, train, test, manifest, spent, pruning_seconds(search, scorer))
    texts = {"front.csv": front_csv(results), "formula.txt": results["chosen"]["formula"] + "\n"}
    folder.write_results(results, texts)
    return results


def open_data(manifest: Mapping[str, Any]) -> tuple[Table, Table, Table]:
    """The table of a run, its labelled sample and its held-out architectures.

    Raises:
        CheckpointError: the table is another one than the run began with.
    """
    data = open_table(manifest["table"])
    if data.content_hash != manifest["table_hash"]:
        raise CheckpointError(
            f"table {manifest['table']}: hash {data.content_hash[:12]}, but the run began with "
            f"{manifest['table_hash'][:12]}; bring the old table back or start a new run"
        )
    train, test = split_table(data, manifest["labels"], manifest["settings"]["seed"])
    return data, train, test


def changed_versions(path: Path) -> str:
    """How the installed versions differ from those that a run began with; empty if they do not."""
    then, now = read_manifest(path)["versions"], _versions()
    return ", ".join(f"{k} {then.get(k)} -> {now[k]}" for k in now if now[k] != then.get(k))


def _symbols(table: Table, settings: SearchSettings) -> SymbolSet:
    return symbol_set(settings.symbols).with_statistics(table.statistics)


def _check_seed(formula: Formula, settings: SearchSettings) -> None:
    shortest = simplify(formula)
    if shortest.size > settings.max_size or shortest.depth > settings.max_depth:
        raise ConfigError(
            f"seed {formula.text}: {shortest.size} symbols and depth {shortest.depth}, but formulas may "
            f"have {settings.max_size} and {settings.max_depth}; raise --max-size or --max-depth"
        )


def _progress(search: Search, seconds: float) -> Progress:
    best = search.hall_of_fame.best
    return Progress(
        generation=search.generation - 1,
        generations=search.settings.generations,
        tau=best.tau if best else None,
        formula=best.formula.text if best else "",
        evaluations=search.evaluations,
        seconds=seconds,
        removed=dict(search.removed),
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


def _versions() -> dict[str, str]:
    names = ("evozc", "numpy", "scipy", "deap", "numba")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in names}}
