"""Tables and tasks by the name of a bundled benchmark, or by path."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from evozc._files import exists
from evozc.benchmarks.readers import first_bytes
from evozc.errors import CheckpointError, DataError
from evozc.table import Table, Task, TaskSource, load_table

#: Benchmarks that come with evozc, and their tables.
BUNDLED = {"digits": Path(__file__).parent / "data" / "digits.npz"}


def open_table(name: str | Path) -> Table:
    """The table of a bundled benchmark, or of a path.

    Raises:
        DataError: neither, or the file is no whole table.
    """
    if not isinstance(name, str | Path):
        raise DataError(
            "a table is named by its path, or by the name of a bundled benchmark "
            f"({', '.join(BUNDLED)}), not by {type(name).__name__}"
        )
    if name in BUNDLED:
        return load_table(BUNDLED[str(name)])
    if not exists(Path(name)):
        raise DataError(
            f"{name}: no such table; give the path of one made by evozc extract or evozc table, "
            f"or the name of a bundled benchmark ({', '.join(BUNDLED)})"
        )
    _point_to_table(Path(name))
    return load_table(Path(name))


def open_task(
    name: str | Path | Table, target: str | None = None, labels: int | None = None, seed: int = 0,
    seen: Iterable[str] = (),
) -> Task:
    """A task on the table of a bundled benchmark, or of a path, or on a table in memory.

    Args:
        name: As :func:`open_table` takes it; or a table, whose task cannot be opened again.
        target: As :meth:`~evozc.table.Task.draw` takes it, as the others are.
        labels: Labelled architectures to draw.
        seed: Of the draw.
        seen: Canonical keys that are not held out.

    Raises:
        DataError: the table, the target or the sample cannot be had.
    """
    if isinstance(name, Table):
        return Task.draw(name, target, labels, seed, seen)
    table = open_table(name)
    task = Task.draw(table, target, labels, seed, seen)
    path = "" if name in BUNDLED else str(Path(name).absolute())
    return replace(
        task, source=TaskSource(str(name), path, table.content_hash, task.target, labels, seed)
    )


def reopen_task(source: TaskSource) -> Task:
    """The task that a file or a worker knows by its source, with all held out that was not drawn.

    Raises:
        DataError: the table cannot be had.
        CheckpointError: it is another one than it was.
    """
    task = Task.draw(reopen_table(source), source.target, source.labels, source.seed)
    return replace(task, source=source)


def reopen_table(source: TaskSource) -> Table:
    """The table that a task was drawn from.

    Raises:
        DataError: the table cannot be had.
        CheckpointError: it is another one than it was.
    """
    places = [place for place in (source.path, source.table) if place and exists(Path(place))]
    for place in places or [source.table]:
        table = open_table(place)
        if table.content_hash == source.table_hash:
            return table
    raise CheckpointError(
        f"table {source.table}: hash {table.content_hash[:12]}, but the run began with "
        f"{source.table_hash[:12]}; bring the old table back or start a new run"
    )


def _point_to_table(path: Path) -> None:
    """Refuse what may be a published file, and say which command makes a table of it.

    Raises:
        DataError: the file is no zip archive, as tables are, but text.
    """
    head = first_bytes(path)
    if head.startswith(b"PK") or not head or b"\0" in head:
        return
    raise DataError(
        f"{path}: no table of statistics but text, as published scores are; make one of it first: "
        f"evozc table {path} table.npz"
    )
