"""The statistics table and its targets, on disk and in memory.

**In memory**: :class:`Table`, :class:`Target`.

**What a search may see, and what it is judged on**: :class:`Task`, :class:`TaskSource`.

**On disk**: :func:`save_table`, :func:`load_table`, :class:`Limits` of what a file may claim. Files
that others publish are read by :mod:`evozc.benchmarks`.
"""

from evozc._npz import Limits
from evozc.table._store import load_table, save_table
from evozc.table._table import Table
from evozc.table._target import Target
from evozc.table._task import Task, TaskSource

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Table", "Target",
    "Task", "TaskSource",
    "Limits", "load_table", "save_table",
]
