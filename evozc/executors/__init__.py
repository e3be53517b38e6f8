"""Running many independent tasks.

:func:`run_tasks`, how one of them can fail: :class:`Failure`, and :func:`stop_workers`.
"""

from evozc.executors._processes import Failure, run_tasks, stop_workers

__all__ = ["Failure", "run_tasks", "stop_workers"]
