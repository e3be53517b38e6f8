"""Running many independent tasks, here or elsewhere.

**What an executor is**: :class:`Executor`, and how a task can fail: :class:`Failure`.

**Having one**: :func:`executor_for` a number of jobs, :data:`EXECUTORS` by name, :func:`count_jobs`.

**Grids that are kept in a folder**: :func:`run_cells`, :func:`missing_cells`.
"""

from evozc.executors._cells import missing_cells, run_cells
from evozc.executors._executor import Executor, Failure
from evozc.executors._executors import EXECUTORS, count_jobs, executor_for

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "Executor", "Failure",
    "EXECUTORS", "count_jobs", "executor_for",
    "missing_cells", "run_cells",
]
