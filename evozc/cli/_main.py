"""The entry point: commands, and errors without tracebacks."""

from __future__ import annotations

import sys

import typer

from evozc.cli import _audit, _compare, _data, _export, _pareto, _parzc, _score, _search, _zoo
from evozc.cli._screen import printable
from evozc.errors import EvozcError

app = typer.Typer(
    help="Discover zero-cost proxies: formulas over the statistics of untrained networks that "
    "rank architectures by how well they will train.\n\nStart with: evozc search",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    _search.search, _compare.compare, _audit.audit, _parzc.parzc, _export.export, _pareto.plot, _score.score,
    _zoo.zoo, _data.extract,
):
    app.command()(command)
app.add_typer(_data.tables, name="table")


def main() -> None:
    """Run the command line and exit: 0, or the error's own code with its message on stderr."""
    try:
        app()
    except EvozcError as error:
        print(f"evozc: {printable(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader, as head, has seen enough
        sys.stderr.close()
        sys.exit(1)
