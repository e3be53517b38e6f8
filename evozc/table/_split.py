"""Which architectures a search may see, and which it is judged on."""

from __future__ import annotations

import random

import numpy as np

from evozc.errors import DataError
from evozc.table._table import Table

#: Labelled architectures drawn where neither the table nor the user says how many.
DEFAULT_LABELS = 156


def split_table(table: Table, labels: int | None = None, seed: int = 0) -> tuple[Table, Table]:
    """The labelled sample and the held-out architectures; they share no canonical key.

    Args:
        table: With a fixed split, classes are drawn from its training part and the test
            part is held out. Otherwise classes are drawn from the whole table and all
            architectures of the other classes are held out.
        labels: Number of labelled architectures, one of each class drawn; None for every
            class of a fixed training part, or else 156, or half the classes if those are fewer.
        seed: Of the draw.

    Raises:
        DataError: not enough classes, or nothing left to hold out.
    """
    classes: dict[str, list[int]] = {}
    for index, key in enumerate(table.keys):
        if table.train is None or table.train[index]:
            classes.setdefault(key, []).append(index)
    if labels is None:
        labels = len(classes) if table.train is not None else min(DEFAULT_LABELS, len(classes) // 2)
    if not 4 <= labels <= len(classes):
        raise DataError(
            f"cannot label {labels} architectures: at least 4 are needed, and the table offers "
            f"{len(classes)} that are not isomorphic"
        )
    generator = random.Random(f"split {seed}")
    chosen = generator.sample(list(classes), labels) if labels < len(classes) else list(classes)
    labelled = sorted(generator.choice(classes[key]) for key in chosen)
    seen = set(chosen) if table.train is None else set(classes)
    held_out = [i for i, key in enumerate(table.keys) if key not in seen]
    if len(held_out) < 4:
        raise DataError(
            f"only {len(held_out)} architectures would be held out of {len(table)}; label fewer"
        )
    return table.select(np.array(labelled)), table.select(np.array(held_out))
