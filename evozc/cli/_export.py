"""The command that writes a formula for use elsewhere."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from evozc._files import refuse_existing, write_text
from evozc._records import to_json
from evozc._screen import say
from evozc.benchmarks import reopen_task
from evozc.cli._options import RunPath
from evozc.engine import rank_references
from evozc.errors import ConfigError
from evozc.exports import to_python
from evozc.formula import parse, to_sympy
from evozc.runs import Judged, SearchResults, read_results, read_search
from evozc.symbols import symbol_set


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
    entry: Judged = results.chosen
    if size is not None:
        sizes = {e.size: e for e in results.front}
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


def _render(run: Path, style: Format, entry: Judged, results: SearchResults) -> str:
    if style in (Format.text, Format.latex):
        return entry.formula if style is Format.text else entry.latex
    task = reopen_task(read_search(run).tasks[0])
    formula = parse(entry.formula, symbol_set().with_statistics(task.table.statistics))
    match style:
        case Format.sympy:
            return str(to_sympy(formula))
        case Format.json:
            statistics = {s.key: s.definition for s in formula.statistics()}
            kept = ("target", "table", "seed", "labelled", "held_out", "noise_ceiling")
            known = {"statistics": statistics, **{name: getattr(results, name) for name in kept}}
            return json.dumps({**to_json(entry), **known}, indent=2, allow_nan=False)
    references = rank_references(formula, task.labelled)
    note = (
        f"A zero-cost proxy found by evozc on {results.table}: Kendall tau {_shown(entry)} "
        f"with {results.target} on {results.held_out} held-out architectures."
    )
    if style is Format.torch:
        from evozc.exports import to_torch

        return to_torch(formula, references, note).rstrip("\n")
    return to_python(formula, references, note).rstrip("\n")


def _shown(entry: Judged) -> str:
    return "undefined" if entry.held_out_tau is None else f"{entry.held_out_tau:.3f}"
