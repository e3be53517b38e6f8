"""The command that writes a formula for use elsewhere."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evozc._files import refuse_existing, write_text
from evozc._records import to_json
from evozc._screen import say
from evozc.baselines import PROXIES, resolve
from evozc.benchmarks import open_table, reopen_tasks
from evozc.engine import rank_references
from evozc.errors import ConfigError, FormulaError
from evozc.exports import FORMATS, Exported
from evozc.exports import export as write
from evozc.formula import Formula, parse
from evozc.runs import Judged, read_results, read_search
from evozc.symbols import symbol_set

if TYPE_CHECKING:
    import numpy as np


def _format(name: str) -> str:
    if name not in FORMATS.names():
        raise typer.BadParameter(f"{name!r} is none of {', '.join(FORMATS.names())}")
    return name


def export(
    what: Annotated[
        str,
        typer.Argument(help="A run folder made by evozc search, the name of a known proxy, or a formula."),
    ],
    style: Annotated[
        str,
        typer.Option("--format", callback=_format, help="What to write: text, latex, sympy, json, python, "
                     "torch, or a format of a plug-in."),
    ] = "text",
    size: Annotated[
        int | None,
        typer.Option(help="Of a run, the formula of this size on its front. [default: the chosen one]"),
    ] = None,
    among: Annotated[
        str | None,
        typer.Option(help="Of a proxy or formula, the table on whose architectures a logrank ranks a network "
                     "that is scored alone; of a run it is the labelled sample."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; must not exist. [default: print it]")
    ] = None,
) -> None:
    """Write a formula as text, LaTeX, sympy, JSON, or as a Python file of its own.

    python: scores a network by its statistics, needs only numpy. torch: measures a network
    and scores it, needs only torch and numpy.
    """
    if out is not None:
        refuse_existing(out)
    if what in PROXIES.names() or _is_formula(what):
        if size is not None:
            raise ConfigError(f"--size belongs to a run, which {what} is not")
        exported = _known(what, among)
    elif among is not None:
        raise ConfigError(f"--among belongs to a proxy or a formula, which {what} is not")
    else:
        exported = _of_run(Path(what), size)
    text = write(exported, style)
    if out is None:
        print(text)
    else:
        write_text(out, text + "\n")
        say(f"wrote {out}")


def _is_formula(what: str) -> bool:
    return "(" in what or (re.fullmatch(r"[a-z]+\.\w+", what) is not None and not Path(what).exists())


def _known(what: str, among: str | None) -> Exported:
    """A proxy of the zoo, or a formula."""
    table = None if among is None else open_table(among)
    formula = resolve(what, None if table is None else symbol_set().with_statistics(table.statistics))
    references = dict if table is None else partial(rank_references, formula, table)
    if what not in PROXIES.names():
        return Exported(formula, references)
    source = PROXIES.get(what).source
    return Exported(formula, references, f"{what}: {source}", {"name": what, "source": source})


def _of_run(run: Path, size: int | None) -> Exported:
    results = read_results(run)
    entry: Judged = results.chosen
    if size is not None:
        sizes = {e.size: e for e in results.front}
        if size not in sizes:
            raise ConfigError(f"{run}: the front has no formula of size {size}; it has {sorted(sizes)}")
        entry = sizes[size]
    sources = read_search(run).tasks
    try:
        formula = parse(entry.formula, symbol_set())
    except FormulaError:  # it holds a scalar of the table's own
        held = reopen_tasks(sources)[0].table.statistics
        formula = parse(entry.formula, symbol_set().with_statistics(held))
    shown = "undefined" if entry.held_out_tau is None else f"{entry.held_out_tau:.3f}"
    note = (
        f"A zero-cost proxy found by evozc on {results.table}: Kendall tau {shown} "
        f"with {results.target} on {results.held_out} held-out architectures."
    )

    def references() -> dict[Formula, np.ndarray]:
        return rank_references(formula, *(task.labelled for task in reopen_tasks(sources)))

    kept = ("target", "table", "seed", "labelled", "held_out", "noise_ceiling")
    facts = {**to_json(entry), **{name: getattr(results, name) for name in kept}}
    return Exported(formula, references, note, facts)
