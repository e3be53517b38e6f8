"""Commands that make statistics tables."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

import evozc
from evozc._api._extract import RANDOM
from evozc._files import refuse_existing
from evozc._screen import say
from evozc.benchmarks import (
    attach_targets,
    read_targets,
    space_of,
    table_from_scores,
    with_cell_scalars,
)
from evozc.cli._options import (
    ArchitectureColumn,
    Average,
    Cluster,
    Device,
    FileFormat,
    Jobs,
    SpaceName,
    SpaceOptions,
    Targets,
    TaskMinutes,
    Where,
    WithDefault,
    executor,
    pairs,
)
from evozc.cli._signals import resumable
from evozc.errors import ConfigError
from evozc.spaces import space_from_options
from evozc.symbols import group_names
from evozc.table import Table, load_table, save_table


def extract(
    architectures: Annotated[Path, typer.Argument(help="Architectures and targets, as published.")],
    images: Annotated[
        Path,
        typer.Argument(help="npz of inputs x and labels y (images are uint8, NHWC; tokens need no y), or "
                       "random, to have them drawn."),
    ],
    out: Annotated[Path, typer.Argument(help="The table to write; must not exist.")],
    target: Targets = None,
    architecture_column: ArchitectureColumn = "architecture",
    space: SpaceName = "nasbench201",
    space_option: SpaceOptions = None,
    where: Where = None,
    file_format: FileFormat = None,
    average: Average = False,
    sample: Annotated[
        int | None, typer.Option(help="Take this many non-isomorphic architectures, drawn at random.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Take as many architectures, in random order, as can be measured in this time."),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(help="Inputs in the mini-batch. [default: as the space says, 64 of small images]"),
    ] = None,
    size: Annotated[
        int, typer.Option(help="Pixels a side of random images. [default: as published]", show_default=False)
    ] = 0,
    statistics: Annotated[
        str | None,
        typer.Option(help="Groups of statistics to measure, as weights,gradients,blocks. [default: all]"),
    ] = None,
    inputs: Annotated[str, typer.Option(help="What networks are fed: data, noise or ones.")] = "data",
    initialisation: Annotated[
        str, typer.Option(help="How weights are drawn: default, kaiming, xavier or normal.")
    ] = "default",
    repeats: Annotated[
        int, typer.Option(help="Draw weights and mini-batch so often, and average the statistics.")
    ] = 1,
    seed: Annotated[int, typer.Option(help="Of the sample, the mini-batch and the initial weights.")] = 0,
    jobs: Jobs = 1,
    device: Device = "cpu",
    cluster: Cluster = None,
    task_minutes: TaskMinutes = None,
    shard: Annotated[
        str | None,
        typer.Option(help="Measure the third of 20 shards, as 3/20, into OUT.shard-3-of-20; evozc merge OUT "
                     "makes the table of all. They need nothing of one another."),
    ] = None,
) -> None:
    """Measure untrained networks: architectures and images -> statistics table.

    What is finished is kept in OUT.parts: stopped at any moment, the same command goes on.
    """
    from evozc.extraction import ExtractionSettings, RandomInputs, choose_devices

    refuse_existing(out)
    drawn = str(images) == RANDOM
    if size and not drawn:
        raise ConfigError(f"--size is of {RANDOM} inputs; those of {images} have their own")
    kind, devices = choose_devices(device)
    chosen_space = space_from_options(space, space_option or ())
    settings = ExtractionSettings(
        batch=chosen_space.inputs.batch if batch is None else batch, seed=seed, inputs=inputs,
        initialisation=initialisation, repeats=repeats, device=kind,
        groups=group_names() if statistics is None else tuple(statistics.split(",")),
    )
    with resumable("the same command"):
        table = evozc.extract(
            architectures, RandomInputs(chosen_space, size) if drawn else images, out, targets=target or (),
            architecture_column=architecture_column, space=chosen_space, where=pairs("--where", where or ()),
            format=file_format, average=average, sample=sample, minutes=minutes, settings=settings,
            shard=shard, jobs=executor(max(jobs, devices), cluster, task_minutes),
        )
    if shard is None:
        _report(table, out)
    else:
        say(f"shard {shard} holds {len(table)} architectures; when all are measured: "
            f"evozc merge {shlex.quote(str(out))}")


def merge(
    out: Annotated[Path, typer.Argument(help="The table whose shards lie beside it; must not exist.")],
) -> None:
    """Make the table of all shards that evozc extract --shard measured.

    It is the same as one process would have made. The shards are removed once it is written.
    """
    _report(evozc.merge(out), out)


def table(
    scores: Annotated[
        Path, typer.Argument(help="Published scores: CSV, Parquet, or JSON of NAS-Bench-Suite-Zero or NDS.")
    ],
    out: Annotated[Path, typer.Argument(help="The table to write; must not exist.")],
    targets: Annotated[
        Path | None, typer.Option(help="File of architectures and targets. [default: SCORES itself]")
    ] = None,
    on: Annotated[
        str | None, typer.Option(help="Column that matches the two. [default: the architecture column]")
    ] = None,
    target: Targets = None,
    architecture_column: ArchitectureColumn = "architecture",
    space: SpaceName = "nasbench201",
    space_option: SpaceOptions = None,
    where: Where = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Column that is no score; may be given several times.")
    ] = None,
    file_format: FileFormat = None,
    average: Average = False,
) -> None:
    """Make a table of network scalars from published scores: symbolic regression over proxies.

    Targets for a table of statistics that has none are attached by: evozc table attach --help; what the
    architectures' own graphs say is added by: evozc table graph --help
    """
    refuse_existing(out)
    made = table_from_scores(
        scores, space_from_options(space, space_option or ()), targets_file=targets, on=on,
        targets=target or (), architecture_column=architecture_column,
        where=pairs("--where", where or ()), without=without or (), format=file_format,
        average=average,
    )
    for note in made.provenance["notes"]:
        say(note)
    save_table(made, out)
    _report(made, out)


def attach(
    statistics: Annotated[Path, typer.Argument(help="Table of statistics, as others share it.")],
    targets: Annotated[Path, typer.Argument(help="Architectures and targets, as published.")],
    out: Annotated[
        Path | None,
        typer.Argument(help="The table to write; must not exist. [default: beside STATISTICS]"),
    ] = None,
    target: Targets = None,
    architecture_column: ArchitectureColumn = "architecture",
    space: Annotated[
        str | None, typer.Option(help="Search space of the architectures. [default: the one of STATISTICS]")
    ] = None,
    space_option: SpaceOptions = None,
    where: Where = None,
    file_format: FileFormat = None,
    average: Average = False,
) -> None:
    """Join published accuracies to a table of statistics: measured once, it is searched on by anybody."""
    if out is None:
        out = statistics.with_name(f"{statistics.stem}-{targets.name.partition('.')[0]}.npz")
    refuse_existing(out)
    measured = load_table(statistics)
    chosen_space = space_from_options(space, space_option or ()) if space else space_of(measured)
    published = read_targets(
        targets, chosen_space, targets=target or (), architecture_column=architecture_column,
        where=pairs("--where", where or ()), format=file_format, average=average,
    )
    joined, notes = attach_targets(measured, published, chosen_space)
    for note in notes:
        say(note)
    save_table(joined, out)
    _report(joined, out)


def graph(
    statistics: Annotated[Path, typer.Argument(help="Table of a space whose architectures are graphs.")],
    out: Annotated[
        Path | None,
        typer.Argument(help="The table to write; must not exist. [default: beside STATISTICS]"),
    ] = None,
    space: Annotated[
        str | None, typer.Option(help="Search space of the architectures. [default: the one of STATISTICS]")
    ] = None,
    space_option: SpaceOptions = None,
) -> None:
    """Add what the architectures' own graphs say: operations, paths and degrees, without any network.

    They are network scalars, after GRAF (Kadlecova et al., ICML 2024).
    """
    if out is None:
        out = statistics.with_name(f"{statistics.stem}-graph.npz")
    refuse_existing(out)
    measured = load_table(statistics)
    chosen_space = space_from_options(space, space_option or ()) if space else space_of(measured)
    made = with_cell_scalars(measured, chosen_space)
    save_table(made, out)
    _report(made, out)


def _report(table: Table, out: Path) -> None:
    failed = table.provenance.get("failed", {})
    for architecture, reason in failed.items():
        say(f"left out {architecture}: {reason}")
    lost = table.provenance.get("lost", {})
    for architecture, reason in lost.items():
        say(f"lost this time {architecture}: {reason}")
    classes = len(set(table.keys))
    say(
        f"{out}: {len(table)} architectures ({classes} not isomorphic), "
        f"{len(table.statistics)} statistics, targets {', '.join(t.title for t in table.targets.values())}"
        + (f"; {len(failed)} left out" if failed else "")
        + (f"; {len(lost)} lost this time" if lost else "")
        + (f"; no time for {left} more" if (left := table.provenance.get("not_measured")) else "")
    )
    if lost:
        say(f"what is measured is kept beside it; to try the lost ones again: mv {shlex.quote(str(out))} "
            f"{shlex.quote(f'{out}.old')}, and the same command")
    scalar = "" if table.offsets else " --symbols scalar"
    say(f"search it: evozc search {shlex.quote(str(out))}{scalar}")


#: ``evozc table``, ``evozc table attach`` and ``evozc table graph``.
tables = typer.Typer(cls=WithDefault, help=table.__doc__, rich_markup_mode=None)
tables.command("make")(table)
tables.command("attach")(attach)
tables.command("graph")(graph)
