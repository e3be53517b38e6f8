"""The command that searches."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

import evozc
from evozc._api._search import free_run
from evozc._api._seeds import seeds_folder
from evozc._folder import format_of
from evozc._screen import counting, say, show_grid, show_results
from evozc.cli._options import Cluster, Jobs, TaskMinutes, executor, given, seeds_of
from evozc.cli._signals import resumable
from evozc.engine import OVER_TASKS
from evozc.errors import ConfigError
from evozc.evolution import SearchSettings
from evozc.runs import ENDS, SEEDS, SeedsFolder, SeedsResults, Spread, continue_seeds, read_log

_DEFAULTS = SearchSettings()
_OVER = ", ".join(OVER_TASKS)


def search(
    context: typer.Context,
    table: Annotated[
        list[str] | None,
        typer.Argument(help="A statistics table, or the name of the bundled benchmark; of several, each is "
                       "a task. [default: digits]"),
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder for this run; must not exist. [default: runs/<table>-<n>]")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on with this run folder instead; --generations and the other ends extend it."),
    ] = None,
    moved: Annotated[
        list[str] | None,
        typer.Option("--table", help="For --resume: where its table is now; may be given several times."),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="What to rank by; of several, each is a task of the tables that hold it. "
                     "[default: the only target]"),
    ] = None,
    labels: Annotated[
        int | None,
        typer.Option(help="Labelled architectures of each task. [default: the table's split, or 156]"),
    ] = None,
    seed: Annotated[
        str,
        typer.Option(help="Of the search and of the labelled sample; of several, as 0-9 or 1,4,7, each has a "
                     "folder in RUN, and --jobs searches go on at once. [default RUN: runs/<table>-seeds]"),
    ] = str(_DEFAULTS.seed),
    over_tasks: Annotated[
        str,
        typer.Option(help=f"How the taus of several tasks become the one that counts: {_OVER}."),
    ] = _DEFAULTS.over_tasks,
    symbols: Annotated[str, typer.Option(help="Symbol set: full, layers or scalar.")] = _DEFAULTS.symbols,
    population: Annotated[
        int, typer.Option(help="Formulas that an island keeps.")
    ] = _DEFAULTS.population,
    islands: Annotated[int, typer.Option(help="Populations that are bred apart.")] = _DEFAULTS.islands,
    terms: Annotated[
        int,
        typer.Option(help="Formulas that the result adds up, by their ranks, at most; 1 for one alone."),
    ] = _DEFAULTS.terms,
    generations: Annotated[int, typer.Option(help="Generations to breed.")] = _DEFAULTS.generations,
    max_size: Annotated[int, typer.Option(help="Symbols in a formula or term at most.")] = _DEFAULTS.max_size,
    max_depth: Annotated[int, typer.Option(help="Depth of a formula or term at most.")] = _DEFAULTS.max_depth,
    patience: Annotated[
        int, typer.Option(help="Stop after this many generations without a better formula; 0 for never.")
    ] = _DEFAULTS.patience,
    max_seconds: Annotated[
        float, typer.Option(help="Stop after this time; 0 for never. Ends differ between machines.")
    ] = _DEFAULTS.max_seconds,
    max_evaluations: Annotated[
        int, typer.Option(help="Stop after the generation that scores this many formulas; 0 for never.")
    ] = _DEFAULTS.max_evaluations,
    zoo: Annotated[bool, typer.Option(help="Start from known proxies as well.")] = _DEFAULTS.zoo,
    seed_proxy: Annotated[
        list[str] | None,
        typer.Option(help="Start from this known proxy or formula as well; may be given several times."),
    ] = None,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    task_minutes: TaskMinutes = None,
) -> None:
    """Search for a proxy, and compare it with known ones on architectures it has never seen.

    Without arguments it searches on the bundled benchmark, in less than a minute.
    """
    if resume is None and moved:
        raise ConfigError("--table belongs to --resume; a new search is told its table without the word")
    seeds = seeds_of(seed)
    several = len(seeds) > 1 if resume is None else format_of(resume) == SEEDS.format
    if not several and (cluster is not None or task_minutes is not None):
        raise ConfigError("--cluster and --task-minutes are of searches with several seeds, as --seed 0-9; "
                          "one search scores its formulas in one process, with --jobs threads")
    ends = _ends(given(context), several) if resume is not None else {}
    tables = table or ["digits"]
    settings = SearchSettings(
        seed=seeds[0], symbols=symbols, population=population, islands=islands, terms=terms,
        generations=generations, max_size=max_size, max_depth=max_depth, patience=patience,
        max_seconds=max_seconds, max_evaluations=max_evaluations, zoo=zoo, over_tasks=over_tasks,
    )
    if several:
        path = resume or run or seeds_folder(*tables)
        works = executor(jobs, cluster, task_minutes)
        with resumable(lambda: _going_on(path)):
            if resume is not None:
                with SeedsFolder.open(resume) as folder, counting("searches") as observe:
                    results = continue_seeds(folder, works, observe)
            else:
                results = evozc.search_seeds(
                    tables, seeds, run=path, target=target or None, labels=labels, settings=settings,
                    starters=seed_proxy or (), jobs=works,
                )
        _show_seeds(results, path)
        return
    path = resume or run or free_run(*tables)
    with resumable(lambda: _going_on(path), lambda: f"the best formula so far: {_best(path)}"):
        if resume is not None:
            found = evozc.resume(path, ends=ends, tables=moved or (), jobs=jobs)
        else:
            found = evozc.search(
                tables, run=path, target=target or None, labels=labels, settings=settings,
                starters=seed_proxy or (), jobs=jobs,
            )
    show_results(found.results)
    say()
    say(f"everything is in {path}; next: evozc export {path} --format latex")


def _show_seeds(results: SeedsResults, path: Path) -> None:
    say()
    say(f"Kendall tau with {results.target} of {results.table}, {len(results.seeds)} seeds; the known proxy "
        "is the best by the labelled architectures")
    show_grid(
        ("seed", "labelled", "held out", "95 % interval", "known proxy", "held out", "size"),
        [(str(row.seed), _number(row.labelled_tau), _number(row.held_out_tau), _interval(row.low, row.high),
          row.known, _number(row.known_tau), str(row.size)) for row in results.seeds],
    )
    say()
    show_grid(
        ("over seeds", "mean", "95 % interval", "deviation", "least", "most"),
        [_spread("chosen formula", results.tau), _spread("known proxy", results.known),
         _spread("difference", results.over_known)],
    )
    say("the interval is of the mean over seeds on this table, not over tables")
    say()
    first = path / f"seed-{results.seeds[0].seed}"
    say(f"everything is in {path}; next: evozc export {first} --format latex")


def _spread(name: str, spread: Spread) -> tuple[str, ...]:
    numbers = (spread.deviation, spread.least, spread.most)
    return name, _number(spread.mean), _interval(spread.low, spread.high), *map(_number, numbers)


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None else f"{low:.3f} to {high:.3f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _ends(arguments: dict[str, Any], several: bool) -> dict[str, Any]:
    """What a run may be told anew when it goes on; searches over seeds are told nothing but who works.

    Raises:
        ConfigError: anything else is among the arguments.
    """
    names = {f"--{name.replace('_', '-')}": name for name in ENDS}
    if several:
        names = {}
    kept = ("--jobs", "--cluster", "--task-minutes") if several else (*names, "--table", "--jobs")
    others = [name for name in arguments if name not in (*kept, "--resume")]
    if others and several:
        raise ConfigError(f"--resume goes on as the searches began: leave out {', '.join(others)}")
    if others:
        raise ConfigError(
            f"--resume goes on as the run began: leave out {', '.join(others)}, or start a new run; "
            f"{', '.join(names)}, --table and --jobs can be changed"
        )
    return {names[option]: value for option, value in arguments.items() if option in names}


def _going_on(path: Path) -> str:
    return f"evozc search --resume {shlex.quote(str(path))}" if format_of(path) else "the same command"


def _best(path: Path) -> str:
    """The best formula that a run has written down."""
    lines = read_log(path / "journal.jsonl")
    return lines[-1]["formula"] if lines else "none yet"
