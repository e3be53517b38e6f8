"""The command that searches architectures by a proxy."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evozc._screen import counting, say, show_grid
from evozc.cli._options import Cluster, Device, Jobs, SpaceOptions, TaskMinutes, executor
from evozc.cli._signals import resumable
from evozc.errors import ConfigError
from evozc.spaces import space_from_options

if TYPE_CHECKING:
    from evozc.table import Table


def nas(
    space: Annotated[str, typer.Argument(help="Search space, or package.module:Class of your own.")],
    proxy: Annotated[str, typer.Option(help="Known proxy, formula, or run folder of evozc search.")],
    run: Annotated[
        Path, typer.Option(help="Folder of this search; where it is there, the same command goes on in it.")
    ],
    images: Annotated[
        str, typer.Option(help="npz of inputs x and labels y, or random.")
    ] = "random",
    space_option: SpaceOptions = None,
    algorithm: Annotated[
        str | None,
        typer.Option(help="evolution, random, exhaustive or nsga2. [default: evolution, or nsga2]"),
    ] = None,
    budget: Annotated[int, typer.Option(help="Architectures to score; none is scored twice.")] = 500,
    population: Annotated[int, typer.Option(help="Architectures that breed.")] = 50,
    tournament: Annotated[int, typer.Option(help="Of how many of them the best breeds.")] = 10,
    against: Annotated[
        str | None, typer.Option(help="Size to hold the score against: params, macs or latency.")
    ] = None,
    min_params: Annotated[float | None, typer.Option(help="Fewest parameters.")] = None,
    max_params: Annotated[float | None, typer.Option(help="Most parameters.")] = None,
    min_macs: Annotated[float | None, typer.Option(help="Fewest multiply-adds.")] = None,
    max_macs: Annotated[float | None, typer.Option(help="Most multiply-adds.")] = None,
    latency: Annotated[
        str | None,
        typer.Option(help="CSV of architectures and their latency, as FILE or FILE:COLUMN; or "
                     "package.module:function of an architecture's text."),
    ] = None,
    min_latency: Annotated[float | None, typer.Option(help="Least latency, as it is told.")] = None,
    max_latency: Annotated[float | None, typer.Option(help="Most latency.")] = None,
    queries: Annotated[
        int, typer.Option(min=0, help="Architectures to be trained, of those scored.")
    ] = 0,
    ask: Annotated[
        str | None,
        typer.Option(help="Command that trains an architecture and prints its accuracy as the last line; {} "
                     "stands for the architecture, else it is the last word."),
    ] = None,
    ask_minutes: Annotated[float, typer.Option(help="That command may take; then it is ended.")] = 1440,
    truth: Annotated[
        str | None, typer.Option(help="CSV of accuracies instead, as FILE or FILE:COLUMN.")
    ] = None,
    keep: Annotated[int, typer.Option(help="Best architectures to report.")] = 10,
    batch: Annotated[int | None, typer.Option(help="Inputs in the mini-batch. [default: 64]")] = None,
    seed: Annotated[int, typer.Option(help="Of the search, the mini-batch and the weights.")] = 0,
    jobs: Jobs = 1,
    device: Device = "cpu",
    cluster: Cluster = None,
    task_minutes: TaskMinutes = None,
) -> None:
    """Find the architectures of a space that a proxy scores highest.

    Only the statistics that the proxy needs are measured, each architecture once. Stopped at any
    moment, the same command goes on; with more queries it asks for more trainings.
    """
    import numpy as np

    from evozc import Proxy
    from evozc.engine import referenced_scores
    from evozc.extraction import ExtractionSettings, RandomInputs, choose_devices, load_images
    from evozc.formula import addends
    from evozc.nas import Command, Limit, NasSettings, find_networks, teller_of
    from evozc.report import draw_sizes

    if ask and truth:
        raise ConfigError("--ask and --truth both tell accuracies: give one of them")
    ranges = (
        ("params", min_params, max_params), ("macs", min_macs, max_macs),
        ("latency", min_latency, max_latency),
    )
    limits = tuple(Limit(*one) for one in ranges if one[1] is not None or one[2] is not None)
    settings = NasSettings(
        algorithm=algorithm or ("nsga2" if against else "evolution"), budget=budget, population=population,
        tournament=tournament, keep=keep, seed=seed, limits=limits, against=against,
    )
    kind, devices = choose_devices(device)
    extraction = ExtractionSettings(seed=seed, device=kind)
    if batch is not None:
        extraction = replace(extraction, batch=batch)
    chosen = space_from_options(space, space_option or ())
    loaded = Proxy.load(proxy)
    inputs = RandomInputs(chosen) if images == "random" else load_images(Path(images), chosen)
    teller = Command(shlex.split(ask), ask_minutes) if ask else teller_of(truth, chosen) if truth else None

    def terms(table: Table) -> np.ndarray:
        return np.stack([
            referenced_scores(term, table, loaded.references) for term in addends(loaded.formula)
        ])

    command = "evozc " + " ".join(map(shlex.quote, sys.argv[1:]))
    with resumable(command), counting("architectures") as progress, counting("trainings") as asked:
        results = find_networks(
            chosen, loaded.formula, inputs, run, settings, extraction, score=loaded.scores,
            jobs=executor(max(jobs, devices), cluster, task_minutes),
            latency=teller_of(latency, chosen) if latency else None, ask=teller, queries=queries,
            terms=terms, progress=progress, asked=asked,
        )
    say()
    say(f"{results.scored} architectures scored; {results.refused} refused by the limits; "
        f"{len(results.failed)} could not be measured")
    for title, found in (("best", results.best), (f"front of score and {against}", results.front)):
        if found:
            sizes = list(found[0].sizes)
            say()
            say(title)
            show_grid(
                ("score", *sizes, "architecture"),
                [(f"{f.score:.6g}", *(f"{f.sizes[s]:.6g}" for s in sizes), f.architecture) for f in found],
            )
    if results.trained or results.untold:
        say()
        say(f"trained: {len(results.trained)}; asked in vain: {len(results.untold)}")
        show_grid(
            ("accuracy", "score", "architecture"),
            [(f"{t.accuracy:.6g}", f"{t.score:.6g}", t.architecture) for t in results.trained[:keep]],
        )
        for architecture, reason in results.untold.items():
            say(f"{architecture}: {reason}")
    if results.front and find_spec("matplotlib"):
        draw_sizes(results, str(against), run / "front.svg")
    say()
    say(f"everything is in {run}; the winner as a network: python {run / 'winner.py'}")
