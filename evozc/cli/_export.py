"""The command that writes a formula for use elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

import evozc
from evozc._screen import say
from evozc.baselines import PROXIES
from evozc.exports import FORMATS


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
    found = what if what in PROXIES.names() or _is_formula(what) else Path(what)
    text = evozc.Proxy.load(found, size, among).export(style, out)
    if out is None:
        print(text)
    else:
        say(f"wrote {out}")


def _is_formula(what: str) -> bool:
    return "(" in what or (re.fullmatch(r"[a-z]+\.\w+", what) is not None and not Path(what).exists())
