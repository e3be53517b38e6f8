"""The command that makes the leaderboard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evozc._files import write_text
from evozc._screen import say


def leaderboard(
    folder: Annotated[
        Path, typer.Argument(help="Where audits, searches and comparisons are looked for, at any depth.")
    ] = Path("runs"),
    out: Annotated[
        Path | None, typer.Option(help="The page; made anew. [default: leaderboard.html in FOLDER]")
    ] = None,
) -> None:
    """Make one page of all methods on all tables, from the audits, searches and comparisons in a folder.

    Every cell has its interval and names the file that it comes from; the same files give the same page.
    """
    from evozc.leaderboard import collect_leaderboard
    from evozc.report import render_leaderboard

    board = collect_leaderboard(folder)
    path = folder / "leaderboard.html" if out is None else out
    write_text(path, render_leaderboard(board))
    for name, reason in board.skipped:
        say(f"not read: {name}: {reason}")
    columns, files = len(board.columns), len(board.sources)
    say(f"{path}: {len(board.rows())} methods on {columns} columns from {files} files")
