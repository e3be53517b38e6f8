"""The command that studies transfer."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from evozc._folder import format_of
from evozc._screen import counting, say, show_grid
from evozc.benchmarks import open_tasks
from evozc.cli._options import Cluster, Jobs, TaskMinutes, executor
from evozc.cli._signals import resumable
from evozc.evolution import uncommon
from evozc.executors import Executor
from evozc.transfer import (
    Tau,
    TransferFolder,
    TransferResults,
    TransferSettings,
    continue_transfer,
    start_transfer,
)

_DEFAULTS = TransferSettings()
#: Known proxies that the table shows, the best by their mean.
_PROXIES = 10


def transfer(
    table: Annotated[
        list[str],
        typer.Argument(help="Statistics tables, each a task or several; or the folder of a study, to go on."),
    ],
    run: Annotated[
        Path | None,
        typer.Option(help="Folder of the study; the same command goes on in it. [default: runs/transfer]"),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help="What to rank by; of several, each is a task of the tables that hold it. "
                     "[default: the only target]"),
    ] = None,
    together: Annotated[
        list[str] | None,
        typer.Option(help="Tables of one space, as nb201,svhn, that are left out together; may be given "
                     "several times. [default: as the tables say, or share architectures]"),
    ] = None,
    labels: Annotated[
        int | None,
        typer.Option(help="Labelled architectures of each task. [default: the table's split, or 156]"),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Seeds, each with its own samples and searches.")] = 3,
    over_tasks: Annotated[
        str, typer.Option(help="How the taus of several tasks become one: mean, min or mean-std.")
    ] = _DEFAULTS.over_tasks,
    terms: Annotated[int, typer.Option(help="Formulas that a result adds up at most.")] = _DEFAULTS.terms,
    symbols: Annotated[str, typer.Option(help="Symbol set: full, layers or scalar.")] = _DEFAULTS.symbols,
    population: Annotated[int, typer.Option(help="Formulas that an island keeps.")] = _DEFAULTS.population,
    generations: Annotated[int, typer.Option(help="Generations of each search.")] = _DEFAULTS.generations,
    jobs: Jobs = 1,
    cluster: Cluster = None,
    task_minutes: TaskMinutes = None,
) -> None:
    """Judge what is found on some tasks on others: each task alone, and all but those of its space.

    Every formula, and every known proxy, ranks the same held-out architectures of a task. Tasks are of
    one space if their tables say so or share an architecture. The folder gets results.json, transfer.csv,
    matrix.svg and report.html; every finished search is kept: stopped, the same command goes on.
    """
    works = executor(jobs, cluster, task_minutes)
    known = Path(table[0])
    if len(table) == 1 and format_of(known):
        with TransferFolder.open(known) as folder:
            _to_its_end(folder, works, f"evozc transfer {shlex.quote(table[0])}")
        return
    settings = TransferSettings(
        seeds=seeds, population=population, generations=generations, terms=terms, over_tasks=over_tasks,
        symbols=symbols,
    )
    tasks = open_tasks(table, target or None, labels)
    if left_out := uncommon(tasks):
        say(f"without {', '.join(left_out)}, which not all tables hold")
    groups = [group.split(",") for group in together or ()]
    with start_transfer(run or Path("runs") / "transfer", tasks, settings, groups) as folder:
        _to_its_end(folder, works, "the same command")


def _to_its_end(folder: TransferFolder, works: Executor, command: str) -> None:
    from evozc.report import draw_transfer, render_transfer

    with resumable(command), counting("searches") as observe:
        results = continue_transfer(folder, works, observe)
    if not folder.file("matrix.svg").exists():
        folder.write_text("matrix.svg", draw_transfer(results))
    if not folder.file("report.html").exists():
        folder.write_text("report.html", render_transfer(results))
    _show(results)
    say()
    say(f"everything is in {folder.path}; open {folder.file('report.html')}")


def _show(results: TransferResults) -> None:
    rows = [row for row in results.rows if row.kind != "proxy"]
    rows += [row for row in results.rows if row.kind == "proxy"][:_PROXIES]
    say()
    say(f"Kendall tau on held-out architectures, means of {len(results.tasks[0].held_out)} seeds; the best "
        f"{_PROXIES} known proxies")
    show_grid(
        ("found on", *results.names, "mean", "worst"),
        [(row.name, *map(_shown, row.taus), _number(row.mean), _number(row.worst)) for row in rows],
    )


def _shown(tau: Tau | None) -> str:
    if tau is None:
        return ""
    return "constant" if tau.low is None else f"{tau.mean:.3f} ({tau.low:.3f} to {tau.high:.3f})"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
