"""Arguments that several commands take."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from evozc.errors import ConfigError
from evozc.executors import Executor, count_jobs, executor_for

#: More seeds than this are a slip of the keyboard.
_MOST_SEEDS = 10_000
_SEEDS = re.compile(r"(-?\d{1,18})(?:-(\d{1,18}))?\Z", re.ASCII)


def _jobs(jobs: int) -> int:
    try:
        return count_jobs(jobs)
    except ConfigError as error:
        raise typer.BadParameter(str(error)) from None


RunPath = Annotated[Path, typer.Argument(help="A run folder made by evozc search.")]

Jobs = Annotated[
    int,
    typer.Option(callback=_jobs, help="What works at once; -1 for one a core. The results are the same for "
                 "any number."),
]

Cluster = Annotated[
    str | None,
    typer.Option(help="A cluster of dask.distributed that works instead: tcp://host:8786, a scheduler file, "
                 "or local:2 for two workers here. The results are the same."),
]
TaskMinutes = Annotated[
    float | None,
    typer.Option(help="A task that takes longer ends its worker, and is tried again. [default: no limit]"),
]

Device = Annotated[
    str,
    typer.Option(help="Where networks run: cpu, cuda, mps, or cuda:0,cuda:1 with one worker each. Numbers "
                 "differ between them in the last digits."),
]

# Of commands that read published files.
Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        help="Column to rank by, with :lower if lower is better, and the unit if you like, as accuracy, "
        "test_ppl:lower or latency:lower:ms; may be given several times. [default: accuracy]",
    ),
]
ArchitectureColumn = Annotated[str, typer.Option(help="Column of the architecture texts.")]
SpaceName = Annotated[
    str, typer.Option(help="Search space of the architectures, or package.module:Class of your own.")
]
SpaceOptions = Annotated[
    list[str] | None,
    typer.Option("--space-option", help="Setting of the space, as cells=5; may be given several times."),
]
Where = Annotated[
    list[str] | None,
    typer.Option(help="Only rows with this value, as task=jigsaw; may be given several times."),
]
Average = Annotated[
    bool,
    typer.Option("--average", help="Give an architecture that stands in several rows their mean."),
]
FileFormat = Annotated[
    str | None, typer.Option("--format", help="Format of the file. [default: seen by looking at it]")
]


def executor(jobs: int, cluster: str | None, task_minutes: float | None) -> Executor:
    """What works for a command.

    Raises:
        ConfigError: options that cannot be used.
    """
    return executor_for(jobs if cluster is None else cluster, minutes=task_minutes)


def seeds_of(text: str) -> tuple[int, ...]:
    """Seeds as a user writes them: ``3``, ``0-9``, or several such joined by commas.

    Raises:
        ConfigError: it is none of these, or a seed stands twice.
    """
    seeds: list[int] = []
    for part in text.split(","):
        found = _SEEDS.match(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not 0 <= last - first < _MOST_SEEDS:
            raise ConfigError(f"seed {text!r}: write a whole number, or several as 0-9 or 1,4,7")
        seeds += range(first, last + 1)
    if len(set(seeds)) < len(seeds):
        raise ConfigError(f"seed {text!r}: each once")
    return tuple(seeds)


def pairs(option: str, texts: Sequence[str]) -> dict[str, str]:
    """``name=value`` texts of an option by name.

    Raises:
        ConfigError: a text without ``=``, or a name twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or name in found:
            raise ConfigError(f"{option} {text!r}: write name=value, each name once")
        found[name] = value
    return found


def given(context: typer.Context) -> dict[str, Any]:
    """The arguments that stand on the command line, by what a user calls them, as ``--max-size`` or TABLE."""
    return {
        _called(parameter.opts): context.params[parameter.name]
        for parameter in context.command.params
        if parameter.name and (source := context.get_parameter_source(parameter.name))
        and source.name == "COMMANDLINE"
    }


def allow(context: typer.Context, allowed: Sequence[str], why: str) -> None:
    """Refuse all arguments but some.

    Raises:
        ConfigError: others stand on the command line; they are named.
    """
    if others := [name for name in given(context) if name not in allowed]:
        raise ConfigError(f"{why}: leave out {', '.join(others)}")


def _called(names: list[str]) -> str:
    longest = max(names, key=len)
    return longest if longest.startswith("-") else longest.upper()


class WithDefault(TyperGroup):
    """Commands of which the first is meant where no other is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the first command's name in front of arguments that begin with none."""
        names = self.list_commands(ctx)
        return super().parse_args(ctx, args if args[:1] and args[0] in names else [names[0], *args])
