"""The command that compares methods."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table as Grid
from rich.text import Text

import evozc
from evozc._api._compare import usable_settings
from evozc._folder import format_of
from evozc._screen import _print, say, show_comparison, show_results
from evozc.baselines import proxies
from evozc.benchmarks import BUNDLED, known_keys, open_table, reopen_tasks
from evozc.cli._options import Cluster, Jobs, TaskMinutes, allow, executor
from evozc.cli._signals import resumable
from evozc.errors import CheckpointError, ConfigError, DataError, FormulaError
from evozc.evaluation import judge
from evozc.formula import parse
from evozc.runs import judged, read_results, read_search
from evozc.symbols import symbol_set

if TYPE_CHECKING:
    from evozc.comparison import ComparisonResults, MethodRow

_LABEL_FREE_SHOWN = 8


def compare(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(help="A table (or a bundled benchmark) to compare methods on, or a folder: of a "
                       "search, to print its formulas beside known proxies, or of a comparison."),
    ],
    table: Annotated[
        str | None, typer.Option(help="For a search's folder: another table. [default: the run's own]")
    ] = None,
    target: Annotated[str | None, typer.Option(help="What to rank by. [default: the only target]")] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Folder of the comparison; the same command goes on in it. "
                     "[default: runs/compare-<table>]"),
    ] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="Method to compare; may be given several times: formula, parzc, parzc-strong, "
                     "parzc-graph, trees, proxies (all that need no labels), or another of ParZC's "
                     "settings. [default: these six, as far as the table allows]"),
    ] = None,
    budget: Annotated[
        list[int] | None,
        typer.Option(help="Labelled architectures; may be given several times. "
                     "[default: 20, 78, 156 and 469, where the table has as many]"),
    ] = None,
    search: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of a search whose chosen formula is compared as well; may be given several "
                     "times. What it was searched on is then not held out."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Seeds, each with its own split, searches and trainings.")] = 3,
    population: Annotated[int, typer.Option(help="Formulas kept on each island of a search.")] = 300,
    generations: Annotated[int, typer.Option(help="Generations of each search.")] = 40,
    draws: Annotated[int, typer.Option(help="Bootstrap draws behind the intervals.")] = 1000,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    task_minutes: TaskMinutes = None,
) -> None:
    """Compare discovered formulas with ParZC, trees and hand-crafted proxies on held-out architectures.

    evozc compare TABLE searches and trains every method at every label budget and seed, on the same
    labelled architectures, and writes results.json, comparison.csv, figures/*.svg and report.html
    into the folder of the comparison. Every finished part is kept: stopped at any moment, the same
    command goes on. evozc compare RUN prints what a search found, on its own or on another table,
    without the architectures that are isomorphic to a labelled one.
    """
    folder = Path(source)
    known = format_of(folder)
    if known.startswith("evozc-run"):
        allow(context, ("SOURCE", "--table", "--target"),
              f"{source} is the folder of a search, whose formulas are measured as they are")
        _compare_formulas(folder, table, target)
        return
    if table is not None:
        raise ConfigError(f"--table belongs to the folder of a search, which {source} is not")
    workers = executor(jobs, cluster, task_minutes)
    if known:
        allow(context, ("SOURCE", "--jobs", "--cluster", "--task-minutes"),
              f"{source} is a comparison, which goes on as it began")
        with resumable(f"evozc compare {shlex.quote(source)}"):
            _show(evozc.compare(source, jobs=workers), folder)
        return
    if source not in BUNDLED and folder.is_dir():
        raise CheckpointError(f"{source}: a folder, but neither of a search nor of a comparison")
    settings = usable_settings(
        open_table(source), tuple(dict.fromkeys(method or ())), tuple(sorted(set(budget or ()))), say,
        seeds=seeds, population=population, generations=generations, draws=draws,
    )
    path = run or Path("runs") / f"compare-{Path(source).name.removesuffix('.npz')}"
    with resumable("the same command"):
        results = evozc.compare(
            source, run=path, target=target, settings=settings, searches=search or (), jobs=workers
        )
    _show(results, path)


def _compare_formulas(run: Path, table: str | None, target: str | None) -> None:
    """A run's formulas beside known proxies, on its own or on another table."""
    results, sources = read_results(run), read_search(run).tasks
    if table is None and target is None:
        show_results(results)
        return
    tasks = reopen_tasks(sources)
    if table is None and len(tasks) > 1:
        raise ConfigError(f"{run}: a search on several tasks; name the table of one of them with --table")
    test = tasks[0].held_out
    if table is not None:
        other = open_table(table)
        labelled = set().union(*(known_keys(task.labelled) for task in tasks))
        test = other.select([i for i, key in enumerate(other.keys) if key not in labelled])
        if len(test) < 4:
            raise DataError(f"{table}: only {len(test)} architectures are not in the run's labelled sample")
    name = test.target(target).name
    symbols = symbol_set().with_statistics(test.statistics)
    own = symbol_set().with_statistics(tasks[0].labelled.statistics)
    for read in parse(results.chosen.formula, own).statistics():
        if read.key not in test.values:
            raise FormulaError(
                f"{table or sources[0].table}: unknown statistic {read.key!r}: the table lacks it, and the "
                f"formula of {run} reads it"
            )
    formulas = {"chosen formula": parse(results.chosen.formula, symbols), **proxies(symbols)}
    rows = judge(formulas, test, name)
    say(
        f"Kendall tau with {name} on {len(test)} architectures of {table or sources[0].table} that "
        f"{run} was not searched on ({len(set(test.keys))} not isomorphic)"
    )
    show_comparison([(row.name, judged(row)) for row in rows], labelled=False)
    ceiling = test.target(name).noise_ceiling
    if ceiling is not None:
        say(f"noise ceiling  {ceiling:.3f}")


def _show(results: ComparisonResults, path: Path) -> None:
    held_out = " to ".join(map(str, sorted({min(results.held_out), max(results.held_out)})))
    say()
    say(f"Kendall tau with {results.target} on {held_out} held-out architectures of {results.table}; "
        f"means of {results.seeds} seeds, 95 % intervals over seeds and architectures")
    for budget in [*results.budgets, 0]:
        rows = [row for row in results.methods if row.budget == budget]
        rows.sort(key=lambda row: -(row.tau.mean or -2))
        if rows:
            say()
            say(f"{budget} labels" if budget else f"without labels (best {_LABEL_FREE_SHOWN})")
            _print(_grid(rows if budget else rows[:_LABEL_FREE_SHOWN]))
    learned = {row.method for row in results.methods if row.budget}
    for entry in results.differences:
        if entry.method in learned and entry.low is not None:
            verdict = "significant" if entry.significant else "not significant"
            say(f"{entry.budget} labels: formula minus {entry.method} {entry.difference:+.3f} "
                f"({entry.low:+.3f} to {entry.high:+.3f}, p {entry.p:.3f}, {verdict})")
    if results.noise_ceiling is not None:
        say(f"noise ceiling  {results.noise_ceiling:.3f}  (tau between two measurements)")
    say()
    say(f"everything is in {path}; open {path / 'report.html'}")


def _grid(rows: Sequence[MethodRow]) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    grid.add_column("method", no_wrap=True)
    shares = ("top 25 %", "top 10 %")
    for header in ("tau", "95 % interval", "std", *shares, "Spearman", "regret", "nDCG", "fit"):
        grid.add_column(header, justify="right", no_wrap=True)
    grid.add_column("size", no_wrap=True)
    for row in rows:
        measures, tau = row.measures, row.tau
        grid.add_row(
            Text(row.method),
            _number(tau.mean),
            "" if tau.low is None else f"{tau.low:.3f} to {tau.high:.3f}",
            _number(tau.std),
            *(_number(measures[f"kendall {share}"].mean) for share in shares),
            _number(measures["spearman"].mean),
            _number(measures["regret"].mean, 2),
            _number(measures["ndcg"].mean),
            f"{row.fit_seconds:.1f} s" if row.fit_seconds else "",
            f"{row.size:,.0f} {row.counts}",
        )
    return grid


def _number(value: float | None, places: int = 3) -> str:
    return "" if value is None else f"{value:.{places}f}"
