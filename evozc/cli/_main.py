"""The entry point: commands, each imported when it is first asked for, and errors without tracebacks."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from typing import Annotated, Any, TextIO

import typer
from typer.core import TyperGroup
from typer.main import get_command

from evozc.errors import DataError, EvozcError, PlugInWarning

#: Where every command is, and what it does in a line.
COMMANDS = {
    "search": ("_search:search", "Search for a proxy, and compare it with known ones on unseen networks."),
    "compare": ("_compare:compare", "Compare formulas with ParZC, trees and hand-crafted proxies."),
    "transfer": ("_transfer:transfer", "Judge what is found on some tasks on others."),
    "audit": ("_audit:audit", "Find out what proxies really know: size, operations, bias, information."),
    "leaderboard": ("_leaderboard:leaderboard", "Make one page of all methods on all tables below a folder."),
    "parzc": ("_parzc:parzc", "Train the learned predictor ParZC and measure it."),
    "export": ("_export:export", "Write a formula as text, LaTeX, sympy, JSON or a file of Python or torch."),
    "plot": ("_pareto:plot", "Draw a run's Pareto front."),
    "score": ("_score:score", "Score untrained networks; higher is better."),
    "nas": ("_nas:nas", "Find the architectures of a space that a proxy scores highest."),
    "nas-bench": ("_nas_bench:nas_bench", "Pick architectures of a pool by a proxy and a few true queries."),
    "zoo": ("_zoo:zoo", "List the known proxies: formula, source, and whether labels are needed."),
    "extract": ("_data:extract", "Measure untrained networks: architectures and images -> statistics table."),
    "merge": ("_data:merge", "Make the table of all shards that evozc extract --shard measured."),
    "table": ("_data:tables", "Make a table of published scores, or attach targets to one of statistics."),
}


class Commands(TyperGroup):
    """The commands of :data:`COMMANDS`; help alone imports none of them."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; what ends it from outside ends it in order."""
        from evozc.cli._signals import stoppable

        with stoppable():
            return super().invoke(ctx)

    def list_commands(self, _ctx: Any) -> list[str]:
        """Their names, in order."""
        return list(COMMANDS)

    def get_command(self, _ctx: Any, name: str) -> Any:
        """Import a command, or None where there is none of the name."""
        if name not in COMMANDS:
            for known in COMMANDS:  # so that near misses are suggested
                self.get_command(_ctx, known)
            return None
        if name not in self.commands:
            self.commands[name] = _imported(name)
        return self.commands[name]

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        """Write the names and their lines."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def _imported(name: str) -> Any:
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(import_module(f"evozc.cli.{module}"), attribute)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(**_STYLE)
        found.command(name)(function)
    made = get_command(found)
    made.name = name
    return made


_STYLE: dict[str, Any] = {
    "add_completion": False, "pretty_exceptions_enable": False, "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(
    cls=Commands,
    help="Discover zero-cost proxies: formulas over the statistics of untrained networks that "
    "rank architectures by how well they will train.\n\nStart with: evozc search",
    no_args_is_help=True,
    **_STYLE,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"evozc {version('evozc')}")
        raise typer.Exit


@app.callback()
def _group(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Nothing else is common to all commands."""


def main() -> None:
    """Run the command line and exit: 0, or the error's own code with its message on stderr."""
    warnings.showwarning = _show_warning
    try:
        try:
            app(prog_name="evozc")
        finally:
            sys.stdout.flush()  # while what goes wrong can still be told
    except EvozcError as error:
        _fail(str(error), error.exit_code)
    except MemoryError as error:
        _fail(f"memory was not enough: {error}", 1)
    except BrokenPipeError:  # the reader, as head, has seen enough
        sys.stderr.close()
        _leave(1)
    except OSError as error:
        where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        _fail(f"{where}{error.strerror or error}", DataError.exit_code)


def _fail(message: str, code: int) -> None:
    from evozc._screen import printable

    print(f"evozc: {printable(message)}", file=sys.stderr)
    _leave(code)


def _leave(code: int) -> None:
    """Exit, although standard output may take nothing more."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


_show_as_python_does = warnings.showwarning


def _show_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """One line on a broken plug-in; any other warning as Python shows it."""
    if issubclass(category, PlugInWarning):
        print(f"evozc: {message}", file=sys.stderr)
    else:
        _show_as_python_does(message, category, filename, lineno, file, line)
