"""What came out of a study of transfer."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: What a row stands for. ``left out``: for each task, what was found on all tasks of other spaces;
#: ``labelled``: what was found on the task itself; ``task``: what was found on one task; ``proxy``.
Kind = Literal["left out", "labelled", "task", "proxy"]


@dataclass(frozen=True)
class JudgedTask:
    """A task.

    Args:
        table: As the user named it.
        target: What architectures are ranked by.
        labelled: Labelled architectures of each seed.
        held_out: Held-out architectures, one number a seed; every row is judged on the same ones.
        space: The number of its space: tasks of one space are left out together.
    """

    table: str
    target: str
    labelled: int
    held_out: tuple[int, ...]
    space: int


@dataclass(frozen=True)
class Tau:
    """Kendall tau on the held-out architectures of a task; what is undefined is None.

    Args:
        mean: Over the seeds.
        low: Lower end of the 95 % interval over seeds and architectures.
        high: Upper end.
        values: One a seed.
    """

    mean: float | None
    low: float | None
    high: float | None
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class TransferRow:
    """What ranks, on every task.

    Args:
        name: As tables show it.
        kind: What it stands for.
        taus: One a task, in their order; None where a search on a task of the same space saw labels, which
            is no transfer.
        mean: Of the means over the tasks that are there.
        worst: The lowest of them.
    """

    name: str
    kind: Kind
    taus: tuple[Tau | None, ...]
    mean: float | None
    worst: float | None


@dataclass(frozen=True)
class Found:
    """The formula of one search.

    Args:
        tasks: The numbers of the tasks that it was found on.
        seed: Of the search.
        formula: Its text.
        size: Symbols in it.
        labelled_tau: What its taus on the labelled samples became.
    """

    tasks: tuple[int, ...]
    seed: int
    formula: str
    size: int
    labelled_tau: float


@dataclass(frozen=True)
class TransferResults:
    """What ``results.json`` of a study holds.

    Args:
        tasks: Judged, and found on.
        statistics: Keys of what formulas were made of: those that all tasks have.
        left_out: Keys of what some tasks lack.
        rows: What was left out first, then what saw labels, single tasks, and known proxies by their mean.
        formulas: Of every search.
        versions: Of Python and of packages, by name.
    """

    tasks: tuple[JudgedTask, ...]
    statistics: tuple[str, ...]
    left_out: tuple[str, ...]
    rows: tuple[TransferRow, ...]
    formulas: tuple[Found, ...]
    versions: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the tasks: their tables, with the target where a table has several."""
        return names_of([(task.table, task.target) for task in self.tasks])

    def to_csv(self) -> str:
        """The matrix, one line a row and task; what is undefined is empty."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("kind", "name", "task", "tau", "low", "high"))
        for row in self.rows:
            for name, tau in zip(self.names, row.taus, strict=True):
                if tau is not None:
                    writer.writerow((row.kind, row.name, name, tau.mean, tau.low, tau.high))
            writer.writerow((row.kind, row.name, "mean of tasks", row.mean, "", ""))
            writer.writerow((row.kind, row.name, "worst task", row.worst, "", ""))
        return file.getvalue()


def names_of(tasks: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Names of tasks, of the table and target of each: the target is told where a table has several."""
    tables = [Path(table).name.removesuffix(".npz") for table, _ in tasks]
    return tuple(
        f"{table} {target}" if tables.count(table) > 1 else table
        for table, (_, target) in zip(tables, tasks, strict=True)
    )
