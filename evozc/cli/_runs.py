"""Commands on searches and their results."""

from __future__ import annotations

import itertools
import json
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from evozc._files import refuse_existing, write_text
from evozc.baselines import proxies
from evozc.benchmarks import open_table
from evozc.cli._screen import announcing_compilation, say, show_comparison, show_results, watching
from evozc.comparison import compare as compare_formulas
from evozc.errors import ConfigError, DataError
from evozc.formula import parse, to_python, to_sympy
from evozc.runs import (
    RunFolder,
    changed_versions,
    continue_run,
    describe,
    open_data,
    rank_references,
    read_manifest,
    read_results,
    start_run,
)
from evozc.search import SearchSettings
from primitives import FULL

RunPath = Annotated[Path, typer.Argument(help="A run folder made by evozc search.")]
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
    jobs: Annotated[
        int, typer.Option(min=1, help="Threads that score formulas; the results are the same for any number.")
    ] = 1,
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
        folder = start_run(
            run or _free_name(table), table, settings, target=target, labels=labels,
            seeds=seed_proxy or (),
        )
    else:
        if run is not None:
            raise ConfigError("--resume goes on in its own folder: leave out --run")
        folder = RunFolder.open(resume)
        if changed := changed_versions(resume):
            say(f"installed since the run began: {changed}; results may differ in the last digits")
    with folder:
        _search_in(folder, jobs)


def _search_in(folder: RunFolder, jobs: int) -> None:
    best = ""
    manifest = folder.manifest
    say(
        f"searching {manifest['table']} for {manifest['target']}: {manifest['labelled']} labelled "
        f"architectures, {manifest['held_out']} held out; run folder {folder.path}"
    )
    try:
        with _terminable(), watching() as watch, announcing_compilation():

            def observe(progress: Any) -> None:
                nonlocal best
                best = progress.formula
                watch(progress)

            results = continue_run(folder, observe, jobs)
    except KeyboardInterrupt as interrupt:
        say()
        say(f"stopped; the best formula so far: {best or 'none yet'}")
        say(f"go on: evozc search --resume {shlex.quote(str(folder.path))}")
        sys.exit(128 + (interrupt.args[0] if interrupt.args else signal.SIGINT))
    show_results(results)
    say()
    say(f"everything is in {folder.path}; next: evozc export {folder.path} --format latex")


def compare(
    run: RunPath,
    table: Annotated[str | None, typer.Option(help="Another table. [default: the run's own]")] = None,
    target: Annotated[str | None, typer.Option(help="Target of that table. [default: the only one]")] = None,
) -> None:
    """Print a run's formulas beside known proxies, on its own or on another table.

    Architectures isomorphic to a labelled one are left out.
    """
    results, manifest = read_results(run), read_manifest(run)
    if table is None and target is None:
        show_results(results)
        return
    _, train, test = open_data(manifest)
    if table is not None:
        other = open_table(table)
        labelled = set(train.keys)
        test = other.select([i for i, key in enumerate(other.keys) if key not in labelled])
        if len(test) < 4:
            raise DataError(f"{table}: only {len(test)} architectures are not in the run's labelled sample")
    name = test.target(target).name
    symbols = FULL.with_statistics(test.statistics)
    formulas = {"chosen formula": parse(results["chosen"]["formula"], symbols), **proxies(symbols)}
    rows = compare_formulas(formulas, test, test, name)
    say(
        f"Kendall tau with {name} on {len(test)} architectures of {table or manifest['table']} that "
        f"{run} was not searched on ({len(set(test.keys))} not isomorphic)"
    )
    described = [{"name": row.name, **describe(row)} for row in rows]
    show_comparison(described, labelled=False)
    ceiling = test.target(name).noise_ceiling
    if ceiling is not None:
        say(f"noise ceiling  {ceiling:.3f}")


class Format(StrEnum):
    """What a formula can be written as."""

    text = "text"
    latex = "latex"
    sympy = "sympy"
    json = "json"
    python = "python"
    torch = "torch"


def export(
    run: RunPath,
    style: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.text,
    size: Annotated[
        int | None,
        typer.Option(help="The formula of this size on the Pareto front. [default: the chosen one]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; must not exist. [default: print it]")
    ] = None,
) -> None:
    """Write a run's formula as text, LaTeX, sympy, JSON, or as a Python file of its own.

    python: scores a network by its statistics, needs only numpy. torch: measures a network
    and scores it, needs only torch and numpy.
    """
    results = read_results(run)
    entry = results["chosen"]
    if size is not None:
        sizes = {e["size"]: e for e in results["front"]}
        if size not in sizes:
            raise ConfigError(f"{run}: the front has no formula of size {size}; it has {sorted(sizes)}")
        entry = sizes[size]
    text = _render(run, style, entry, results)
    if out is None:
        print(text)
    else:
        refuse_existing(out)
        write_text(out, text + "\n")
        say(f"wrote {out}")


def _render(run: Path, style: Format, entry: dict[str, Any], results: dict[str, Any]) -> str:
    if style in (Format.text, Format.latex):
        return entry["formula" if style is Format.text else "latex"]
    data, train, _ = open_data(read_manifest(run))
    formula = parse(entry["formula"], FULL.with_statistics(data.statistics))
    match style:
        case Format.sympy:
            return str(to_sympy(formula))
        case Format.json:
            statistics = {s.key: s.definition for s in formula.statistics()}
            kept = ("target", "table", "seed", "labelled", "held_out", "noise_ceiling")
            measured = {name: results[name] for name in kept}
            return json.dumps({**entry, "statistics": statistics, **measured}, indent=2, allow_nan=False)
    references = rank_references(formula, train)
    note = (
        f"A zero-cost proxy found by evozc on {results['table']}: Kendall tau {_shown(entry)} "
        f"with {results['target']} on {results['held_out']} held-out architectures."
    )
    if style is Format.torch:
        from evozc.scoring import to_torch

        return to_torch(formula, references, note).rstrip("\n")
    return to_python(formula, references, note).rstrip("\n")


def _shown(entry: dict[str, Any]) -> str:
    return "undefined" if entry["held_out_tau"] is None else f"{entry['held_out_tau']:.3f}"


def plot(
    run: RunPath,
    out: Annotated[
        Path | None, typer.Option(help="Picture to write (svg, png, pdf). [default: RUN/pareto.svg]")
    ] = None,
) -> None:
    """Draw a run's Pareto front: tau against size, labelled and held out, beside known proxies."""
    from evozc.cli._plot import draw_front

    path = out or run / "pareto.svg"
    refuse_existing(path)
    draw_front(read_results(run), path)
    say(f"wrote {path}")


def _free_name(table: str) -> Path:
    """``runs/<table>-<n>`` with the first free number."""
    stem = Path(table).name.removesuffix(".npz") or "run"
    return next(p for n in itertools.count(1) if not (p := Path("runs") / f"{stem}-{n}").exists())


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM, as a cluster sends it before it preempts a job, ends the block as Ctrl-C does."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(number)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
