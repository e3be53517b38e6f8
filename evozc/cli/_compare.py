"""The command that compares methods."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as Grid
from rich.text import Text

from evozc._files import write_text
from evozc.baselines import proxies
from evozc.benchmarks import BUNDLED, open_table
from evozc.cli._screen import _print, counting, say, show_comparison, show_results
from evozc.cli._signals import terminable
from evozc.errors import CheckpointError, ConfigError, DataError
from evozc.evaluation import compare as compare_formulas
from evozc.formula import parse
from evozc.runs import describe, open_data, read_manifest, read_results
from evozc.symbols import symbol_set
from evozc.table import Table

_LABEL_FREE_SHOWN = 8


def compare(
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
    jobs: Annotated[int, typer.Option(help="Worker processes; -1 for one a core.")] = 1,
) -> None:
    """Compare discovered formulas with ParZC, trees and hand-crafted proxies on held-out architectures.

    evozc compare TABLE searches and trains every method at every label budget and seed, on the same
    labelled architectures, and writes results.json, comparison.csv, figures/*.svg and report.html
    into the folder of the comparison. Every finished part is kept: stopped at any moment, the same
    command goes on. evozc compare RUN prints what a search found, on its own or on another table,
    without the architectures that are isomorphic to a labelled one.
    """
    folder = Path(source)
    known = _format(folder) if source not in BUNDLED or folder.is_dir() else ""
    if known.startswith("evozc-run"):
        _compare_formulas(folder, table, target)
        return
    if table is not None:
        raise ConfigError(f"--table belongs to the folder of a search, which {source} is not")
    if known:
        _go_on(folder, jobs, f"evozc compare {shlex.quote(source)}")
        return
    if folder.is_dir():
        raise CheckpointError(f"{source}: a folder, but neither of a search nor of a comparison")
    from evozc.comparison import ComparisonSettings, affordable_budgets, start_comparison

    data = open_table(source)
    given, seen = _searched(search or [])
    settings = ComparisonSettings(
        methods=tuple(dict.fromkeys(method)) if method else _usable(data),
        budgets=tuple(sorted(set(budget))) if budget else affordable_budgets(data),
        seeds=seeds, population=population, generations=generations, draws=draws, given=given, seen=seen,
    )
    path = run or Path("runs") / f"compare-{Path(source).name.removesuffix('.npz')}"
    start_comparison(path, source, settings, target)
    _go_on(path, jobs, "the same command")


def _compare_formulas(run: Path, table: str | None, target: str | None) -> None:
    """A run's formulas beside known proxies, on its own or on another table."""
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
    symbols = symbol_set().with_statistics(test.statistics)
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


def _searched(folders: list[Path]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The formulas that searches chose, by folder, and the canonical keys that they were searched on."""
    given, seen = {}, set()
    for folder in folders:
        given[f"search {folder.name}"] = read_results(folder)["chosen"]["formula"]
        _, train, _ = open_data(read_manifest(folder))
        seen.update(train.keys)
    return given, tuple(sorted(seen))


def _usable(data: Table) -> tuple[str, ...]:
    """The default methods that the table allows; the others are mentioned."""
    from evozc.comparison import ComparisonSettings, check_methods

    methods = ComparisonSettings().methods
    reasons = check_methods(data, methods)
    for name, reason in reasons.items():
        say(f"without {name}: {reason}")
    return tuple(name for name in methods if name not in reasons)


def _format(folder: Path) -> str:
    """What the manifest in a folder says it is; empty without one."""
    try:
        return str(json.loads((folder / "manifest.json").read_bytes())["format"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""


def _go_on(path: Path, jobs: int, command: str) -> None:
    from evozc.comparison import continue_comparison, read_comparison_manifest, summarise

    manifest = read_comparison_manifest(path)
    if not (path / "results.json").exists():
        say(f"comparing {len(manifest['settings']['methods'])} methods on {manifest['table']} for "
            f"{manifest['target']}; folder {path}")
        try:
            with terminable(), counting("parts of the comparison") as progress:
                records = continue_comparison(path, jobs, progress)
        except KeyboardInterrupt as interrupt:
            say()
            say(f"stopped; what is finished is kept; go on: {command}")
            sys.exit(128 + (interrupt.args[0] if interrupt.args else signal.SIGINT))
        _write(path, summarise(manifest, records))
    results = _results(path)
    _show(results)
    say()
    say(f"everything is in {path}; open {path / 'report.html'}")


def _write(path: Path, results: Mapping[str, Any]) -> None:
    """The files for people, and last ``results.json``, which marks the comparison as finished."""
    from evozc.comparison import to_csv
    from evozc.report import draw_figures, render_report

    figures = draw_figures(results)
    (path / "figures").mkdir(exist_ok=True)
    for name, svg in figures.items():
        write_text(path / "figures" / f"{name}.svg", svg)
    write_text(path / "report.html", render_report(results, figures))
    write_text(path / "comparison.csv", to_csv(results))
    write_text(path / "results.json", json.dumps(results, indent=1, allow_nan=False) + "\n")


def _results(path: Path) -> dict[str, Any]:
    try:
        results = json.loads((path / "results.json").read_bytes())
        for part in ("methods", "differences", "budgets"):
            results[part]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{path}/results.json: damaged ({error}): delete it, and it is made again"
        ) from None
    return results


def _show(results: Mapping[str, Any]) -> None:
    held_out = " to ".join(map(str, sorted({min(results["held_out"]), max(results["held_out"])})))
    say()
    say(f"Kendall tau with {results['target']} on {held_out} held-out architectures of {results['table']}; "
        f"means of {results['seeds']} seeds, 95 % intervals over seeds and architectures")
    for budget in [*results["budgets"], 0]:
        rows = [row for row in results["methods"] if row["budget"] == budget]
        rows.sort(key=lambda row: -(row["measures"]["kendall"]["mean"] or -2))
        if rows:
            say()
            say(f"{budget} labels" if budget else f"without labels (best {_LABEL_FREE_SHOWN})")
            _print(_grid(rows if budget else rows[:_LABEL_FREE_SHOWN]))
    learned = {row["method"] for row in results["methods"] if row["budget"]}
    for entry in results["differences"]:
        if entry["method"] in learned and entry["low"] is not None:
            verdict = "significant" if entry["significant"] else "not significant"
            say(f"{entry['budget']} labels: formula minus {entry['method']} {entry['difference']:+.3f} "
                f"({entry['low']:+.3f} to {entry['high']:+.3f}, p {entry['p']:.3f}, {verdict})")
    if results["noise_ceiling"] is not None:
        say(f"noise ceiling  {results['noise_ceiling']:.3f}  (tau between two measurements)")


def _grid(rows: list[Mapping[str, Any]]) -> Grid:
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    grid.add_column("method", no_wrap=True)
    shares = ("top 25 %", "top 10 %")
    for header in ("tau", "95 % interval", "std", *shares, "Spearman", "regret", "nDCG", "fit"):
        grid.add_column(header, justify="right", no_wrap=True)
    grid.add_column("size", no_wrap=True)
    for row in rows:
        measures = row["measures"]
        low, high = measures["kendall"]["low"], measures["kendall"]["high"]
        grid.add_row(
            Text(row["method"]),
            _number(measures["kendall"]["mean"]),
            "" if low is None else f"{low:.3f} to {high:.3f}",
            _number(measures["kendall"]["std"]),
            *(_number(measures[f"kendall {share}"]["mean"]) for share in shares),
            _number(measures["spearman"]["mean"]),
            _number(measures["regret"]["mean"], 2),
            _number(measures["ndcg"]["mean"]),
            f"{row['fit_seconds']:.1f} s" if row["fit_seconds"] else "",
            f"{row['size']:,.0f} {row['counts']}",
        )
    return grid


def _number(value: float | None, places: int = 3) -> str:
    return "" if value is None else f"{value:.{places}f}"
