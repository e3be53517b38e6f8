"""The command that searches."""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path
from typing import Annotated

import typer

from evozc._folder import changed
from evozc._screen import announcing_compilation, say, show_results, watching
from evozc.benchmarks import open_task
from evozc.cli._options import Jobs
from evozc.cli._signals import resumable
from evozc.errors import ConfigError
from evozc.evolution import Progress, SearchSettings
from evozc.runs import RunFolder, continue_run, start_run

_DEFAULTS = SearchSettings()


def search(
    table: Annotated[
        str, typer.Argument(help="A statistics table, or the name of the bundled benchmark.")
    ] = "digits",
    run: Annotated[
        Path | None, typer.Option(help="Folder for this run; must not exist. [default: runs/<table>-<n>]")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run folder instead.")] = None,
    target: Annotated[str | None, typer.Option(help="What to rank by. [default: the only target]")] = None,
    labels: Annotated[
        int | None,
        typer.Option(help="Labelled architectures to search on. [default: the table's split, or 156]"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the search and of the labelled sample.")] = _DEFAULTS.seed,
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
) -> None:
    """Search for a proxy, and compare it with known ones on architectures it has never seen.

    Without arguments it searches on the bundled benchmark, in less than a minute.
    """
    if resume is None:
        settings = SearchSettings(
            seed=seed, symbols=symbols, population=population, islands=islands, terms=terms,
            generations=generations, max_size=max_size, max_depth=max_depth, patience=patience,
            max_seconds=max_seconds, max_evaluations=max_evaluations, zoo=zoo,
        )
        task = open_task(table, target, labels, seed)
        folder = start_run(run or _free_name(table), [task], settings, starters=seed_proxy or ())
    else:
        if run is not None:
            raise ConfigError("--resume goes on in its own folder: leave out --run")
        folder = RunFolder.open(resume)
        if versions := changed(folder.manifest.versions):
            say(f"installed since the run began: {versions}; results may differ in the last digits")
    with folder:
        _search_in(folder, jobs)


def _search_in(folder: RunFolder, jobs: int) -> None:
    best = ""
    manifest = folder.manifest
    say(
        f"searching {', '.join(task.table for task in manifest.tasks)} for {manifest.tasks[0].target}: "
        f"{manifest.labelled} labelled architectures, {manifest.held_out} held out; run folder {folder.path}"
    )
    command = f"evozc search --resume {shlex.quote(str(folder.path))}"
    with (
        resumable(command, lambda: f"the best formula so far: {best or 'none yet'}"),
        watching() as watch, announcing_compilation(),
    ):

        def observe(progress: Progress) -> None:
            nonlocal best
            best = progress.formula
            watch(progress)

        results = continue_run(folder, observe, jobs)
    show_results(results)
    say()
    say(f"everything is in {folder.path}; next: evozc export {folder.path} --format latex")


def _free_name(table: str) -> Path:
    """``runs/<table>-<n>`` with the first free number."""
    stem = Path(table).name.removesuffix(".npz") or "run"
    return next(p for n in itertools.count(1) if not (p := Path("runs") / f"{stem}-{n}").exists())
