"""The command that measures how good the architectures are that a proxy and a few trainings find."""

from __future__ import annotations

from typing import Annotated

import typer

from evozc._screen import say, show_grid


def nas_bench(
    table: Annotated[str, typer.Argument(help="Table of scores or statistics, with targets.")],
    proxy: Annotated[
        list[str],
        typer.Option(help="Known proxy, formula (network.NAME for a column) or run; several are terms "
                     "of one choice."),
    ],
    target: Annotated[str | None, typer.Option(help="What trainings tell. [default: the only one]")] = None,
    test: Annotated[str | None, typer.Option(help="What is reported. [default: the same]")] = None,
    queries: Annotated[
        list[int] | None,
        typer.Option(help="Trainings; may be given several times. [default: 0 10 20 50 100]"),
    ] = None,
    repetitions: Annotated[int, typer.Option(min=2, help="Seeds.")] = 30,
) -> None:
    """Pick architectures of a pool by a proxy and a few true queries, beside random search."""
    import numpy as np

    from evozc import Proxy
    from evozc.benchmarks import open_table
    from evozc.nas import bench_queries

    opened = open_table(table)
    terms = np.stack([Proxy.load(one, among=opened).scores(opened) for one in proxy])
    rows = bench_queries(opened, terms, target, test, tuple(queries or (0, 10, 20, 50, 100)), repetitions)
    say(f"{len(opened)} architectures of {table}; means of {repetitions} repetitions")
    show_grid(
        ("method", "queries", "rank of the pick", "deviation", "regret", "tested"),
        [(r.method, str(r.queries), f"{r.rank:.1f}", f"{r.rank_deviation:.1f}", f"{r.regret:.3f}",
          f"{r.tested:.3f}") for r in rows],
    )
