"""Tables and tasks by the name of a bundled benchmark, or by path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
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
    table = name if isinstance(name, Table) else open_table(name)
    return _drawn(name, table, target, labels, seed, seen)


def open_tasks(
    names: Sequence[str | Path | Table], targets: str | Sequence[str] | None = None,
    labels: int | None = None, seed: int = 0,
) -> list[Task]:
    """A task for each table and each target that it holds.

    Args:
        names: As :func:`open_task` takes them.
        targets: What to rank by, each in at least one of the tables; None for the only target of each.
        labels: Labelled architectures to draw of each task. Tasks of one table have the same ones.
        seed: Of the draws.

    Raises:
        DataError: a table cannot be had, holds none of the targets, or is named twice.
    """
    wanted = [None] if targets is None else [targets] if isinstance(targets, str) else list(targets)
    paths = [name for name in names if not isinstance(name, Table)]
    twice = [str(one) for one, count in Counter(map(str, paths)).items() if count > 1]
    if twice or len(set(wanted)) < len(wanted):
        raise DataError(f"{twice[0] if twice else 'a target'} is named twice: each task counts once")
    tasks = []
    for name in names:
        table = name if isinstance(name, Table) else open_table(name)
        held = [one for one in wanted if len(names) == 1 or one is None or one in table.targets]
        if not held:
            known = ", ".join(table.targets)
            raise DataError(f"{name}: holds none of the targets {', '.join(map(str, wanted))}, but {known}")
        tasks += [_drawn(name, table, one, labels, seed) for one in held]
    missing = set(wanted) - {None} - {task.target for task in tasks}
    if missing:
        raise DataError(f"no table holds the target {min(map(str, missing))!r}")
    return _apart(tasks) if len(tasks) > 1 else tasks


def _drawn(
    name: str | Path | Table, table: Table, target: str | None, labels: int | None, seed: int,
    seen: Iterable[str] = (),
) -> Task:
    """A task, with its source if its table has a name."""
    task = Task.draw(table, target, labels, seed, seen)
    if isinstance(name, Table):
        return task
    path = "" if name in BUNDLED else str(Path(name).absolute())
    source = TaskSource(str(name), path, table.content_hash, task.target, labels, seed)
    return replace(task, source=source)


def _apart(tasks: Sequence[Task]) -> list[Task]:
    """Tasks that hold out nothing that another one labels, as tables of one space would."""
    seen = {key for task in tasks for key in task.labelled.keys}
    kept = []
    for task in tasks:
        unseen = [i for i, key in enumerate(task.held_out.keys) if key not in seen]
        if len(unseen) < 4:
            raise DataError(
                f"{task.name or 'a table'}: only {len(unseen)} architectures are held out that no task "
                "labels; label fewer"
            )
        kept.append(replace(task, held_out=task.held_out.select(unseen)))
    return kept


def moved(sources: Sequence[TaskSource], names: Sequence[str]) -> tuple[TaskSource, ...]:
    """Sources whose tables are in other places.

    Args:
        sources: Of tasks.
        names: Where tables are now; each stands for the tasks on a table of its hash.

    Raises:
        DataError: there is no table.
        CheckpointError: no task is on it.
    """
    for name in names:
        found = open_table(name).content_hash
        if all(source.table_hash != found for source in sources):
            known = ", ".join(f"{source.table} with {source.table_hash[:12]}" for source in sources)
            raise CheckpointError(
                f"{name}: hash {found[:12]}, but the run began on {known}; name the same table, or start a "
                "new run"
            )
        path = "" if name in BUNDLED else str(Path(name).absolute())
        sources = [
            replace(source, table=name, path=path) if source.table_hash == found else source
            for source in sources
        ]
    return tuple(sources)


def reopen_tasks(sources: Sequence[TaskSource]) -> tuple[Task, ...]:
    """The tasks that were opened together, as :func:`reopen_task`."""
    tasks = [reopen_task(source) for source in sources]
    return tuple(_apart(tasks)) if len(tasks) > 1 else tuple(tasks)


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
