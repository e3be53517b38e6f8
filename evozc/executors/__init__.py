"""Running many independent tasks: :func:`run_tasks`, and how one of them can fail: :class:`Failure`."""

from evozc.executors._joblib import Failure, run_tasks

__all__ = ["Failure", "run_tasks"]
