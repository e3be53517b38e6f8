"""What a search is for: a table, a target, a labelled sample, and the rest that is held out."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from evozc.errors import DataError
from evozc.table._table import Table, Target

#: Labelled architectures drawn where neither the table nor the user says how many.
DEFAULT_LABELS = 156
#: Fewer cannot be ranked, or judged.
_LEAST = 4


@dataclass(frozen=True)
class TaskSource:
    """Where a task comes from, so that files and workers can name it in a few words.

    Args:
        table: The name of a bundled benchmark, or a path as it was given.
        path: The same path from the root; empty for a benchmark.
        table_hash: The content hash of the table.
        target: What it is ranked by.
        labels: Labelled architectures that were asked for; None for the default.
        seed: Of the draw.
    """

    table: str
    path: str
    table_hash: str
    target: str
    labels: int | None
    seed: int


@dataclass(frozen=True, eq=False)
class Task:
    """A table with a target, of which some architectures are labelled and others held out.

    The two share no canonical key. Whatever searches, or is trained, gets :attr:`blind`.

    Args:
        table: All architectures.
        target: The name of what they are ranked by.
        labelled: The sample whose targets may be seen.
        held_out: The architectures on which the result is judged, once.
        seed: Of the draw.
        source: Where it can be had again, if anywhere.
    """

    table: Table
    target: str
    labelled: Table
    held_out: Table
    seed: int = 0
    source: TaskSource | None = None

    @classmethod
    def draw(
        cls, table: Table, target: str | None = None, labels: int | None = None, seed: int = 0,
        seen: Iterable[str] = (),
    ) -> Task:
        """Draw the labelled sample of a table.

        Args:
            table: With a fixed split, classes are drawn from its training part and the test
                part is held out. Otherwise classes are drawn from the whole table and all
                architectures of the other classes are held out.
            target: What to rank by; may be None if the table holds one target.
            labels: Number of labelled architectures, one of each class drawn; None for every
                class of a fixed training part, or else 156, or half the classes if those are fewer.
            seed: Of the draw.
            seen: Canonical keys that are known already, and so are not held out.

        Raises:
            DataError: no such target, not enough classes, or nothing left to hold out.
        """
        name = table.target(target).name
        classes: dict[str, list[int]] = {}
        for index, key in enumerate(table.keys):
            if table.train is None or table.train[index]:
                classes.setdefault(key, []).append(index)
        if labels is None:
            labels = len(classes) if table.train is not None else min(DEFAULT_LABELS, len(classes) // 2)
        if not _LEAST <= labels <= len(classes):
            raise DataError(
                f"cannot label {labels} architectures: at least {_LEAST} are needed, and the table offers "
                f"{len(classes)} that are not isomorphic"
            )
        generator = random.Random(f"split {seed}")
        chosen = generator.sample(list(classes), labels) if labels < len(classes) else list(classes)
        labelled = sorted(generator.choice(classes[key]) for key in chosen)
        known = set(chosen) if table.train is None else set(classes)
        held_out = [i for i, key in enumerate(table.keys) if key not in known]
        if len(held_out) < _LEAST:
            raise DataError(
                f"only {len(held_out)} architectures would be held out of {len(table)}; label fewer"
            )
        known.update(seen)
        unseen = [i for i in held_out if table.keys[i] not in known]
        if len(unseen) < _LEAST:
            raise DataError(
                f"only {len(unseen)} architectures are held out that no given formula was searched on"
            )
        return cls(table, name, table.select(labelled), table.select(unseen), seed)

    @classmethod
    def whole(cls, table: Table, target: str | None = None) -> Task:
        """A task in which every architecture is labelled and none is held out.

        Raises:
            DataError: no such target.
        """
        return cls(table, table.target(target).name, table, table.select([]))

    @property
    def blind(self) -> Task:
        """This task with the labelled architectures' target as the only one left: nothing can peek."""
        return replace(
            self, table=self.table.with_targets([]), held_out=self.held_out.with_targets([]),
            labelled=self.labelled.with_targets([self.labelled_target]),
        )

    @property
    def name(self) -> str:
        """The table as the user named it; empty for one in memory."""
        return self.source.table if self.source else ""

    @property
    def labelled_target(self) -> Target:
        """The target of the labelled architectures."""
        return self.labelled.target(self.target)

    @property
    def held_out_target(self) -> Target:
        """The target of the held-out architectures.

        Raises:
            DataError: the task is blind.
        """
        return self.held_out.target(self.target)

    def nested(self, budgets: Sequence[int]) -> dict[int, Task]:
        """The task with fewer labels, by their number, each sample drawn from the same order.

        Smaller samples lie within larger ones, and nothing else is held out, so that curves over
        budgets compare like with like.

        Args:
            budgets: At most as many labels as this task has.
        """
        order = random.Random(f"budgets {self.seed}").sample(range(len(self.labelled)), len(self.labelled))
        return {b: replace(self, labelled=self.labelled.select(sorted(order[:b]))) for b in budgets}
