"""The command that draws a run's Pareto front."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evozc._files import refuse_existing
from evozc._screen import say
from evozc.cli._options import RunPath
from evozc.runs import read_results


def plot(
    run: RunPath,
    out: Annotated[
        Path | None, typer.Option(help="Picture to write (svg, png, pdf). [default: RUN/pareto.svg]")
    ] = None,
) -> None:
    """Draw a run's Pareto front: tau against size, labelled and held out, beside known proxies."""
    from evozc.report import draw_front

    path = out or run / "pareto.svg"
    refuse_existing(path)
    draw_front(read_results(run), path)
    say(f"wrote {path}")
